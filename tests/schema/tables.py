"""What is in the database."""

from collections import defaultdict

from tortoise.connection import get_connection

from models.database import dialect

TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY name",
}
# A row as text; SQLite knows no such thing, so its columns are quoted one by one.
ROW = {
    "sqlite": "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') AS text FROM pragma_table_info(?)",
    "postgres": "SELECT quote_ident($1) || '::text' AS text",
}

_statements: dict[str, str] = {}


async def rows() -> dict[str, list[str]]:
    """Every row of every table, as text: what was written shows as a difference."""
    connection = get_connection(dialect())
    if dialect() not in _statements:
        parts = []
        for table in await connection.execute_query_dict(TABLES[dialect()]):
            [row] = await connection.execute_query_dict(ROW[dialect()], [table["name"]])
            parts.append(f"SELECT '{table['name']}' AS name, {row['text']} AS text FROM \"{table['name']}\"")  # noqa: S608
        _statements[dialect()] = " UNION ALL ".join(parts)
    dump = defaultdict(list)
    for row in await connection.execute_query_dict(_statements[dialect()]):
        dump[row["name"]].append(row["text"])
    return {name: sorted(texts) for name, texts in dump.items()}
