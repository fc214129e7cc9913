"""Logs: the inbox logs, read for all who ask in one turn of the loop together, and shown to them together.

A message rings for everybody in its conversation, on each of their devices. All of them ask for what follows their
place, and get it by one statement; and whoever is shown it in the same way, by one more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

import structlog

from models.inbox import Entry, InboxEvent, Stretch

log = structlog.get_logger()

# How many events a subscription is given at once: so many are in memory for it at most, whatever waits in its log.
BATCH = 64

# How many places one statement reads from, and how many rounds there are at once: one asks the database while another
# writes. More of them would only be smaller.
PLACES = 512
ROUNDS = 2


class _Word:
    """A word that means itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


# Of an event whose subject its account may not see; and of one that each subscription must make for itself.
UNSEEN: Final[Any] = _Word("UNSEEN")
UNSHOWN: Final[Any] = _Word("UNSHOWN")


@dataclass(slots=True)
class Delivery:
    """An event of the inbox, with the cursor to resume after it; and the bytes that show it, where it was shown."""

    event: Entry
    cursor: str
    shown: bytes = UNSHOWN


@dataclass(slots=True)
class Found:
    """What followed a place. `stretch` says where the log stood then."""

    stretch: Stretch
    deliveries: Sequence[Delivery]


# Sets `shown` of each delivery to bytes or UNSEEN, or leaves it. What is asked for with one such function is shown in
# the same way: each event to the account that it is of.
Show = Callable[[Sequence[Delivery]], Awaitable[None]]

# Takes bytes for the client at once, or says that it cannot now.
Offer = Callable[[bytes], bool]

# An account, a position in its log, and how what follows is shown: devices that are alike share what is found.
Place = tuple[UUID, int, Show | None]
Taker = Callable[[Found | Exception], None]


class Logs:
    """Reads the logs of one process's subscriptions."""

    def __init__(self) -> None:
        self._asked: dict[Place, list[Taker]] = {}
        self._rounds: set[asyncio.Task[None]] = set()

    async def after(self, place: Place) -> Found:
        """The next events after a place."""
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()

        def take(found: Found | Exception) -> None:
            # Whoever waited may have gone.
            if answer.done():
                return
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        self.ask(place, take)
        return await answer

    def ask(self, place: Place, take: Taker) -> None:
        """Have `take` called with the next events after a place, or with what kept us from reading them."""
        self._asked.setdefault(place, []).append(take)
        if len(self._rounds) < ROUNDS:
            # It begins when all have asked that were rung for in this turn.
            task = asyncio.create_task(self._round())
            self._rounds.add(task)
            task.add_done_callback(self._rounds.discard)

    async def _round(self) -> None:
        while self._asked:
            # As lists, as a place costs more to look for than all else that is done with it here.
            taken = list(islice(self._asked.items(), PLACES))
            self._asked = dict(islice(self._asked.items(), PLACES, None))
            try:
                found = await _read([place for place, _ in taken])
            except Exception as error:
                _hand_over((takers, error) for _, takers in taken)
                continue
            by_show: dict[Show | None, list[tuple[list[Taker], Found]]] = {}
            for ((_, _, show), takers), each in zip(taken, found, strict=True):
                by_show.setdefault(show, []).append((takers, each))
            for show, those in by_show.items():
                failed = await _shown(show, [each for _, each in those])
                _hand_over((takers, failed or each) for takers, each in those)
            # On SQLite nothing of this need have waited: others have their turn.
            await asyncio.sleep(0)


def _hand_over(found: Iterable[tuple[list[Taker], Found | Exception]]) -> None:
    for takers, what in found:
        for take in takers:
            try:
                take(what)
            except Exception:
                log.exception("events could not be handed over")


async def _shown(show: Show | None, found: Sequence[Found]) -> Exception | None:
    deliveries = [delivery for each in found for delivery in each.deliveries]
    try:
        if show is not None and deliveries:
            await show(deliveries)
    except Exception as error:
        return error
    return None


async def _read(places: Sequence[Place]) -> list[Found]:
    stretches = await InboxEvent.after([(account_id, position) for account_id, position, _ in places], BATCH)
    return [_found(stretch) for stretch in stretches]


def _found(stretch: Stretch) -> Found:
    return Found(stretch, [Delivery(entry, str(stretch.cursor(entry.position))) for entry in stretch.entries])
