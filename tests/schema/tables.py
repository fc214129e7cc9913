"""What is in the database."""

from tortoise.connection import get_connection

from models.database import dialect


async def rows() -> dict[str, list[str]]:
    """Every row of every table, as text: what was written shows as a difference."""
    connection = get_connection(dialect())
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }[dialect()]
    dump = {}
    for table in await connection.execute_query_dict(names):
        found = await connection.execute_query_dict(f'SELECT * FROM "{table["name"]}"')  # noqa: S608 - our own tables
        dump[str(table["name"])] = sorted(str(tuple(row.values())) for row in found)
    return dump
