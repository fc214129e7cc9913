"""Migrations: the ORM's own, run with the two precautions that SQLite needs.

The ORM changes a column of SQLite by making the table anew. With foreign keys on, dropping the old table deletes the
rows that point to it: so they are off meanwhile, and checked afterwards.
"""

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from models.database.connection import configuration, connect

# Any number: several processes that start at once take turns by it.
ADVISORY_LOCK = 7_241_001


class BrokenReferences(Exception):
    """After the migration, rows point to rows that are not there."""


async def migrate(url: str, *, to: str = "__latest__") -> list[str]:
    """Bring the database at `url` to a migration, the latest by default. Returns the names of those applied."""
    # One connection, as the lock and the pragma belong to it.
    off = {"foreign_keys": "OFF"} if url.startswith("sqlite") else {"maxsize": 2}
    async with connect(url, **off) as context:
        connection = context.db()
        if connection.capabilities.dialect == "sqlite":
            return await _run(context, connection, url, to)
        return await _in_turn(context, connection, url, to)


async def _in_turn(context: TortoiseContext, connection: BaseDBAsyncClient, url: str, to: str) -> list[str]:
    async with connection.acquire_connection() as raw:
        await raw.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        try:
            return await _run(context, connection, url, to)
        finally:
            await raw.execute("SELECT pg_advisory_unlock($1)", ADVISORY_LOCK)


async def _run(context: TortoiseContext, connection: BaseDBAsyncClient, url: str, to: str) -> list[str]:
    executor = MigrationExecutor(connection, configuration(url)["apps"])
    targets = [MigrationTarget(app_label="models", name=to)]
    names = [step.migration.name for step in await executor.plan(targets)]
    await executor.migrate(targets)
    if connection.capabilities.dialect == "sqlite":
        broken = await connection.execute_query_dict("PRAGMA foreign_key_check")
        if broken:
            raise BrokenReferences(f"{len(broken)} rows point to rows that are not there: {broken[:5]}")
    return names


async def drift(url: str) -> list[str]:
    """What the models have and the migrations do not, in the migration writer's words; empty when they agree."""
    async with connect(url) as context:
        if context.apps is None:
            raise AssertionError("a connected context has its apps")
        detector = MigrationAutodetector(context.apps, configuration(url)["apps"])
        return [f"{writer.name}: {writer.operations}" for writer in await detector.changes()]
