"""A wire: one process's end of a broker. Either direction heals by itself."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

import structlog

from realtime.background import beside
from realtime.bells import Bells, Whisper
from realtime.broker.embedded import hung
from realtime.broker.envelope import envelopes, opened

log = structlog.get_logger()

# How long connecting, or one statement, may take: where a connection was lost without a word, TCP would wait for a
# quarter of an hour. And how often the listener asks, which says nothing else.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 10.0

# A process whose broker is away at the start waits so long for it, then goes on without: rings cost delay.
START_SECONDS = 5.0

RECONNECT_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)

# So many whispers wait to be carried; a further one takes the place of the oldest.
WHISPERS_WAITING = 1_000

Send = Callable[[bytes], Awaitable[object]]


class Refusing(Exception):
    """The broker is there and does not take us: it wants another name or password."""


class Wire(ABC):
    """Carries what is rung and whispered here to the others, and lets hear here what they rang and whispered."""

    # What one envelope may hold.
    most_bytes = 64 * 1024

    def __init__(self, bells: Bells) -> None:
        self.bells = bells
        self.ready = asyncio.Event()
        self._me = uuid4().hex
        self._outgoing: set[str] = set()
        self._whispers: deque[Whisper] = deque(maxlen=WHISPERS_WAITING)
        self._something = asyncio.Event()

    @abstractmethod
    async def greet(self) -> None:
        """Connect once, and leave again. Raises `Refusing`, or what keeps it from connecting."""

    @abstractmethod
    async def carrying(self) -> None:
        """Connect, and `carry` until the connection fails."""

    @abstractmethod
    async def hearing(self) -> None:
        """Connect, say that we are `listening`, and let hear what is `heard`, until the connection fails."""

    @property
    def works(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What is to be kept up, each in a task of its own."""
        return self.carrying, self.hearing

    def ring(self, topics: Iterable[str]) -> None:
        """Ring here at once; the others hear it with the next envelope."""
        topics = tuple(topics)
        self.bells.ring(topics)
        self._outgoing.update(topics)
        self._something.set()

    def whisper(self, topic: str, text: str) -> None:
        """Whisper here at once; the others hear it with the next envelope, or never."""
        self.bells.whisper(topic, text)
        self._whispers.append(Whisper(topic, text))
        self._something.set()

    async def carry(self, send: Send) -> None:
        """Send what has been rung and whispered, together, whenever there is something."""
        # What was whispered while there was no connection is no longer true.
        self._whispers.clear()
        while True:
            await self._something.wait()
            self._something.clear()
            topics, self._outgoing = self._outgoing, set()
            whispers = tuple(self._whispers)
            self._whispers.clear()
            try:
                for envelope in envelopes(self._me, (*topics, *whispers), self.most_bytes):
                    await send(envelope)
            except BaseException:
                # Rings go out with the next connection.
                self._outgoing |= topics
                self._something.set()
                raise

    def listening(self) -> None:
        """From now on we hear the others. Nobody knows what was rung while we did not: so everybody looks."""
        self.bells.ring_all()
        self.ready.set()

    def heard(self, envelope: bytes | str) -> None:
        """Let hear here what others sent."""
        opened(envelope, self._me, self.bells)

    async def keep(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work; after a failure, again, for ever. It is to set the wire up anew each time."""
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await work()
            except Exception as error:
                # One that had worked for a while is tried again soon.
                if asyncio.get_running_loop().time() - began > PATIENCE_SECONDS:
                    failures = 0
                log.warning("the broker has no connection", work=work.__name__, error=repr(error))
                await asyncio.sleep(RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)])
                failures += 1


@asynccontextmanager
async def strung(wire: Wire) -> AsyncIterator[Bells]:
    """Within the block the wire carries this process's rings and whispers."""
    with hung(wire):
        async with beside(*(partial(wire.keep, work) for work in wire.works)):
            await _begun(wire)
            yield wire.bells


async def _begun(wire: Wire) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            await wire.ready.wait()
    except TimeoutError:
        log.error("the broker is away; until it comes, what others do is seen with a delay")
