"""Migrations: the ORM's own, run with the two precautions that SQLite needs.

The ORM changes a column of SQLite by making the table anew. With foreign keys on, dropping the old table deletes the
rows that point to it: so they are off meanwhile, and checked before anything is stored. And the new table lacks the
old one's indexes, unique constraints and triggers: those that there still should be are made again.
"""

from typing import Any

from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.indexes import Index
from tortoise.migrations.executor import MigrationTarget
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models.database import changes, words
from models.database.connection import POSTGRES_SETTINGS, UNLIMITED, configuration, connect
from models.database.steps import Differences, Steps

# Whether each is unique, and its columns.
Indexes = set[tuple[bool, tuple[str, ...]]]

# Any number: several processes that start at once take turns by it.
ADVISORY_LOCK = 7_241_001


class BrokenReferences(Exception):
    """After the migration, rows point to rows that are not there."""


async def migrate(url: str, *, to: str = "__latest__") -> list[str]:
    """Bring the database at `url` to a migration, the latest by default. Returns the names of those applied."""
    # One connection, as the lock and the pragma belong to it.
    off: dict[str, Any] = {"foreign_keys": "OFF"}
    if not url.startswith("sqlite"):
        off = {"maxsize": 2, "server_settings": {**POSTGRES_SETTINGS, **UNLIMITED}, "command_timeout": None}
    async with connect(url, **off) as context:
        connection = context.db()
        if connection.capabilities.dialect == "sqlite":
            if context.apps is None:
                raise AssertionError("a connected context has its apps")
            return await _on_sqlite(connection, context.apps, url, to)
        return await _in_turn(connection, url, to)


async def _in_turn(connection: BaseDBAsyncClient, url: str, to: str) -> list[str]:
    async with connection.acquire_connection() as raw:
        await raw.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        try:
            return await _run(connection, url, to)
        finally:
            await raw.execute("SELECT pg_advisory_unlock($1)", ADVISORY_LOCK)


async def _on_sqlite(connection: BaseDBAsyncClient, apps: Apps, url: str, to: str) -> list[str]:
    # Its DDL is transactional: everything is stored together, or nothing.
    await _run(connection, url, None)
    async with in_transaction() as unit:
        names = await _run(unit, url, to)
        if names:
            await restore(unit, apps)
            await restore_triggers(unit)
        broken = await unit.execute_query_dict("PRAGMA foreign_key_check")
        if broken:
            raise BrokenReferences(f"{len(broken)} rows point to rows that are not there: {broken[:5]}")
    return names


async def _run(connection: BaseDBAsyncClient, url: str, to: str | None) -> list[str]:
    """Apply what is missing up to a migration; only make the table of migrations, if that is None."""
    executor = Steps(connection, configuration(url)["apps"])
    if to is None:
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        return []
    if connection.capabilities.dialect == "sqlite":
        # It is there. Making sure once more would run a script, and a script ends the running transaction.
        executor.recorder.ensure_schema = _nothing  # type: ignore[assignment, method-assign]
    targets = [MigrationTarget(app_label="models", name=to)]
    names = [step.migration.name for step in await executor.plan(targets)]
    await executor.migrate(targets)
    return names


async def _nothing(_editor: object) -> None:
    """Nothing is to be done."""


async def restore(connection: BaseDBAsyncClient, apps: Apps) -> None:
    """Make the indexes anew that the models have and SQLite lost when the ORM made their tables anew."""
    wanted = [indexes for model in apps["models"].values() for indexes in (_own(model), *joins(model))]
    for table, indexes in wanted:
        existing = {row["name"] for row in await connection.execute_query_dict(f'PRAGMA table_info("{table}")')}
        there = set()
        for index in await connection.execute_query_dict(f'PRAGMA index_list("{table}")'):
            info = await connection.execute_query_dict(f'PRAGMA index_info("{index["name"]}")')
            there.add((bool(index["unique"]), tuple(row["name"] for row in info)))
        for unique, columns in sorted(indexes - there):
            if existing.issuperset(columns):
                kind = "UNIQUE INDEX" if unique else "INDEX"
                listed = ", ".join(f'"{column}"' for column in columns)
                name = f"restored_{table}_{'_'.join(columns)}"
                await connection.execute_query(f'CREATE {kind} "{name}" ON "{table}" ({listed})')


async def restore_triggers(connection: BaseDBAsyncClient) -> None:
    """Make the triggers anew that went with their table; those of a table that is not there yet come later."""
    for table, triggers in (*words.TRIGGERS.items(), ("profile_change", changes.TRIGGERS)):
        if await connection.execute_query_dict("SELECT 1 FROM sqlite_master WHERE name = ?", [table]):
            for trigger in triggers:
                await connection.execute_query(trigger)


def _own(model: type[Model]) -> tuple[str, Indexes]:
    return model._meta.db_table, declared(model)


def joins(model: type[Model]) -> list[tuple[str, Indexes]]:
    """The tables of a model's many-to-many relations, which have no model, and their indexes: one for each side.

    The ORM makes the first, and the migrations the second: without it a read from the other side looks at every row.
    """
    fields: list[Any] = [model._meta.fields_map[name] for name in sorted(model._meta.m2m_fields)]
    return [
        (field.through, {(True, (field.backward_key, field.forward_key)), (False, (field.forward_key,))})
        for field in fields
        if not field._generated
    ]


def declared(model: type[Model]) -> Indexes:
    """The indexes that a model declares."""
    meta = model._meta
    found: Indexes = set()
    for name, column in meta.fields_db_projection.items():
        field = meta.fields_map[name]
        if not field.pk and (field.unique or field.index):
            found.add((field.unique, (column,)))
    for names in meta.unique_together:
        found.add((True, tuple(meta.fields_db_projection.get(name, f"{name}_id") for name in names)))
    for index in meta.indexes:
        found.add((False, tuple(index.fields if isinstance(index, Index) else index)))
    return found


async def drift(url: str) -> list[str]:
    """What the models have and the migrations do not, in the migration writer's words; empty when they agree."""
    async with connect(url) as context:
        if context.apps is None:
            raise AssertionError("a connected context has its apps")
        detector = Differences(context.apps, configuration(url)["apps"])
        return [f"{writer.name}: {writer.operations}" for writer in await detector.changes()]
