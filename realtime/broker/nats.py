"""The broker on NATS (core, with no storage): one subject, and a connection for each direction."""

import asyncio
import math
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from nats.aio.client import Callback, Client, ErrorCallback
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoServersError, SlowConsumerError

from realtime.background import ended
from realtime.bells import Bells
from realtime.broker import wire
from realtime.broker.wire import Refusing, Wire

SUBJECT = "alongside"


class NatsWire(Wire):
    """`url` is nats://user:password@host:port or nats://token@host:port, tls:// for TLS; a cluster's, by commas."""

    def __init__(self, url: str, bells: Bells) -> None:
        super().__init__(bells)
        self.urls = [part.strip() for part in url.split(",")]

    async def greet(self) -> None:
        """Connect, and leave again."""
        async with self._connected(asyncio.Event()) as connection:
            await _flushed(connection)

    async def carrying(self) -> None:
        """Publish, and ask each time whether the server has it: what is lost with a connection goes out again."""
        gone = asyncio.Event()
        async with self._connected(gone) as connection:

            async def send(envelope: bytes) -> None:
                await connection.publish(SUBJECT, envelope)
                await _flushed(connection)

            # The library lets those wait who asked on a connection that ended meanwhile.
            await _until(gone, self.carry(send))

    async def hearing(self) -> None:
        """Subscribe. The library's own pings find out where a connection was lost without a word."""
        gone = asyncio.Event()
        async with self._connected(gone) as connection:

            async def heard(message: Msg) -> None:
                self.heard(message.data)

            await connection.subscribe(SUBJECT, cb=heard)
            await _flushed(connection)
            self.listening()
            await gone.wait()
        raise ConnectionError("the subscribed connection has ended")

    @asynccontextmanager
    async def _connected(self, gone: asyncio.Event) -> AsyncIterator[Client]:
        said: list[Exception] = []

        async def told(error: Exception) -> None:
            # What came faster than we took it is lost: everybody looks.
            if isinstance(error, SlowConsumerError):
                self.bells.ring_all()
            said[:] = [error]

        async def closed() -> None:
            gone.set()

        connection = Client()
        try:
            await self._connect(connection, told, closed)
            yield connection
        except NatsError as error:
            # That no server was found says less than what the last one said.
            cause = said[-1] if said and isinstance(error, NoServersError) else error
            raise Refusing(str(cause)) if "authorization" in str(cause).lower() else cause from error
        finally:
            # Also one that was not made: the library leaves its socket open; where there is none, it asserts one.
            with suppress(AssertionError):
                await connection.close()

    async def _connect(self, connection: Client, told: ErrorCallback, closed: Callback) -> None:
        # It is set up anew as every wire is (`Wire.keep`), not by the library.
        await connection.connect(
            self.urls,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=math.ceil(wire.PATIENCE_SECONDS),
            ping_interval=math.ceil(wire.LOOK_SECONDS),
            max_outstanding_pings=1,
            error_cb=told,
            closed_cb=closed,
        )


async def _until(gone: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    tasks = asyncio.ensure_future(work), asyncio.ensure_future(gone.wait())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await ended(tasks)
        (failure, _) = await asyncio.gather(*tasks, return_exceptions=True)
    raise failure if isinstance(failure, Exception) else ConnectionError("the connection has ended")


async def _flushed(connection: Client) -> None:
    """Return once the server has all that was sent."""
    # The library writes its ping at once, and what was sent before it a moment later: so the first answer says
    # nothing of that, and the second does.
    for _ in range(2):
        await connection.flush(math.ceil(wire.PATIENCE_SECONDS))
