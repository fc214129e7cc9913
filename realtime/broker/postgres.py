"""The broker of several processes on one PostgreSQL: NOTIFY after commit, LISTEN.

A NOTIFY inside the transaction would take a lock that is global to the server, for every send.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from realtime.bells import Bells
from realtime.broker import wire
from realtime.broker.wire import Wire

CHANNEL = "alongside"


class PostgresWire(Wire):
    """`url` must lead to the server itself, not to a pooler. Each direction has a connection of its own."""

    # PostgreSQL takes payloads of fewer than 8,000 bytes.
    most_bytes = 7_900

    def __init__(self, url: str, bells: Bells) -> None:
        super().__init__(bells)
        self.url = url

    async def greet(self) -> None:
        """Connect, and leave again."""
        async with self._connected("greets"):
            pass

    async def carrying(self) -> None:
        """Send by NOTIFY."""
        async with self._connected("rings") as connection:
            await self.carry(
                lambda envelope: connection.execute("SELECT pg_notify($1, $2)", CHANNEL, envelope.decode())
            )

    async def hearing(self) -> None:
        """Hear by LISTEN."""
        gone = asyncio.Event()
        async with self._connected("listens") as connection:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, payload: self.heard(payload))
            self.listening()
            while not await _within(gone, wire.LOOK_SECONDS):
                await connection.execute("SELECT 1")
        raise ConnectionError("the listening connection has ended")

    @asynccontextmanager
    async def _connected(self, does: str) -> AsyncIterator[Any]:
        patience = wire.PATIENCE_SECONDS
        # An operator sees in pg_stat_activity whose it is.
        named = {"application_name": f"alongside {does}"}
        connection = await asyncpg.connect(self.url, timeout=patience, command_timeout=patience, server_settings=named)
        try:
            yield connection
        finally:
            connection.terminate()


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
