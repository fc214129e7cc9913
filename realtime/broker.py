"""Brokers: they carry rings from the process that stored something to the processes in which somebody waits.

The embedded broker serves a single process. The PostgreSQL broker carries rings between processes by NOTIFY. It
notifies after commit, from one task, with all topics that have come together meanwhile: a NOTIFY inside the
transaction would take a lock that is global to the server, for every send.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import structlog

from models import bell
from realtime.bells import Bells

log = structlog.get_logger()

CHANNEL = "alongside"

# PostgreSQL takes payloads of fewer than 8,000 bytes.
PAYLOAD_BYTES = 7_900

# How long connecting, or one statement, may take: where a connection was lost without a word, TCP would wait for a
# quarter of an hour. And how often the listener asks, which says nothing else.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 10.0

RECONNECT_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)


@asynccontextmanager
async def embedded_broker() -> AsyncIterator[Bells]:
    """The broker of a single process: what is rung in it is heard in it."""
    bells = Bells()
    bell.hang(bells.ring)
    try:
        yield bells
    finally:
        bell.take_down(bells.ring)


@asynccontextmanager
async def postgres_broker(url: str) -> AsyncIterator[Bells]:
    """The broker of several processes on one PostgreSQL. `url` must be a direct connection, not a pooler."""
    bells = Bells()
    wire = PostgresWire(url, bells)
    bell.hang(wire.ring)
    # The tasks are kept in names: the event loop alone would let them be collected.
    tasks = [asyncio.create_task(wire.keep(work)) for work in (wire.carry, wire.hear)]
    try:
        await wire.ready.wait()
        yield bells
    finally:
        bell.take_down(wire.ring)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class PostgresWire:
    """Carries rings out by NOTIFY, and hears those of others by LISTEN. Either side heals by itself."""

    def __init__(self, url: str, bells: Bells) -> None:
        self.url = url
        self.bells = bells
        self.ready = asyncio.Event()
        self._me = uuid4().hex
        self._outgoing: set[str] = set()
        self._something = asyncio.Event()

    def ring(self, topics: Iterable[str]) -> None:
        """Ring here at once; the others hear it with the next notification."""
        topics = tuple(topics)
        self.bells.ring(topics)
        self._outgoing.update(topics)
        self._something.set()

    async def carry(self, connection: Any) -> None:
        """Send what has been rung, together, whenever there is something."""
        while True:
            await self._something.wait()
            self._something.clear()
            topics, self._outgoing = self._outgoing, set()
            try:
                for payload in payloads(self._me, topics):
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
            except BaseException:
                # They go out with the next connection.
                self._outgoing |= topics
                self._something.set()
                raise

    async def hear(self, connection: Any) -> None:
        """Ring here what other processes have rung."""
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _: gone.set())
        await connection.add_listener(CHANNEL, self._heard)
        # Nobody knows what was rung while we did not listen.
        self.bells.ring_all()
        self.ready.set()
        while not await _within(gone, LOOK_SECONDS):
            await connection.execute("SELECT 1")
        raise ConnectionError("the listening connection has ended")

    async def keep(self, work: Callable[[Any], Awaitable[None]]) -> None:
        """Do the work on a connection of its own; after a failure, on a new one, for ever."""
        failures = 0
        while True:
            try:
                connection = await asyncpg.connect(self.url, timeout=PATIENCE_SECONDS, command_timeout=PATIENCE_SECONDS)
                try:
                    failures = 0
                    await work(connection)
                finally:
                    connection.terminate()
            except Exception as error:
                log.warning("the broker lost its connection", work=work.__name__, error=repr(error))
                await asyncio.sleep(RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)])
                failures += 1

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        try:
            sender, *topics = orjson.loads(payload)
        except (ValueError, TypeError):
            log.warning("a notification that is not ours", channel=CHANNEL)
            return
        if sender != self._me:
            self.bells.ring(topic for topic in topics if isinstance(topic, str))


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def payloads(sender: str, topics: Iterable[str]) -> Iterator[str]:
    """The topics in as few notifications as they fit in; each begins with its sender."""
    batch: list[str] = [sender]
    for topic in topics:
        if len(orjson.dumps([*batch, topic])) > PAYLOAD_BYTES:
            yield orjson.dumps(batch).decode()
            batch = [sender]
        batch.append(topic)
    if len(batch) > 1:
        yield orjson.dumps(batch).decode()
