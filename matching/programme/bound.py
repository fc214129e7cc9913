"""How much any assignment can be worth at most: a bound over all pairs, candidates or not.

For any prices `p` the optimum is at most `sum_j most_j(p_j) + sum_i max(0, max_j (worth_ij - p_j))`, where `most_j`
is what mentor j's places can bring at the price (linear programming duality). At the right prices it is the optimum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.programme.arena import Arena, Integers, Places
from matching.programme.candidates import KEPT, Candidates, Pairs, best_of_rows, joined, tiles_of
from matching.programme.flow import Edges
from matching.programme.tiles import Rows
from matching.ranking import UNITS

_NOTHING: Final = int(np.iinfo(np.int64).min // 4)


@dataclass(slots=True)
class Bound:
    """The bound, in units, and pairs beyond the candidates that would gain somebody something at the prices."""

    total: int
    missing: Pairs


def places_bring(arena: Arena, prices: Integers) -> int:
    """What all places can bring at most at these prices: the rewards for the first, and the prices."""
    full = arena.rewards + prices * np.where(prices < 0, 1, arena.places)
    return int(np.maximum(full, 0).sum())


def bound(
    arena: Arena, found: Candidates, edges: Edges, prices: Integers, enough: int, may_go_on: Callable[[float], bool]
) -> Bound:
    """A bound at these prices: `enough` if that can be had cheaply, else as low as the time allows.

    The candidates are looked at as they are; for all other pairs their limits are, and only where a limit would let
    somebody gain are a mentee's scores made again.
    """
    gains = np.zeros(len(arena.mentees), dtype=np.int64)
    np.maximum.at(gains, edges.mentees, edges.worth - prices[edges.mentors])
    hopes = np.maximum(_hopes(arena, found, prices), gains)
    fixed = places_bring(arena, prices)
    doubtful = np.flatnonzero(hopes > gains)
    # Where most may be wrong first: the others may turn out not to matter.
    doubtful = doubtful[np.argsort((gains - hopes)[doubtful], kind="stable")]
    missing = []
    for number, unordered in enumerate(tiles_of(doubtful)):
        if fixed + int(hopes.sum()) <= enough or not may_go_on(number * len(unordered) / len(doubtful)):
            break
        places = np.sort(unordered)
        scores = arena.tiles.scores(places)
        pairs, best = _gaining(arena, scores, places, prices, gains[places])
        hopes[places] = np.maximum(best, gains[places])
        missing.append(pairs)
    return Bound(fixed + int(hopes.sum()), joined(missing))


def _hopes(arena: Arena, found: Candidates, prices: Integers) -> Integers:
    """What each mentee could gain at most with a mentor who is not on their list.

    Such a pair's score exceeds neither's limit. By rising limits of the mentors: those below the mentee's may give
    their limit, the others the mentee's.
    """
    theirs = _at_most(arena, found.mentor_limits)
    mine = _at_most(arena, found.mentee_limits)
    order = np.argsort(theirs, kind="stable")
    limits, priced = theirs[order], prices[order]
    below = np.concatenate([[_NOTHING], np.maximum.accumulate(np.where(limits > _NOTHING, limits - priced, _NOTHING))])
    cheapest = np.concatenate([np.minimum.accumulate(priced[::-1])[::-1], [-_NOTHING]])
    split = np.searchsorted(limits, mine)
    return np.maximum(below[split], np.where(mine > _NOTHING, mine - cheapest[split], _NOTHING))


def _at_most(arena: Arena, limits: Rows) -> Integers:
    """What a pair with this score is worth, and a little more; hardly anything where there can be no pair."""
    worth: Integers = arena.worth(np.maximum(limits, 0)) + 2
    worth[limits < 0] = _NOTHING
    return worth


def _gaining(arena: Arena, scores: Rows, places: Places, prices: Integers, gains: Integers) -> tuple[Pairs, Integers]:
    """The pairs in which a mentee would gain most, more than now, and how much that is, in units."""
    worth = arena.worth(scores) - prices
    worth[scores < 0] = _NOTHING
    best = worth.max(axis=1)
    better = np.where(worth > gains[:, np.newaxis], worth, -1)
    surplus = (better / UNITS).astype(np.float32)
    pairs, _ = best_of_rows(surplus, places, KEPT)
    row = np.searchsorted(places, pairs.mentees)
    keep = better[row, pairs.mentors] >= 0
    pairs = Pairs(pairs.mentees[keep], pairs.mentors[keep], scores[row[keep], pairs.mentors[keep]])
    return pairs, best
