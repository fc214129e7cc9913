"""Group commit: units of SQLite that wait at the same time are stored together, and wait for the disk once.

Each unit is a plain function of the driver's connection, which is run in the connection's own thread: one after the
other within one transaction, each behind a savepoint. One that fails takes back what it did itself. None is
answered before the transaction is committed, and where that fails all of them have failed.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Unit: TypeAlias = Callable[[sqlite3.Connection], T]

# Stored together at most. It bounds how long a unit of Python has to wait for the connection: some milliseconds.
MOST = 64


class Group:
    """The units that wait. They take the connection under the same lock as everybody else, and so in turn."""

    def __init__(self, connection: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connection = connection
        self._waiting: list[tuple[Unit[Any], asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, unit: Unit[T]) -> T:
        """What the unit returns, once it is stored. Raises what it raises, or what the commit did."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((unit, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await future

    async def _write_all(self) -> None:
        while self._waiting:
            await self._write_some()

    async def _write_some(self) -> None:
        group: list[tuple[Unit[Any], asyncio.Future[Any]]] = []
        try:
            async with self._connection() as connection:
                # Taken when it is our turn: who came while we waited for it is among them.
                group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                # The one reach into aiosqlite: it has no public way to run a function in its thread. What has begun
                # there ends there, whoever is cancelled here, and before anything else of that connection.
                done = await connection._execute(_stored, connection._conn, [unit for unit, _ in group])
        except BaseException as error:
            if not group:
                # It was never our turn: those who wait now would wait for ever.
                group, self._waiting = self._waiting, []
            _answer(group, [error] * len(group))
            if not isinstance(error, Exception):
                raise
        else:
            _answer(group, done)


def _answer(group: list[tuple[Unit[Any], asyncio.Future[Any]]], done: Sequence[Any]) -> None:
    for (_, future), result in zip(group, done, strict=True):
        if future.done():
            continue
        if isinstance(result, asyncio.CancelledError):
            future.cancel()
        elif isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)


def _stored(connection: sqlite3.Connection, units: Sequence[Unit[Any]]) -> list[Any]:
    """What each unit returned or raised, when all is stored. Raises where nothing is."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = [_one(connection, unit) for unit in units]
        connection.execute("COMMIT")
    except BaseException:
        # Some errors, such as a full disk, have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return done


def _one(connection: sqlite3.Connection, unit: Unit[Any]) -> Any:
    connection.execute("SAVEPOINT unit")
    try:
        result = unit(connection)
    except Exception as error:
        if not connection.in_transaction:
            # The transaction has ended, and with it what the units before have written.
            raise
        connection.execute("ROLLBACK TO unit")
        result = error
    connection.execute("RELEASE unit")
    return result
