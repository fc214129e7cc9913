"""PostgreSQL's readers: a bounded number of connections, none of which is lost or left in the middle of an answer."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tortoise.connection import get_connection

from models.database import asyncpg as ours
from models.database import connect
from models.database.asyncpg import Connection, Lane
from models.database.connection import COMMAND_SECONDS

MOST = 3


@pytest.fixture
def engine() -> str:
    return "postgres"


class Opened:
    """Opens connections, and keeps them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections: list[Connection] = []

    async def __call__(self) -> Connection:
        connection: Connection = await asyncpg.connect(self.url, connection_class=Connection)
        self.connections.append(connection)
        return connection


@pytest.fixture
def opened(database_url: str) -> Opened:
    """What the readers have opened."""
    return Opened(database_url)


@pytest.fixture
async def readers(opened: Opened) -> AsyncIterator[Lane]:
    """Readers with three connections at most."""
    found = Lane(opened, MOST)
    yield found
    await found.close()
    for connection in opened.connections:
        assert connection.is_closed()


async def test_reads_one_after_the_other_use_one_connection(readers: Lane, opened: Opened) -> None:
    for number in range(5):
        assert [tuple(row) for row in await readers.rows("SELECT $1::int", [number])] == [(number,)]
    assert len(opened.connections) == 1


async def test_however_many_read_at_once_the_connections_are_bounded(readers: Lane, opened: Opened) -> None:
    found = await asyncio.gather(*(readers.rows("SELECT $1::int, pg_sleep(0.01)", [n]) for n in range(20)))
    assert [rows[0][0] for rows in found] == list(range(20))
    assert len(opened.connections) == MOST


async def test_who_waits_too_long_for_a_connection_is_told(readers: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "ACQUIRE_SECONDS", 0.05)
    slow = [asyncio.create_task(readers.rows("SELECT pg_sleep(0.4)", [])) for _ in range(MOST)]
    await asyncio.sleep(0.1)
    with pytest.raises(TimeoutError):
        await readers.rows("SELECT 1", [])
    await asyncio.gather(*slow)
    assert await readers.rows("SELECT 1", [])


async def test_an_error_of_a_statement_keeps_its_connection(readers: Lane, opened: Opened) -> None:
    for text, values in (("SELECT nothing", []), ("SELECT $1::text", ["\0"]), ("SELECT $1::int", ["x"])):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await readers.rows(text, values)
    assert await readers.rows("SELECT 1", [])
    assert len(opened.connections) == 1


async def test_a_cancelled_read_gives_its_turn_back_and_its_answer_reaches_nobody_else(
    readers: Lane, opened: Opened
) -> None:
    for _ in range(2 * MOST):
        reading = asyncio.create_task(readers.rows("SELECT 'late', pg_sleep(0.05)", []))
        await asyncio.sleep(0.02)
        reading.cancel()
        await asyncio.wait([reading])
        assert [tuple(row) for row in await readers.rows("SELECT 'mine'", [])] == [("mine",)]


async def test_a_connection_that_the_server_has_ended_is_replaced(readers: Lane, opened: Opened) -> None:
    await readers.rows("SELECT 1", [])
    (first,) = opened.connections
    other = await asyncpg.connect(opened.url)
    await other.execute("SELECT pg_terminate_backend($1)", first.get_server_pid())
    await other.close()
    await asyncio.sleep(0.1)
    assert first.is_closed()
    assert await readers.rows("SELECT 1", [])
    assert len(opened.connections) == 2


async def test_a_server_that_is_away_costs_no_turn(readers: Lane, opened: Opened) -> None:
    url, opened.url = opened.url, "postgres://nobody@127.0.0.1:1/nothing"
    for _ in range(2 * MOST):
        with pytest.raises(OSError, match=r"refused|failed"):
            await readers.rows("SELECT 1", [])
    opened.url = url
    assert await readers.rows("SELECT 1", [])


async def test_a_read_that_gets_no_answer_gives_up_and_its_connection_is_not_used_again(
    readers: Lane, opened: Opened
) -> None:
    async def impatient() -> Connection:
        connection: Connection = await asyncpg.connect(opened.url, connection_class=Connection, command_timeout=0.1)
        opened.connections.append(connection)
        return connection

    readers._open = impatient
    with pytest.raises(TimeoutError):
        await readers.rows("SELECT pg_sleep(5)", [])
    assert opened.connections[0].is_closed()
    assert await readers.rows("SELECT 1", [])
    assert len(opened.connections) == 2


async def test_a_connection_that_was_idle_for_long_is_not_used_again(
    readers: Lane, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    await readers.rows("SELECT 1", [])
    monkeypatch.setattr(ours, "IDLE_SECONDS", -1.0)
    await readers.rows("SELECT 1", [])
    assert len(opened.connections) == 2
    assert opened.connections[0].is_closed()


async def test_every_command_of_the_pool_and_the_readers_has_a_limit_but_for_migrations(database: str) -> None:
    client = get_connection("postgres")
    assert client.extra["command_timeout"] == COMMAND_SECONDS
    async with connect(database, command_timeout=None) as context:
        assert context.db().extra["command_timeout"] is None
