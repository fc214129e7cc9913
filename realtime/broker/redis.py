"""The broker on Redis or Valkey: one channel of their PUBLISH and SUBSCRIBE, and a connection for each direction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError

from realtime.bells import Bells
from realtime.broker import wire
from realtime.broker.wire import Refusing, Wire

CHANNEL = "alongside"


class RedisWire(Wire):
    """`url` is redis://user:password@host:port, rediss:// for TLS; valkey:// and valkeys:// mean the same."""

    def __init__(self, url: str, bells: Bells) -> None:
        super().__init__(bells)
        scheme, _, rest = url.partition("://")
        self.url = f"{scheme.replace('valkey', 'redis')}://{rest}"

    async def greet(self) -> None:
        """Connect, and leave again."""
        async with self._connected() as connection:
            await connection.publish(CHANNEL, b"[]")

    async def carrying(self) -> None:
        """Publish."""
        async with self._connected() as connection:
            await self.carry(lambda envelope: connection.publish(CHANNEL, envelope))

    async def hearing(self) -> None:
        """Subscribe; ask now and then whether the server is still there."""
        async with self._connected() as connection, connection.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            asked = False
            while True:
                message = await channel.get_message(timeout=wire.PATIENCE_SECONDS if asked else wire.LOOK_SECONDS)
                if message is None and asked:
                    raise ConnectionError("the server does not answer")
                asked = message is None
                match message:
                    case None:
                        await channel.ping()
                    case {"type": "subscribe"}:
                        self.listening()
                    case {"type": "message", "data": bytes() as envelope}:
                        self.heard(envelope)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Redis]:
        # It is set up anew as every wire is (`Wire.keep`), not by the library.
        connection = Redis.from_url(
            self.url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=wire.PATIENCE_SECONDS,
            socket_connect_timeout=wire.PATIENCE_SECONDS,
        )
        try:
            yield connection
        except (AuthenticationError, AuthorizationError, NoPermissionError) as error:
            raise Refusing(str(error)) from error
        finally:
            await connection.aclose()
