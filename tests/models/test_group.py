"""Group commit on SQLite: stored together, failed alone, and nothing is answered that is not stored."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError

from models.base import uuid7
from models.database import group, transaction
from models.database.group import MOST
from models.database.sqlite import Client
from models.skill import Skill
from tests.models.cancelling import check_nothing_is_held, stored

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def engine() -> str:
    return "sqlite"


@pytest.fixture
async def client(database: str) -> Client:
    """The open database's client."""
    found: Any = get_connection("sqlite")
    assert isinstance(found, Client)
    return found


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many units each group had."""
    sizes: list[int] = []
    work = group._stored

    def noted(connection: sqlite3.Connection, units: Any) -> Any:
        sizes.append(len(units))
        return work(connection, units)

    monkeypatch.setattr(group, "_stored", noted)
    return sizes


def adding(key: str) -> Callable[[sqlite3.Connection], str]:
    """A unit that adds a skill."""

    def unit(db: sqlite3.Connection) -> str:
        values = (str(uuid7()), "2026-01-01 00:00:00+00:00", key, key)
        db.execute("INSERT INTO skill (id, created_at, name, key) VALUES (?, ?, ?, ?)", values)
        return key

    return unit


def failing(key: str) -> Callable[[sqlite3.Connection], str]:
    """A unit that adds a skill, and then fails."""

    def unit(db: sqlite3.Connection) -> str:
        adding(key)(db)
        raise LookupError(key)

    return unit


async def keys() -> set[str]:
    return set(await Skill.all().values_list("key", flat=True))


async def test_those_that_wait_together_are_stored_by_one_commit(client: Client, committed: list[int]) -> None:
    found = await asyncio.gather(*(client.write_together(adding(f"{n}")) for n in range(10)))
    assert found == [f"{n}" for n in range(10)]
    assert await keys() == set(found)
    assert committed == [10]


async def test_a_group_has_a_bound(client: Client, committed: list[int]) -> None:
    await asyncio.gather(*(client.write_together(adding(f"{n}")) for n in range(MOST + 3)))
    assert committed == [MOST, 3]


async def test_one_that_fails_takes_back_its_own_and_nothing_else(client: Client, committed: list[int]) -> None:
    units = [adding("a"), failing("b"), adding("c"), adding("a"), adding("d")]
    answers = await asyncio.gather(*map(client.write_together, units), return_exceptions=True)
    assert [type(answer) for answer in answers] == [str, LookupError, str, IntegrityError, str]
    assert committed == [5]
    assert await keys() == {"a", "c", "d"}


class Refusing:
    """A connection on which one statement fails."""

    def __init__(self, connection: sqlite3.Connection, statement: str, *, ends: bool) -> None:
        self._connection, self._statement, self._ends = connection, statement, ends

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, text: str, *values: Any) -> Any:
        if text == self._statement:
            if self._ends:
                self._connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(text, *values)


# A full disk ends the transaction, or leaves it open.
@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("statement", ["COMMIT", "RELEASE unit", "INSERT"])
async def test_where_it_cannot_be_stored_nobody_is_answered_that_it_was(
    client: Client, database: str, monkeypatch: pytest.MonkeyPatch, statement: str, ends: bool
) -> None:
    work = group._stored
    inserting = statement == "INSERT" and ends

    def unit(db: sqlite3.Connection) -> str:
        if inserting:
            db.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        return adding("late")(db)

    with monkeypatch.context() as patch:
        patch.setattr(group, "_stored", lambda db, units: work(Refusing(db, statement, ends=ends), units))  # type: ignore[arg-type]
        units = [adding("a"), unit, adding("c")]
        answers = await asyncio.gather(*map(client.write_together, units), return_exceptions=True)
    if statement == "INSERT" and not inserting:
        assert answers == ["a", "late", "c"]
        return
    assert [type(answer) for answer in answers] == [OperationalError] * 3
    assert await keys() == set()
    await check_nothing_is_held(database)
    assert await client.write_together(adding("later")) == "later"
    assert await stored(database, "SELECT count(*) FROM skill") == 1


async def test_units_of_python_and_groups_take_turns(client: Client, committed: list[int]) -> None:
    @transaction
    async def in_python(key: str) -> None:
        await Skill.create(name=key, key=key)
        await asyncio.sleep(0)
        assert await Skill.filter(key=key).exists()

    async def quickly(by: str) -> None:
        for number in range(20):
            await client.write_together(adding(f"{by}{number}"))

    async def slowly(by: str) -> None:
        for number in range(5):
            await in_python(f"{by}{number}")

    await asyncio.gather(*(quickly(f"q{n} ") for n in range(8)), *(slowly(f"s{n} ") for n in range(3)))
    assert len(await keys()) == 8 * 20 + 3 * 5
    # Nobody had to wait until the others were done: groups came between the units, and were no lone writers.
    assert 20 <= len(committed) < 8 * 20


async def test_who_is_cancelled_takes_nobody_along(client: Client, database: str) -> None:
    tasks = [asyncio.create_task(client.write_together(adding(f"{n}"))) for n in range(6)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[1::2] == ["1", "3", "5"]
    await check_nothing_is_held(database)
    assert {"1", "3", "5"} <= await keys()


async def test_what_is_answered_is_seen_from_elsewhere(client: Client, database: str) -> None:
    for number in range(5):
        await client.write_together(adding(f"{number}"))
        assert await stored(database, "SELECT count(*) FROM skill") == number + 1
