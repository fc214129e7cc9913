"""Nothing waits for ever on PostgreSQL: not for a row, not for a statement, not for a unit that has stopped."""

import asyncio
from typing import Any

import asyncpg
import pytest
from tortoise.connection import get_connection

from models.account import Account
from models.database import connect, is_outage, transaction
from models.database.connection import POSTGRES_SETTINGS
from tests.people import person

LIMITS = {"lock_timeout": "10s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "30s"}


@pytest.fixture
def engine() -> str:
    return "postgres"


def hurried(**limits: str) -> dict[str, Any]:
    return {"server_settings": {**POSTGRES_SETTINGS, **limits}}


async def test_the_pool_and_the_readers_have_limits(database: str) -> None:
    client: Any = get_connection("postgres")
    for name, limit in LIMITS.items():
        (row,) = await client.execute_query_dict(f"SHOW {name}")
        assert row[name] == limit
        # Readers give texts as bytes.
        assert [tuple(row) for row in await client.read_rows(f"SHOW {name}", [])] == [(limit.encode(),)]


async def test_who_waits_too_long_for_a_row_has_an_outage_and_stores_nothing(database_url: str) -> None:
    async with connect(database_url, **hurried(lock_timeout="100ms")):
        ana = await person("Ana")
        holder = await asyncpg.connect(database_url)
        await holder.execute("BEGIN")
        await holder.execute("SELECT 1 FROM account WHERE id = $1 FOR UPDATE", ana.id)

        @transaction
        async def changed() -> None:
            await Account.create(email="new@example.org", password_hash="x")
            await Account.locked(ana.id)

        with pytest.raises(asyncpg.LockNotAvailableError) as error:
            await changed()
        assert is_outage(error.value)
        assert not await Account.exists(email="new@example.org")
        await holder.close()
        # It passes by itself.
        await changed()


async def test_a_statement_that_takes_too_long_is_an_outage(database_url: str) -> None:
    async with connect(database_url, **hurried(statement_timeout="100ms")) as context:
        with pytest.raises(asyncpg.QueryCanceledError) as error:
            await context.db().execute_query("SELECT pg_sleep(20)")
        assert is_outage(error.value)


async def test_a_unit_that_stops_in_the_middle_loses_its_locks(database_url: str) -> None:
    async with connect(database_url, **hurried(idle_in_transaction_session_timeout="100ms")):
        ana = await person("Ana")

        @transaction
        async def stopped() -> None:
            await Account.locked(ana.id)
            await asyncio.sleep(0.5)
            await Account.locked(ana.id)

        with pytest.raises(Exception) as error:  # noqa: PT011 - which one it is, is the question
            await stopped()
        assert is_outage(error.value)
        assert await Account.filter(id=ana.id).count() == 1
