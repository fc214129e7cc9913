"""The pool: everybody who may be suggested, in the memory of a process, and as the database has them.

It trusts no message: before it is used it asks the database what has changed since it last looked, and reads just
that. So an edit shows in the next query, whichever process stored it, and nothing can be lost on the way.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from tortoise.connection import get_connection

from matching.population import Population
from matching.ranking import Suggestion, best, explained
from models import clock
from models.database import dialect
from models.suggestion import reading
from models.suggestion.candidates import Candidates
from models.suggestion.dismissal import MatchRole

log = structlog.get_logger()

# A rank, and the id of who has it.
Place: TypeAlias = tuple[float, UUID]

# How old the prices may be: they are to spread what is asked, and need not know of the last request.
PRICED_FOR: Final = timedelta(seconds=10)

# Put into the arrays before others have their turn on the event loop: some milliseconds.
AT_ONCE: Final = 20

# No change has so great a number.
_NOTHING: Final = 2**62


class Pool:
    """The candidates of a database, kept up."""

    def __init__(self) -> None:
        self._candidates = Candidates()
        self._mark: int | None = None
        # The numbers of changes that are read already, and that the next look will find again.
        self._known: dict[UUID, int] = {}
        self._priced_until = clock.now()
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    @property
    def population(self) -> Population:
        """The people, as matching has them."""
        return self._candidates.population

    async def fresh(self) -> "Pool":
        """The pool, once it has all that was committed before this was called. Who comes together shares a look."""
        if self._next is None:
            self._next = asyncio.create_task(self.look())
        await asyncio.shield(self._next)
        return self

    async def look(self) -> None:
        """Read what has changed since the last look; the first time, everybody."""
        async with self._turn:
            # What is committed from here on may be missed: who comes now takes the next look.
            self._next = None
            if self._mark is None:
                await self._gather()
            await self._follow()
            if clock.now() >= self._priced_until:
                self._candidates.price(await reading.waiting())
                self._priced_until = clock.now() + PRICED_FOR

    def best(
        self,
        viewer_id: UUID,
        role: MatchRole,
        limit: int,
        *,
        exclude: Iterable[UUID],
        among: Iterable[UUID] | None = None,
        after: Place | None = None,
    ) -> list[Place]:
        """The places of the best for somebody: of mentors with a free place or, for a mentor, of who looks for one.

        `among` leaves out everybody else. None for a mentor without a free place, as nobody could be taken.
        """
        candidates, people = self._candidates, self.population
        if viewer_id not in people:
            return []
        if role is MatchRole.MENTOR and candidates.places[people.row(viewer_id)] == 0:
            return []
        open_to = candidates.places > 0 if role is MatchRole.MENTEE else candidates.seeking
        if among is not None:
            open_to = open_to & people.mask(among)
        found = best(people, viewer_id, role.side, limit, exclude=exclude, among=open_to, after=after)
        return cast(list[Place], found)

    def explained(self, viewer_id: UUID, role: MatchRole, places: Sequence[Place]) -> list[Suggestion]:
        """Who is at these places, and why. Who has gone meanwhile is left out."""
        people = self.population
        there = [place for place in places if place[1] in people] if viewer_id in people else []
        return explained(people, viewer_id, role.side, there)

    async def _gather(self) -> None:
        await reading.forget_foreign_numbers()
        # The mark before the people: who changes while everybody is read is read once more.
        mark = (await reading.changes(_NOTHING)).mark
        texts = await reading.everybody()
        # Seconds of work, where there are ten thousand.
        self._candidates = await asyncio.to_thread(Candidates, texts)
        self._mark, self._known, self._priced_until = mark, {}, clock.now()

    async def _follow(self) -> None:
        assert self._mark is not None
        found = await reading.changes(self._mark)
        new = [each for each in found.changed if self._known.get(each.id) != each.number]
        for gone in new:
            if gone.text is None:
                self._candidates.remove(gone.id)
        for done, text in enumerate([each.text for each in new if each.text is not None], 1):
            self._candidates.put(text)
            if done % AT_ONCE == 0:
                await asyncio.sleep(0)
        self._known = {each.id: each.number for each in found.changed}
        self._mark = found.mark


_pools: WeakKeyDictionary[Any, Pool] = WeakKeyDictionary()


def pool() -> Pool:
    """The pool of this process, for the database that is open."""
    connection = get_connection(dialect())
    if connection not in _pools:
        _pools[connection] = Pool()
    return _pools[connection]


async def gather() -> None:
    """Fill the pool before anybody asks for it. Where it cannot be filled now, the first who asks does it."""
    try:
        await pool().look()
    except Exception:
        log.exception("the pool of suggestions is not filled yet")
