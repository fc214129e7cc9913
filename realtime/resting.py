"""Who rests: subscriptions that wait for a ring, each of which looks again now and then, as a ring can be lost.

There is one timer for all of them, so that those who are due look together.
"""

import asyncio
from collections import OrderedDict
from typing import Protocol

# In one patience the timer goes off so many times.
SLICES = 30


class Looking(Protocol):
    """Whoever rests."""

    def look(self) -> None:
        """Look for what is new."""


class Resting:
    """Has those who rest look again, each after its patience."""

    def __init__(self) -> None:
        # When each is due, on the loop's clock, and its patience in seconds. Who is due first comes first.
        self._due: OrderedDict[Looking, tuple[float, float]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, one: Looking, patience: float) -> None:
        """It rests from now on."""
        loop = asyncio.get_running_loop()
        self._due[one] = loop.time() + patience, patience
        if self._timer is None:
            self._timer = loop.call_later(patience / SLICES, self._look, patience)

    def discard(self, one: Looking) -> None:
        """It rests no more."""
        self._due.pop(one, None)
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, pause: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(pause / SLICES, self._look, pause)
        now, due = loop.time(), []
        for one, (when, _) in self._due.items():
            if when > now:
                break
            due.append(one)
        for one in due:
            _, patience = self._due.pop(one)
            self._due[one] = now + patience, patience
            one.look()
