"""SQLite for Tortoise, with the cures that it needs here, and readers that do not wait for the writer.

The stock client opens transactions with a deferred BEGIN, which can fail half-way when two of them want to write,
and leaves BEGIN open when a bulk insert is cancelled: later writes are then answered and never stored.
"""

import asyncio
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any, TypeVar

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError

from models.database.group import Group, Unit
from models.database.transaction import shielded

T = TypeVar("T")

READERS = 2

# How long a read may work on the event loop, and how long it may take there: it may have to wait for a disk, or for a
# processor that others use. Between two looks at the clocks are so many steps of SQLite's machine: some 60 µs.
BUDGET_SECONDS = 0.002
PATIENCE_SECONDS = 0.010
STEPS_BETWEEN_LOOKS = 1_000

# Statements that took longer.
SLOW_KEPT = 256

# Of the file, up to so much is read by mapping it into memory; of pages, up to 16 MB are kept by each reader.
READER_PRAGMAS = ("query_only=ON", "mmap_size=268435456", "cache_size=-16384", "temp_store=MEMORY")


def overlap_hours(week: str, other: str) -> int:
    """How many hours are in both of two weeks, which are masks in hexadecimal. PostgreSQL counts bits itself."""
    return (int(week, 16) & int(other, 16)).bit_count()


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that takes the write lock when it begins, so that it cannot fail for it later."""

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

    async def commit(self) -> None:
        try:
            await super().commit()
        except BaseException as error:
            # A commit that fails leaves the transaction open: what came after it would be answered and not stored.
            await self._connection.rollback()
            self._finalized = True
            if isinstance(error, sqlite3.OperationalError):
                raise OperationalError(error) from error
            raise


class ImmediateContext(SqliteTransactionContext):
    """Holds the connection for a transaction. The stock one keeps it for ever when BEGIN fails."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection  # type: ignore[no-any-return]


class Readers:
    """Read-only connections: under WAL they see what is committed, and wait for nobody.

    A read is tried where it is asked for, on the event loop, for a millisecond or two: most take less, and handing
    them to a thread and back costs more than they do. What takes longer is broken off and read again in a thread; so
    is its statement from then on, until it is quick there.
    """

    def __init__(self, path: str) -> None:
        self._uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        self._here = self._connect()
        self._here.execute("PRAGMA busy_timeout=0")
        self._here.set_progress_handler(self._is_over_budget, STEPS_BETWEEN_LOOKS)
        self._begun = 0.0, 0.0
        self._slow: OrderedDict[str, None] = OrderedDict()
        self._threads = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="sqlite-reader")
        self._mine = threading.local()
        self._opened = [self._here]

    async def read(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows."""
        if text not in self._slow:
            self._begun = thread_time(), perf_counter()
            try:
                return self._here.execute(text, values).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                    self._remember(text)
                elif error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, text, values)

    def close(self) -> None:
        """Let what is being read finish, and close."""
        self._threads.shutdown(wait=True)
        for connection in self._opened:
            connection.close()

    def _is_over_budget(self) -> bool:
        worked, waited = self._begun
        return thread_time() - worked > BUDGET_SECONDS or perf_counter() - waited > PATIENCE_SECONDS

    def _remember(self, text: str) -> None:
        self._slow[text] = None
        if len(self._slow) > SLOW_KEPT:
            self._slow.popitem(last=False)

    def _read(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if not hasattr(self._mine, "connection"):
            self._mine.connection = self._connect()
            self._opened.append(self._mine.connection)
        began = thread_time()
        found: list[tuple[Any, ...]] = self._mine.connection.execute(text, values).fetchall()
        if thread_time() - began < BUDGET_SECONDS / 2:
            # It was slow when its pages were not in memory yet, or for other values, or had to wait for the processor.
            self._slow.pop(text, None)
        return found

    def _connect(self) -> sqlite3.Connection:
        # The statement cache keeps plans prepared. `close` runs in another thread, after the one that reads has ended.
        connection = sqlite3.connect(
            self._uri, uri=True, isolation_level=None, cached_statements=256, check_same_thread=False
        )
        for pragma in READER_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("overlap_hours", 2, overlap_hours, deterministic=True)
        return connection


class Client(SqliteClient):
    """One writer, which units of Python share with groups of quick ones, and the readers."""

    _readers: Readers | None = None
    _group: Group | None = None

    async def _post_connect(self) -> None:
        await super()._post_connect()
        await self._connection.create_function("overlap_hours", 2, overlap_hours, deterministic=True)

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await shielded(super().execute_many(query, values))

    async def write_together(self, unit: Unit[T]) -> T:
        """What the unit returns, once it is stored. Units that wait at the same time are stored together."""
        if self._group is None:
            self._group = Group(self.acquire_connection)
        try:
            return await self._group.write(unit)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

    async def read_rows(self, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a SELECT. Does not wait for the writer."""
        if self._readers is None:
            if self._connection is None:
                # The first connection makes the file what it is: WAL, above all.
                await self.execute_query("SELECT 1")
            self._readers = Readers(self.filename)
        return await self._readers.read(text, values)

    async def close(self) -> None:
        if self._readers is not None:
            self._readers.close()
            self._readers = None
        await super().close()


client_class = Client
