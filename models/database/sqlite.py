"""SQLite for Tortoise, with the cures that it needs here, and readers that do not wait for the writer.

The stock client opens transactions with a deferred BEGIN, which can fail half-way when two of them want to write,
and leaves BEGIN open when a bulk insert is cancelled: later writes are then answered and never stored.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from models.database.transaction import shielded

READERS = 2

# Of the file, up to so much is read by mapping it into memory; of pages, up to 16 MB are kept by each reader.
READER_PRAGMAS = ("query_only=ON", "mmap_size=268435456", "cache_size=-16384", "temp_store=MEMORY")


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
    """Threads with a read-only connection each: under WAL they see what is committed and wait for nobody."""

    def __init__(self, path: str) -> None:
        self._uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        self._threads = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="sqlite-reader")
        self._mine = threading.local()
        self._opened: list[sqlite3.Connection] = []

    async def read(self, text: str, values: Sequence[Any]) -> Any:
        """The first value of the first row; None without rows."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, text, values)

    def close(self) -> None:
        """Let what is being read finish, and close."""
        self._threads.shutdown(wait=True)
        for connection in self._opened:
            connection.close()

    def _read(self, text: str, values: Sequence[Any]) -> Any:
        row = self._connection().execute(text, values).fetchone()
        return None if row is None else row[0]

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if known is not None:
            return known
        # The statement cache keeps plans prepared. `close` runs in another thread, after this one has ended.
        connection = sqlite3.connect(
            self._uri, uri=True, isolation_level=None, cached_statements=256, check_same_thread=False
        )
        for pragma in READER_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        self._mine.connection = connection
        self._opened.append(connection)
        return connection


class Client(SqliteClient):
    """One writer, and the readers."""

    _readers: Readers | None = None

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await shielded(super().execute_many(query, values))

    async def read_value(self, text: str, values: Sequence[Any]) -> Any:
        """The first value of the first row of a SELECT; None without rows. Does not wait for the writer."""
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
