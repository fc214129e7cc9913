"""The pairs worth looking at: the best mentors of every mentee and the best mentees of every mentor.

Lists of one side alone would miss: where all mentees like the same few mentors best, the others are on nobody's list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.programme.arena import Arena, Places
from matching.programme.tiles import TILE, Rows, in_order

KEPT: Final = 48
"""How many are kept on every list: enough that the first bound is mostly near enough, and scoring is not repeated."""

# As many hits of columns are sorted at a time: it bounds the memory.
_MOST_HITS: Final = 3_000_000
# So many times more than are wanted are cut down one by one; beyond that there are ties all over the tile.
_TIES: Final = 8


@dataclass(slots=True)
class Pairs:
    """Some pairs with their scores, each [pairs]."""

    mentees: Places
    mentors: Places
    scores: Rows

    def __len__(self) -> int:
        return len(self.mentees)

    def with_others(self, others: "Pairs", width: int) -> "Pairs":
        """All pairs of both, each once, by mentee and mentor; `width` is the number of mentors."""
        mentees = np.concatenate([self.mentees, others.mentees])
        mentors = np.concatenate([self.mentors, others.mentors])
        _, first = np.unique(mentees * width + mentors, return_index=True)
        return Pairs(mentees[first], mentors[first], np.concatenate([self.scores, others.scores])[first])


@dataclass(slots=True)
class Candidates:
    """The pairs on the lists, and what no other pair exceeds.

    A pair that is on no list has a score of at most the mentee's and of at most the mentor's limit.
    """

    pairs: Pairs
    mentee_limits: Rows
    mentor_limits: Rows
    complete: bool
    """Whether every allowed pair was looked at, and the lists are the best there are."""


def candidates(arena: Arena, may_go_on: Callable[[float], bool]) -> Candidates:
    """The best of all pairs. `may_go_on` is told the share done, and says whether there is time for more."""
    many, width = len(arena.mentees), len(arena.mentors)
    by_mentee, columns = [], _Columns(width)
    # Whoever is not reached may have any score.
    limits, reached = np.full(many, 1.0, dtype=np.float32), 0

    def look(places: Places) -> tuple[Places, Rows, Pairs, Rows]:
        scores = arena.tiles.scores(places)
        return places, scores, *best_of_rows(scores, places, KEPT)

    for places, scores, pairs, their_limits in in_order(look, tiles_of(np.arange(many)), arena.threads):
        if not may_go_on(reached / many):
            break
        by_mentee += [pairs, _previous(arena, scores, places)]
        limits[places] = their_limits
        columns.add(scores, places)
        reached = int(places[-1]) + 1
    complete = reached == many
    by_mentor, mentor_limits = columns.best()
    if not complete:
        mentor_limits[:] = 1.0
    found = joined([*by_mentee, by_mentor])
    return Candidates(found.with_others(joined([]), width), limits, mentor_limits, complete)


def tiles_of(places: Places) -> Iterator[Places]:
    """The places, a tile at a time."""
    return (places[first : first + TILE] for first in range(0, len(places), TILE))


def best_of_rows(scores: Rows, places: Places, kept: int) -> tuple[Pairs, Rows]:
    """The best pairs of every row that are worth more than nothing, and what no other of the row exceeds."""
    if scores.shape[1] <= kept:
        rows, columns = np.nonzero(scores >= 0)
        return Pairs(places[rows], columns, scores[rows, columns]), np.full(len(scores), -1.0, dtype=np.float32)
    floor = _floor(scores, kept)
    rows, columns = np.nonzero(scores >= np.maximum(floor, 0)[:, np.newaxis])
    if len(rows) > _TIES * kept * len(scores):
        return _best_of_ties(scores, places, kept)
    found = scores[rows, columns]
    order = np.lexsort((columns, -found, rows))
    rows, columns, found = rows[order], columns[order], found[order]
    rank = rank_within(rows)
    limits = np.full(len(scores), -1.0, dtype=np.float32)
    # The first that is left out bounds the rest; where all are kept, nothing is left.
    left_out = rank == kept
    limits[rows[left_out]] = found[left_out]
    keep = rank < kept
    below = np.bincount(rows, minlength=len(scores)) <= kept
    limits[below] = np.maximum(floor, -1)[below]
    return Pairs(places[rows[keep]], columns[keep], found[keep]), limits


def _floor(scores: Rows, kept: int) -> Rows:
    """A number that so many of each row reach, and hardly more: the best of blocks are among the best of all."""
    size = max(1, scores.shape[1] // (8 * kept))
    blocks = scores.shape[1] // size
    peaks = scores[:, : blocks * size].reshape(len(scores), blocks, size).max(axis=2)
    return np.partition(peaks, blocks - kept, axis=1)[:, blocks - kept]


def _best_of_ties(scores: Rows, places: Places, kept: int) -> tuple[Pairs, Rows]:
    """The same where many scores are equal: each row prefers other columns, lest all ask for the same few."""
    width = scores.shape[1]
    turns = (places[:, np.newaxis] * 7_919 + np.arange(width)) % width
    jitter = (turns * (1e-6 / width)).astype(np.float32)
    columns = np.argpartition(scores + jitter, width - kept, axis=1)[:, width - kept :]
    columns.sort(axis=1)
    found = np.take_along_axis(scores, columns, axis=1)
    limits = found.min(axis=1) + np.float32(2e-6)
    rows, kept_columns = np.nonzero(found >= 0)
    columns = columns[rows, kept_columns]
    return Pairs(places[rows], columns, scores[rows, columns]), limits


class _Columns:
    """The best mentees of every mentor, from tiles that come one after the other."""

    def __init__(self, width: int) -> None:
        self._floors = np.full(width, -0.5, dtype=np.float32)
        self._kept: list[Pairs] = []
        self._many = 0

    def add(self, scores: Rows, places: Places) -> None:
        """Look at a tile."""
        rows, columns = np.nonzero(scores > self._floors)
        self._kept.append(Pairs(places[rows], columns, scores[rows, columns]))
        self._many += len(rows)
        if self._many > _MOST_HITS:
            self._cut()

    def best(self) -> tuple[Pairs, Rows]:
        """The pairs, and for each mentor the score that nobody else exceeds."""
        self._cut()
        return self._kept[0], np.where(self._floors < 0, np.float32(-1), self._floors)

    def _cut(self) -> None:
        """Keep the best of each column, and raise the floors to the last of them."""
        found = joined(self._kept)
        # One number sorts by column, then by falling score; a stable sort then by mentee.
        falling = np.rint((2 - found.scores.astype(np.float64)) * (1 << 40)).astype(np.int64)
        order = np.argsort(found.mentors.astype(np.int64) << 42 | falling, kind="stable")
        order = order[rank_within(found.mentors[order]) < KEPT]
        kept = Pairs(found.mentees[order], found.mentors[order], found.scores[order])
        last = np.flatnonzero(rank_within(kept.mentors) == KEPT - 1)
        self._floors[kept.mentors[last]] = kept.scores[last]
        self._kept, self._many = [kept], 0


def joined(parts: list[Pairs]) -> Pairs:
    """All pairs of all parts, one part after the other."""
    if not parts:
        return Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))
    return Pairs(
        np.concatenate([part.mentees for part in parts]),
        np.concatenate([part.mentors for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


def _previous(arena: Arena, scores: Rows, places: Places) -> Pairs:
    """The pairs of the last run in this tile, which are candidates whatever their score."""
    mentees, mentors = arena.previous
    mine = slice(*np.searchsorted(mentees, [places[0], places[-1] + 1]))
    return Pairs(mentees[mine], mentors[mine], scores[mentees[mine] - places[0], mentors[mine]])


def rank_within(groups: NDArray[np.intp]) -> Places:
    """The place of each within the run of equals that it stands in."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
