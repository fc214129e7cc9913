"""Which errors say that the database was away."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from asyncpg.exceptions._base import DataError as ClientDataError
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from models.account import Account
from models.database import connect, is_outage
from models.refusal import RefusalCode, Refused

OUTAGES = [
    ConnectionRefusedError(),
    ConnectionResetError(),
    TimeoutError(),
    socket.gaierror(),
    DBConnectionError("away"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.ConnectionFailureError("x"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.CrashShutdownError("x"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.ObjectNotInPrerequisiteStateError('database "x" is not currently accepting connections'),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    asyncpg.IdleInTransactionSessionTimeoutError("terminating connection due to idle-in-transaction timeout"),
]

OTHERS = [
    ValueError("x"),
    Refused(RefusalCode.INVALID, "x"),
    IntegrityError("x"),
    OperationalError("no such table"),
    asyncpg.UniqueViolationError("x"),
    asyncpg.DeadlockDetectedError("x"),
    asyncpg.CharacterNotInRepertoireError("invalid byte sequence"),
    ClientDataError("invalid input for query argument $1: value out of int32 range"),
]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_a_database_that_is_away_is_an_outage(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize("error", OTHERS, ids=lambda error: type(error).__name__)
def test_what_would_fail_again_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)


def test_no_error_is_no_outage() -> None:
    assert not is_outage(None)


def test_an_outage_deep_among_the_causes_counts() -> None:
    top, middle = RuntimeError("the answer failed"), OperationalError("the query failed")
    top.__cause__, middle.__cause__ = middle, ConnectionResetError()
    assert is_outage(top)
    middle.__cause__ = ValueError()
    assert not is_outage(top)


async def test_a_postgres_that_nobody_serves_is_an_outage() -> None:
    with socket.socket() as unserved:
        # Bound but not listening: nobody else takes the port, and nobody answers.
        unserved.bind(("127.0.0.1", 0))
        url = f"postgres://nobody:x@127.0.0.1:{unserved.getsockname()[1]}/none"
        with pytest.raises(Exception) as error:  # noqa: PT011 - which one it is, is the question
            async with connect(url):
                await Account.all().count()
    assert is_outage(error.value)


@pytest.mark.parametrize("engine", ["postgres"])
async def test_a_query_whose_connection_is_cut_is_an_outage(database: str) -> None:
    query = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(Exception) as error:  # noqa: PT011 - which one it is, is the question
        await Account.raw(query)
    assert is_outage(error.value)
    # It passes by itself.
    assert await Account.all().count() == 0


@asynccontextmanager
async def never_ending(database: str) -> AsyncIterator[str]:
    """A URL of the database through which all is passed on, but not that the server ends a connection."""
    url = urlsplit(database)
    passing: list[asyncio.Task[None]] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(url.hostname, url.port)
        writers.extend((writer, server_writer))
        passing.append(asyncio.create_task(pass_on(server_reader, writer)))
        await pass_on(reader, server_writer)

    writers: list[asyncio.StreamWriter] = []
    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        credentials, _, _ = url.netloc.rpartition("@")
        port = proxy.sockets[0].getsockname()[1]
        yield url._replace(netloc=f"{credentials}@127.0.0.1:{port}").geturl()
    finally:
        proxy.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*passing, return_exceptions=True)


@pytest.mark.parametrize("engine", ["postgres"])
async def test_a_query_between_the_goodbye_and_the_end_of_its_connection_is_an_outage(database: str) -> None:
    async with never_ending(database) as url:
        connection = await asyncpg.connect(url, ssl=False)
        pid = connection.get_server_pid()
        await Account.raw(f"SELECT pg_terminate_backend({pid}, 5000)")
        error: Exception | None = None
        async with asyncio.timeout(10):
            while error is None:
                try:
                    await connection.fetchval("SELECT 1", timeout=5)
                except Exception as caught:
                    error = caught
        connection.terminate()
    assert is_outage(error)
