"""A database of PostgreSQL that a test leaves to the next one: to empty it takes a tenth of what a new copy takes.

It is left only as it was found. Where somebody is still connected, or the schema, its statistics or what the template
holds have changed, it is dropped, and the next test gets a new one.
"""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from tests.postgres import PATIENCE, create_database, drop_database, identifier

# All that is in a schema; whatever is altered has a new number, or was written by another transaction.
SCHEMA = """
    SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
        SELECT format('%s %s %s', oid, xmin, reltuples > 0) FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s %s', attrelid, attnum, a.xmin) FROM pg_attribute a JOIN pg_class c
            ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s', oid, xmin) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s', oid, xmin) FROM pg_trigger
        UNION ALL SELECT format('%s %s', oid, xmin) FROM pg_constraint) AS parts (part)
"""
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
# A server closes a connection a moment after its client has left.
TRIES, PAUSE = 20, 0.005


@dataclass(frozen=True)
class Spare:
    """A database, how it was made, and the statement that empties it."""

    server: str
    name: str
    url: str
    schema: str
    kept: tuple[tuple[str, str], ...]
    emptying: str

    @classmethod
    async def made(cls, server: str, template: str) -> "Spare":
        """A new copy of the template."""
        name = f"test_{uuid4().hex[:12]}"
        url = await create_database(server, name, template)
        connection = await asyncpg.connect(url, timeout=PATIENCE)
        try:
            contents = {row[0]: await _contents(connection, row[0]) for row in await connection.fetch(TABLES)}
            kept = tuple((table, held) for table, held in contents.items() if held)
            # In one statement, so that a row may go before the row that it refers to.
            deletions = (f"{table} AS (DELETE FROM {table})" for table in map(identifier, contents.keys() - dict(kept)))  # noqa: S608
            emptying = f"WITH {', '.join(deletions)} SELECT"
            return cls(server, name, url, await connection.fetchval(SCHEMA), kept, emptying)
        finally:
            await connection.close()

    async def emptied(self) -> bool:
        """Deletes what a test has written; whether the next one finds the database as this one did."""
        connection = await asyncpg.connect(self.url, timeout=PATIENCE)
        try:
            for _ in range(TRIES):
                if not await connection.fetchval(OTHERS):
                    break
                await asyncio.sleep(PAUSE)
            else:
                return False
            if await connection.fetchval(SCHEMA) != self.schema:
                return False
            await connection.execute(self.emptying, timeout=PATIENCE)
            return all([await _contents(connection, table) == held for table, held in self.kept])
        except asyncpg.PostgresError:
            return False
        finally:
            await connection.close()

    async def dropped(self) -> None:
        """The end of it."""
        await drop_database(self.server, self.name)


async def _contents(connection: asyncpg.Connection, table: str) -> str:
    """The rows of a table, as text; empty where there is none."""
    text = f"SELECT coalesce(string_agg(t::text, ',' ORDER BY t::text), '') FROM {identifier(table)} t"  # noqa: S608
    return str(await connection.fetchval(text))
