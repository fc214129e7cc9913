"""Units of work: all of a unit is stored, or nothing; and what follows a commit follows it once."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError

from models.conversation import Message
from models.database import after_commit, connect, dialect, transaction
from models.database.transaction import RETRIES
from models.goal import Goal
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.skill import Skill
from tests import people
from tests.models.cancelling import check_nothing_is_held, check_wholly_stored, stored

# In its package the module's name stands for the decorator.
transaction_module = sys.modules["models.database.transaction"]

pytestmark = pytest.mark.timeout(60)


@transaction
async def learn(name: str, then: Callable[[], Awaitable[Any]] | None = None) -> None:
    """A unit that stores a skill, and does something more."""
    await Skill.create(name=name, key=name)
    if then is not None:
        await then()


async def fail() -> None:
    raise LookupError


async def test_a_unit_that_fails_stores_nothing(database: str) -> None:
    with pytest.raises(LookupError):
        await learn("SQL", fail)
    await check_nothing_is_held(database)
    assert await stored(database, "SELECT count(*) FROM skill") == 0


async def test_a_verb_within_a_verb_joins_its_unit(database: str) -> None:
    async def more() -> None:
        await learn("Hiring")
        # It is not stored yet: the outer unit is still open.
        assert await stored(database, "SELECT count(*) FROM skill") == 0

    await learn("SQL", more)
    assert await stored(database, "SELECT count(*) FROM skill") == 2


async def test_an_outer_unit_that_fails_takes_what_it_called_with_it(database: str) -> None:
    async def more() -> None:
        await learn("Hiring")
        raise LookupError

    with pytest.raises(LookupError):
        await learn("SQL", more)
    assert await stored(database, "SELECT count(*) FROM skill") == 0


async def test_after_commit_runs_once_and_finds_what_is_stored(database: str) -> None:
    found: list[int] = []

    def look() -> None:
        # On a thread: the event loop may not go on until it has looked.
        with ThreadPoolExecutor(1) as threads:
            found.append(threads.submit(asyncio.run, stored(database, "SELECT count(*) FROM skill")).result())

    async def note() -> None:
        after_commit(look)

    await learn("SQL", lambda: learn("Hiring", note))
    assert found == [2]


async def test_after_commit_does_not_run_after_a_rollback(database: str) -> None:
    calls: list[str] = []

    async def note_and_fail() -> None:
        after_commit(lambda: calls.append("after"))
        raise LookupError

    with pytest.raises(LookupError):
        await learn("SQL", note_and_fail)
    await learn("SQL")
    assert calls == []


async def test_after_commit_runs_once_for_a_unit_that_had_to_run_again(database: str) -> None:
    calls: list[str] = []
    attempts: list[str] = []

    async def collide_once() -> None:
        after_commit(lambda: calls.append("after"))
        attempts.append("attempt")
        if len(attempts) == 1:
            await Skill.create(name="SQL", key="SQL")

    await learn("SQL", collide_once)
    assert (len(attempts), len(calls)) == (2, 1)
    assert await stored(database, "SELECT count(*) FROM skill") == 1


async def test_a_unit_that_collides_again_and_again_gives_up(database: str) -> None:
    await learn("SQL")
    with pytest.raises(IntegrityError):
        await learn("SQL")
    await check_nothing_is_held(database)


def test_the_pause_before_a_further_run_is_short_grows_and_is_left_to_chance() -> None:
    longest = [max(transaction_module.pause(attempt) for _ in range(200)) for attempt in range(RETRIES)]
    assert all(shorter < longer for shorter, longer in pairwise(longest))
    assert longest[-1] < 0.1
    assert len({transaction_module.pause(0) for _ in range(20)}) > 1


async def test_a_unit_that_collides_pauses_before_each_further_run_and_holds_nothing_meanwhile(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    def noted(attempt: int) -> float:
        assert dialect() == "postgres" or not get_connection("sqlite")._lock.locked()  # type: ignore[attr-defined]
        attempts.append(attempt)
        return 0.0

    monkeypatch.setattr(transaction_module, "pause", noted)
    await learn("SQL")
    with pytest.raises(IntegrityError):
        await learn("SQL")
    assert attempts == list(range(RETRIES))


async def test_many_tries_under_one_key_make_one_row(database: str) -> None:
    pair = await people.pair()
    tries = [
        Goal.add(pair.mentorship, by=pair.mentee, title="Own a schema", client_id="1", milestones=["Read"])
        for _ in range(20)
    ]
    assert len({goal.id for goal in await asyncio.gather(*tries)}) == 1
    assert await stored(database, "SELECT count(*) FROM goal") == 1
    assert await stored(database, "SELECT count(*) FROM milestone") == 1


async def test_one_key_in_two_conversations_at_once_makes_one_message(database: str) -> None:
    one = await people.pair()
    other = await people.pair(one.mentor)
    answers = await asyncio.gather(
        *(pair.conversation.send("Hello", by=one.mentor, client_id="1") for pair in (one, other)),
        return_exceptions=True,
    )
    (message,) = [answer for answer in answers if isinstance(answer, Message)]
    (refusal,) = [answer for answer in answers if isinstance(answer, Refused)]
    assert refusal.code is RefusalCode.CLIENT_ID_REUSED
    assert message.number == 1
    assert await check_wholly_stored(database) == 1


# What cannot begin or end.


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[str]:
    """A database that waits for nobody, with one connection."""
    hurry: dict[str, Any] = {"busy_timeout": 0} if database_url.startswith("sqlite") else {"maxsize": 1}
    async with connect(database_url, **hurry):
        yield database_url


# The ORM's context takes its lock before BEGIN, and does not let go of it when BEGIN fails.
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_unit_that_finds_the_file_locked_fails_and_the_next_one_does_not(impatient: str) -> None:
    with closing(sqlite3.connect(impatient.removeprefix("sqlite://"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises((OperationalError, sqlite3.OperationalError)):
            await learn("SQL")
        other.execute("ROLLBACK")
    await check_nothing_is_held(impatient)
    await learn("SQL")


# The ORM's context does not roll back when COMMIT fails.
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_unit_whose_commit_fails_leaves_no_open_transaction(database: str) -> None:
    async def orphan() -> None:
        # The check is put off to the commit, which then fails, as it may on a full disk.
        await get_connection("sqlite").execute_query("PRAGMA defer_foreign_keys = ON")
        await Profile.create(account_id=uuid4(), name="Nobody")

    with pytest.raises((IntegrityError, sqlite3.IntegrityError)):
        await learn("SQL", orphan)
    await check_nothing_is_held(database)
    await learn("Hiring")
    assert await stored(database, "SELECT group_concat(name) FROM skill") == "Hiring"


@pytest.mark.parametrize("engine", ["postgres"])
async def test_a_unit_that_loses_its_connection_as_it_begins_gives_its_place_back(impatient: str) -> None:
    begin = TransactionWrapper.begin

    async def begin_on_a_lost_connection(wrapper: TransactionWrapper) -> None:
        backend = wrapper._connection.get_server_pid()
        assert await stored(impatient, f"SELECT pg_terminate_backend({backend:d}, 5000)")
        await begin(wrapper)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionWrapper, "begin", begin_on_a_lost_connection)
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError)):
            await learn("SQL")
    await check_nothing_is_held(impatient)
    await learn("SQL")
