"""Who is cancelled, wherever that is, leaves no open transaction and no held connection behind."""

import asyncio
import importlib
import random
from collections.abc import Awaitable
from itertools import count
from typing import Any, TypeVar

import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError

from models.database import connect, dialect
from models.skill import Skill
from tests import people
from tests.models.cancelling import Steps, cancelled, check_nothing_is_held, check_wholly_stored, stepped, stored

# In its package, the module's name is the decorator's.
module = importlib.import_module("models.database.transaction")

T = TypeVar("T")

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("step_by_step")]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """At which step of its unit, or of its bulk insert, each caller is cancelled."""
    steps: Steps = {}
    monkeypatch.setattr(module, "_run", stepped(module._run, steps))
    for client in (SqliteClient, AsyncpgDBClient):
        work = client.execute_many
        monkeypatch.setattr(client, "execute_many", lambda *args, work=work: stepped(work, steps)(*args))
    return steps


async def cancel_sends_at_every_step(url: str, steps: Steps) -> None:
    """Raise AssertionError unless each cancelled send is stored wholly or not at all, and leaves nothing behind."""
    pair = await people.pair()
    for step in count(1):
        send = pair.conversation.send("Hello", by=pair.mentee, client_id=f"{step}")
        if not await cancelled(send, step, steps):
            assert step > 10
            break
        await check_nothing_is_held(url)
        await check_wholly_stored(url)
    assert await check_wholly_stored(url) == step


async def test_a_send_that_is_cancelled_at_any_step_leaves_nothing_behind(database: str, steps: Steps) -> None:
    await cancel_sends_at_every_step(database, steps)


async def cancel_inserts_at_every_step(url: str, steps: Steps) -> None:
    """Raise AssertionError unless each cancelled bulk insert is stored wholly or not at all, and what follows too."""
    # The first use opens the connection.
    await Skill.all().count()
    for step in count(1):
        rows = [Skill(name=f"Skill {number}", key=f"{number}") for number in range(3)]
        was_cancelled = await cancelled(_bulk(rows), step, steps)
        await check_nothing_is_held(url)
        assert await stored(url, "SELECT count(*) FROM skill WHERE name <> 'SQL'") in {0, 3}
        await Skill.create(name="SQL", key="sql")
        assert await stored(url, "SELECT count(*) FROM skill WHERE name = 'SQL'") == 1, (
            "the answer was yes, and it is not stored"
        )
        await Skill.all().delete()
        if not was_cancelled:
            assert step > 2
            break


async def _bulk(rows: list[Skill]) -> None:
    await Skill.bulk_create(rows)


async def test_a_bulk_insert_that_is_cancelled_at_any_step_leaves_nothing_behind(database: str, steps: Steps) -> None:
    await cancel_inserts_at_every_step(database, steps)


async def let_go() -> None:
    """Cut what a mutant holds; the end of the test would wait for it."""
    if dialect() == "postgres":
        connection: Any = get_connection("postgres")
        connection._pool.terminate()


async def bare(work: Awaitable[T]) -> T:
    """`shielded` without its shield."""
    return await work


async def test_the_check_notices_a_unit_without_its_shield(
    database: str, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "shielded", bare)
    # Either the check finds what is held, or the next unit already stumbles over it.
    with pytest.raises((AssertionError, OperationalError), match=r"connection is held|(a|within a) transaction"):
        await cancel_sends_at_every_step(database, steps)
    await let_go()


# On PostgreSQL the driver itself rolls back what a cancelled insert has left open.
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_check_notices_a_bulk_insert_without_its_shield(
    database: str, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.database.sqlite.shielded", bare)
    with pytest.raises(AssertionError, match=r"a transaction is open|it is not stored"):
        await cancel_inserts_at_every_step(database, steps)


@pytest.mark.parametrize(("engine", "pairs"), [("sqlite", 10), ("postgres", 50)])
async def test_many_who_leave_at_once_do_not_freeze_the_database(database: str, pairs: int, steps: Steps) -> None:
    mentor = await people.person("Mara", capacity=pairs)
    conversations = [(await people.pair(mentor)).conversation for _ in range(pairs)]
    chance = random.Random(7)
    leaving = []
    for conversation in conversations:
        send = conversation.send("Bye", by=mentor, client_id=f"1-{conversation.id.hex}")
        leaving.append(cancelled(send, chance.randint(1, 15), steps))
    assert sum(await asyncio.gather(*leaving)) >= pairs / 2
    await check_nothing_is_held(database)
    await check_wholly_stored(database)
    async with asyncio.timeout(30):
        for conversation in conversations:
            await conversation.send("Hello again", by=mentor, client_id=f"2-{conversation.id.hex}")
    assert await stored(database, "SELECT count(*) FROM message WHERE body = 'Hello again'") == pairs


async def cancel_reads_at_every_step(url: str, *, fresh: bool) -> None:
    """Raise AssertionError unless a cancelled read, perhaps the first on its connection, leaves nothing behind."""
    for step in count(1):
        async with connect(url):
            if not fresh:
                await Skill.all().count()
            steps: Steps = {}
            was_cancelled = await cancelled(_look(steps), step, steps)
            await check_nothing_is_held(url)
            async with asyncio.timeout(5):
                assert await Skill.all().count() == 0
        if not was_cancelled:
            break


async def _look(steps: Steps) -> None:
    await stepped(Skill.all().count, steps)()


async def test_a_read_that_is_cancelled_at_any_step_leaves_nothing_behind(database_url: str) -> None:
    await cancel_reads_at_every_step(database_url, fresh=False)


# The first use opens the connection, while it holds the connection's lock.
async def test_a_first_read_that_is_cancelled_at_any_step_leaves_nothing_behind(database_url: str) -> None:
    await cancel_reads_at_every_step(database_url, fresh=True)
