"""Bells: how a waiting feed learns that there may be something new. A bell carries no message and costs no memory."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Bell:
    """Rings for one waiting feed. However often it is rung before the feed looks, it is one ring."""

    __slots__ = ("_rung",)

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    @property
    def rung(self) -> bool:
        """Has it been rung since it was last hushed?"""
        return self._rung.is_set()

    def ring(self) -> None:
        """There may be something new."""
        self._rung.set()

    def hush(self) -> None:
        """Forget earlier rings. Call it *before* reading: what comes while reading then rings again."""
        self._rung.clear()

    async def wait(self, patience: float) -> bool:
        """Wait for a ring, for `patience` seconds at most. False when it was patience that ended."""
        try:
            async with asyncio.timeout(patience):
                await self._rung.wait()
        except TimeoutError:
            return False
        return True


class Bells:
    """Who waits for which topic in this process."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[Bell]] = {}

    def hang(self, topic: str) -> Bell:
        """A bell for a topic, until it is taken down."""
        bell = Bell()
        self._waiting.setdefault(topic, set()).add(bell)
        return bell

    def take_down(self, topic: str, bell: Bell) -> None:
        """Undo `hang`."""
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
