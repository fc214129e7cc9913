"""PostgreSQL for Tortoise: a pool whose waits end, connections that are not reset between uses, and two lanes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.exceptions import IntegrityError

from models.database.transaction import shielded

ACQUIRE_SECONDS = 10.0
IDLE_SECONDS = 300.0

# Of each connection of a lane. A plan's statement is prepared once on each, and kept.
STATEMENTS = {"statement_cache_size": 256, "max_cacheable_statement_size": 64 * 1024}


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that keeps no state between uses: no LISTEN, no advisory lock, no SET.

    Resetting it on each release would be a round trip that undoes nothing (a fifth to a third of the throughput).
    """

    def get_reset_query(self) -> str:
        return ""


class Pool(asyncpg.Pool):  # type: ignore[misc]
    """A pool in which nobody waits for a connection for ever."""

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=ACQUIRE_SECONDS if timeout is None else timeout)


class Lane:
    """Connections for units of one statement: planned reads, or writes that are functions of the database.

    Taking one from the driver's pool and giving it back starts a task and a timer each: together they cost more than
    the statement. Here it is a list; the one that was used last is used next.
    """

    def __init__(self, open: Callable[[], Awaitable[Connection]], most: int) -> None:
        self._open = open
        self._turns = asyncio.Semaphore(most)
        # Each with the time since when it is idle, on the loop's clock.
        self._idle: list[tuple[Connection, float]] = []

    async def rows(self, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement. Raises TimeoutError where all connections stay in use."""
        if self._turns.locked():
            async with asyncio.timeout(ACQUIRE_SECONDS):
                await self._turns.acquire()
        else:
            await self._turns.acquire()
        try:
            return await self._rows(self._taken() or await self._open(), text, values)
        finally:
            self._turns.release()

    async def _rows(self, connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        try:
            rows: Sequence[Sequence[Any]] = await connection.fetch(text, *values)
        except (TimeoutError, asyncio.CancelledError):
            # The answer may come all the same, or never.
            connection.terminate()
            raise
        except Exception:
            self._put_back(connection)
            raise
        self._put_back(connection)
        return rows

    def _put_back(self, connection: Connection) -> None:
        self._idle.append((connection, asyncio.get_running_loop().time()))

    def _taken(self) -> Connection | None:
        # After an outage the idle ones are closed. What has not been used for long may have been forgotten by a
        # firewall between: it is used no more.
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            connection, since = self._idle.pop()
            if connection.is_closed():
                continue
            if since >= oldest:
                return connection
            connection.terminate()
        return None

    async def close(self) -> None:
        """Close those that are idle; nobody may be using one any more."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                await connection.close()


class Client(AsyncpgDBClient):
    """Tortoise's asyncpg client over our pool, and two lanes: a write that waits for a row keeps no read waiting."""

    connection_class = Connection
    _reading: Lane | None = None
    _writing: Lane | None = None

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        settings: dict[str, Any] = {
            "max_queries": 50_000,
            "max_inactive_connection_lifetime": IDLE_SECONDS,
            "connect": None,
            "setup": None,
            "init": None,
            "reset": None,
            **kwargs,
        }
        return await Pool(
            None,
            connection_class=settings.pop("connection_class"),
            record_class=asyncpg.Record,
            **settings,
        )

    async def read_rows(self, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a SELECT."""
        if self._reading is None:
            self._reading = Lane(self._open_reader, self.pool_maxsize)
        return await self._reading.rows(text, values)

    async def write_row(self, text: str, values: Sequence[Any]) -> Any:
        """The one row of a statement that is a unit of its own: stored once it is answered, or nothing of it.

        A caller may not be cancelled meanwhile, or nobody knows whether it is stored.
        """
        if self._writing is None:
            self._writing = Lane(self._open, self.pool_maxsize)
        try:
            (row,) = await self._writing.rows(text, values)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise IntegrityError(error) from error
        return row

    async def _open(self) -> Connection:
        connection: Connection = await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            connection_class=self.connection_class,
            server_settings=self.server_settings,
            timeout=ACQUIRE_SECONDS,
            **STATEMENTS,
            **self.extra,
        )
        return connection

    async def _open_reader(self) -> Connection:
        connection = await self._open()
        # An answer is text in UTF-8 on its way in, and on its way out: nothing is gained by decoding it in between.
        await connection.set_type_codec("text", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")
        return connection

    async def close(self) -> None:
        """Close the lanes and the pool."""
        for lane in (self._reading, self._writing):
            if lane is not None:
                await lane.close()
        self._reading = self._writing = None
        await super().close()

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await shielded(super().execute_many(query, values))


client_class = Client
