"""Bells: how a waiting feed learns that there may be something new. A bell carries no message and costs no memory.

Ears hear whispers, which are messages: short, kept nowhere else, and lost where somebody listens too slowly.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from realtime.company import Companies
from realtime.logs import Logs
from realtime.resting import Resting

# So many whispers wait for a listener; a further one takes the place of the oldest. Below 40 KB for each listener.
WHISPERS_KEPT = 64


class Bell:
    """Rings for one waiting feed. However often it is rung before the feed looks, it is one ring."""

    __slots__ = ("_waiter", "answer", "rung")

    def __init__(self) -> None:
        # Has it been rung since it was last hushed?
        self.rung = False
        # Who answers a ring, where nobody need be woken for it.
        self.answer: Callable[[], None] | None = None
        # An Event would cost each of thousands of bells .7 KB.
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_waited_for(self) -> bool:
        """Does its feed wait?"""
        return self._waiter is not None

    def ring(self) -> None:
        """There may be something new."""
        if self.answer is not None:
            self.answer()
            return
        self.rung = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def hush(self) -> None:
        """Forget earlier rings. Call it *before* reading: what comes while reading then rings again."""
        self.rung = False

    async def wait(self, patience: float) -> bool:
        """Wait for a ring, for `patience` seconds at most. False when it was patience that ended."""
        if self.rung:
            return True
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(patience):
                await self._waiter
        except TimeoutError:
            return False
        finally:
            self._waiter = None
        return True


class Whisper(NamedTuple):
    """A short text, and the topic under which it was whispered."""

    topic: str
    text: str


class Ear:
    """Hears the whispers under its topics, in order: `async for whisper in ear`. It never ends by itself."""

    __slots__ = ("_heard", "_something")

    def __init__(self, keep: int = WHISPERS_KEPT) -> None:
        self._heard: deque[Whisper] = deque(maxlen=keep)
        self._something = asyncio.Event()

    def hear(self, whisper: Whisper) -> None:
        """Keep it for the listener, in the place of the oldest where there are too many."""
        self._heard.append(whisper)
        self._something.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Whisper:
        """The oldest whisper that is left; waits for one."""
        while not self._heard:
            self._something.clear()
            await self._something.wait()
        return self._heard.popleft()


class Bells:
    """Who waits for which topic in this process, and who overhears it.

    Through `logs` those read together who are rung for together.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[Bell]] = {}
        self._ears: dict[str, set[Ear]] = {}
        self.logs = Logs()
        self.resting = Resting()
        self.companies = Companies(self)

    def hang(self, topic: str) -> Bell:
        """A bell for a topic, until it is taken down."""
        bell = Bell()
        self.put_up(topic, bell)
        return bell

    def put_up(self, topic: str, bell: Bell) -> None:
        """Hang a bell that there is."""
        self._waiting.setdefault(topic, set()).add(bell)

    def take_down(self, topic: str, bell: Bell) -> None:
        """Undo `hang` or `put_up`."""
        bells = self._waiting[topic]
        bells.discard(bell)
        if not bells:
            del self._waiting[topic]

    @contextmanager
    def listen(self, topic: str) -> Iterator[Bell]:
        """A bell for a topic, for as long as the block lasts."""
        bell = self.hang(topic)
        try:
            yield bell
        finally:
            self.take_down(topic, bell)

    def ring(self, topics: Iterable[str]) -> None:
        """Ring for everybody who waits for one of the topics."""
        for topic in topics:
            for bell in self._waiting.get(topic, ()):
                bell.ring()

    def ring_all(self) -> None:
        """Ring for everybody: after an outage nobody knows what was missed."""
        self.ring(list(self._waiting))

    @contextmanager
    def overhear(self, *topics: str, keep: int = WHISPERS_KEPT) -> Iterator[Ear]:
        """An ear for these topics, for as long as the block lasts. It holds the newest `keep` whispers at most."""
        ear = Ear(keep)
        for topic in topics:
            self._ears.setdefault(topic, set()).add(ear)
        try:
            yield ear
        finally:
            for topic in set(topics):
                self._ears[topic].discard(ear)
                if not self._ears[topic]:
                    del self._ears[topic]

    def whisper(self, topic: str, text: str) -> None:
        """Let everybody hear it who overhears the topic."""
        for ear in self._ears.get(topic, ()):
            ear.hear(Whisper(topic, text))
