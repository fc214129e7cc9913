"""The scores of all mentees with all mentors, some rows at a time: what `scoring` says, some ten times as fast.

A row is made of whole-row sums over arrays that stay in the processor's cache. What depends on a mentee's languages,
years, industry or ways to meet alone is made once for all who have the same. Weights are doubled, so that the
harmonic mean needs no factor: `2e 2r / (2e + 2r)` is `2er / (e + r)`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.components import ALIKE, ENOUGH_HOURS, NEUTRAL, UNLIKE, Numbers, common, industry, seniority
from matching.features import Features, Words
from matching.fit import NAMES, Name, Weights

Rows: TypeAlias = NDArray[np.float32]

Given = TypeVar("Given")
Made = TypeVar("Made")

TILE: Final = 64
"""How many rows are made at a time."""

# Divides 0 by something where both sums are 0, and changes no other sum.
_TINY: Final = np.float32(1e-30)


class Tiles:
    """Scores by rows, `FORBIDDEN` (-1) where `forbid` says so: given a mentee's place, masks or places of mentors."""

    def __init__(
        self,
        mentees: Features,
        mentors: Features,
        weights: Weights,
        forbid: Callable[[int], Sequence[NDArray[Any]]],
    ) -> None:
        self._mentees, self._mentors, self._forbid = mentees, mentors, forbid
        sides = np.array([weights.mentee.in_order(), weights.mentor.in_order()], dtype=np.float32)
        # One column for both sides: [2, 1].
        self._weights: dict[Name, Rows] = {name: 2 * sides[:, place, np.newaxis] for place, name in enumerate(NAMES)}
        self._made: dict[tuple[str, bytes], Rows] = {}
        self._offered = _bits(mentors.offered)
        self._wanted = [np.flatnonzero(bits) for bits in _bits(mentees.wanted).T]
        self._no_offer = np.flatnonzero(mentors.offers == 0)
        self._no_week = np.flatnonzero(~mentors.week.any(axis=0))
        self._no_about = np.flatnonzero(~mentors.has_about)
        self._texts_count = bool(self._weights["goals"].any() and mentors.has_about.any())
        self._about = (mentors.about / np.float32(ALIKE - UNLIKE)).T if self._texts_count else None

    def scores(self, places: NDArray[np.intp]) -> Rows:
        """The scores of the mentees in these places: [places, mentors]."""
        many = len(self._mentors)
        scores = np.empty((len(places), many), dtype=np.float32)
        # Rows of the texts become rows of scores in place.
        if self._about is not None:
            np.matmul(self._mentees.goals[places], self._about, out=scores)
        total, part = np.empty((2, many), dtype=np.float32), np.empty((2, many), dtype=np.float32)
        for row, place in zip(scores, places.tolist(), strict=True):
            self._add_shared(place, total)
            self._add_skills(place, total, part)
            self._add_hours(place, total, part)
            self._add_texts(place, total, part, row)
            np.multiply(total[0], total[1], out=row)
            np.add(total[0], total[1], out=part[0])
            np.maximum(part[0], _TINY, out=part[0])
            np.divide(row, part[0], out=row)
            for forbidden in self._forbid(place):
                row[forbidden] = -1
        return scores

    def _add_shared(self, place: int, total: Rows) -> None:
        """Languages, seniority, industry and ways to meet."""
        one, others = self._mentees, self._mentors
        mine = slice(place, place + 1)
        rows = (
            self._once("languages", one.languages[:, mine], lambda: common(one.languages[:, mine], others.languages)),
            self._once("seniority", one.years[mine], lambda: seniority(others.years - one.years[mine])),
            self._once("industry", one.industry[mine], lambda: industry(one.industry[mine], others.industry)),
            self._once("format", one.formats[:, mine], lambda: common(one.formats[:, mine], others.formats)),
        )
        np.add(rows[0], rows[1], out=total)
        total += rows[2]
        total += rows[3]

    def _once(self, name: Name, key: NDArray[Any], make: Callable[[], Numbers]) -> Rows:
        known = (name, key.tobytes())
        if known not in self._made:
            self._made[known] = self._weights[name] * make().astype(np.float32)
        return self._made[known]

    def _add_skills(self, place: int, total: Rows, part: Rows) -> None:
        weights, wanted = self._weights["skills"], self._wanted[place]
        if not len(wanted):
            total += weights * np.float32(NEUTRAL)
            return
        found = np.zeros(len(self._mentors), dtype=np.uint8)
        for skill in wanted[wanted < len(self._offered)]:
            found += self._offered[skill]
        np.multiply(self._share_of(len(wanted)), found, out=part)
        total += part
        total[1, self._no_offer] += weights[1] * np.float32(NEUTRAL)

    def _share_of(self, wanted: int) -> Rows:
        """What one skill found adds to either side."""
        known = ("share", wanted.to_bytes(4, "big"))
        if known not in self._made:
            whole = np.minimum(wanted, np.maximum(self._mentors.offers, 1)).astype(np.float32)
            self._made[known] = (self._weights["skills"] / np.vstack([np.full_like(whole, wanted), whole])).astype(
                np.float32
            )
        return self._made[known]

    def _add_hours(self, place: int, total: Rows, part: Rows) -> None:
        weights, mine = self._weights["availability"], self._mentees.week[:, place]
        if not mine.any():
            total += weights * np.float32(NEUTRAL)
            return
        hours = np.zeros(len(self._mentors), dtype=np.uint8)
        for word, theirs in zip(mine, self._mentors.week, strict=True):
            if word:
                hours += np.bitwise_count(theirs & word)
        np.minimum(hours, ENOUGH_HOURS, out=hours)
        hours[self._no_week] = int(NEUTRAL * ENOUGH_HOURS)
        np.multiply(weights / np.float32(ENOUGH_HOURS), hours, out=part)
        total += part

    def _add_texts(self, place: int, total: Rows, part: Rows, cosines: Rows) -> None:
        """`cosines` are in units of the span from unlike to alike."""
        if not self._texts_count or not self._mentees.has_goals[place]:
            total += self._weights["goals"] * np.float32(NEUTRAL)
            return
        cosines -= np.float32(UNLIKE / (ALIKE - UNLIKE))
        np.maximum(cosines, np.float32(0), out=cosines)
        np.minimum(cosines, np.float32(1), out=cosines)
        cosines[self._no_about] = NEUTRAL
        np.multiply(self._weights["goals"], cosines, out=part)
        total += part


def in_order(work: Callable[[Given], Made], parts: Iterable[Given], threads: int) -> Iterator[Made]:
    """The work on each part, one after the other; with threads, the next parts are worked on meanwhile.

    NumPy lets others run while it works on long rows.
    """
    if threads == 1:
        yield from map(work, parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Made]] = deque()
        for part in parts:
            waiting.append(pool.submit(work, part))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _bits(words: Words) -> NDArray[np.uint8]:
    """Masks as a row of 0 and 1 for each bit: [bits, people]."""
    as_bytes = np.ascontiguousarray(words.T).astype("<u8").view(np.uint8)
    return np.ascontiguousarray(np.unpackbits(as_bytes, axis=1, bitorder="little").T)
