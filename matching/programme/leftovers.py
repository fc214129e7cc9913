"""Why somebody is left over: too few places for too many (Hall), or rules that leave nobody."""

import numpy as np
from numpy.typing import NDArray

from matching.programme.arena import Arena, Integers, Places
from matching.programme.result import Exclusion, Leftover, Shortage


def leftovers(arena: Arena, mentor_of: Places, loads: Integers) -> tuple[tuple[Leftover, ...], tuple[Shortage, ...]]:
    """Whoever has no mentor in this assignment, by place, and the shortages that they are in."""
    search = _Search(arena, mentor_of, loads)
    left = np.flatnonzero(mentor_of < 0)
    shortages = [search.shortage_of(mentee) for mentee in left.tolist()]
    found = tuple(
        Leftover(arena.mentees[mentee], int(arena.allowed(mentee).sum()), _exclusions(arena, mentee), shortage)
        for mentee, shortage in zip(left.tolist(), shortages, strict=True)
    )
    return found, search.shortages()


def _exclusions(arena: Arena, mentee: int) -> tuple[Exclusion, ...]:
    rows: list[tuple[str, NDArray[np.bool_]]] = [(name, row(mentee)) for name, row in arena.rules]
    barred = np.zeros(len(arena.mentors), dtype=np.int64)
    for places in arena.barred(mentee):
        barred[places] = 1
    times = sum((row.astype(np.int64) for _, row in rows), start=barred)
    found = (Exclusion(name, int(row.sum()), int((row & (times == 1)).sum())) for name, row in rows)
    return tuple(exclusion for exclusion in found if exclusion.mentors)


class _Search:
    """Alternating search (Berge, 1957): from somebody left over to the mentors they might have, to those mentors'
    mentees, to the mentors whom these might have instead, and so on. Where that never comes to a free place,
    all whom it came to have too few places.
    """

    def __init__(self, arena: Arena, mentor_of: Places, loads: Integers) -> None:
        self._arena, self._mentor_of = arena, mentor_of
        matched = np.flatnonzero(mentor_of >= 0)
        self._by_mentor = matched[np.argsort(mentor_of[matched], kind="stable")]
        self._starts = np.searchsorted(mentor_of[self._by_mentor], np.arange(len(arena.mentors) + 1))
        # From these mentors a free place can be come to.
        self._freeing = loads < arena.places
        # The shortage that a mentor was first found in; -1 for none.
        self._number = np.full(len(arena.mentors), -1, dtype=np.int64)
        self._mentors: list[NDArray[np.bool_]] = []
        self._starters: list[list[int]] = []

    def shortage_of(self, mentee: int) -> int | None:
        """The number of the shortage that somebody left over is in; None where a place could be had."""
        seen = np.zeros(len(self._number), dtype=np.bool_)
        via, queue = np.full(len(seen), -1, dtype=np.intp), [mentee]
        while queue:
            asking = queue.pop()
            found = self._arena.allowed(asking) & ~seen
            if (found & self._freeing).any():
                self._mark(asking, via)
                return None
            via[found] = asking
            # All that is beyond mentors of a known shortage is known.
            for number in self._numbers(found):
                found |= self._mentors[number]
            seen |= found
            for mentor in np.flatnonzero(found & (self._number < 0)).tolist():
                queue.extend(self._by_mentor[self._starts[mentor] : self._starts[mentor + 1]].tolist())
        return self._settle(mentee, seen)

    def _numbers(self, mentors: NDArray[np.bool_]) -> list[int]:
        """The shortages that these mentors were first found in."""
        return np.flatnonzero(np.bincount(self._number[mentors] + 1)[1:]).tolist()

    def _mark(self, asking: int, via: Places) -> None:
        """The mentors on the way to a free place lead there for others too."""
        while (mentor := self._mentor_of[asking]) >= 0:
            self._freeing[mentor] = True
            asking = int(via[mentor])

    def _settle(self, mentee: int, seen: NDArray[np.bool_]) -> int:
        """Somebody whose mentors are those of a known shortage joins it."""
        for number in self._numbers(seen):
            if np.array_equal(self._mentors[number], seen):
                self._starters[number].append(mentee)
                return number
        self._number[seen & (self._number < 0)] = len(self._mentors)
        self._mentors.append(seen)
        self._starters.append([mentee])
        return len(self._mentors) - 1

    def shortages(self) -> tuple[Shortage, ...]:
        """All that were found."""
        return tuple(map(self._shortage, range(len(self._mentors))))

    def _shortage(self, number: int) -> Shortage:
        mentors = self._mentors[number]
        matched = self._by_mentor[mentors[self._mentor_of[self._by_mentor]]]
        # Who was left over within it shares these places as well.
        within = [
            starter
            for other, starters in enumerate(self._starters)
            for starter in starters
            if other == number or not (self._mentors[other] & ~mentors).any()
        ]
        arena = self._arena
        return Shortage(
            mentees=tuple(arena.mentees[place] for place in sorted({*matched.tolist(), *within})),
            mentors=tuple(arena.mentors[place] for place in np.flatnonzero(mentors).tolist()),
            places=int(arena.places[mentors].sum()),
        )
