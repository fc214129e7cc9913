"""How much any assignment can be worth at most: a bound over all pairs, candidates or not.

For any prices `p` the optimum is at most `sum_j most_j(p_j) + sum_i max(0, max_j (worth_ij - p_j))`, where `most_j`
is what mentor j's places can bring at the price (linear programming duality). At the right prices it is the optimum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.programme.arena import Arena, Integers, Places
from matching.programme.candidates import KEPT, Candidates, Pairs, joined, rank_within, tiles_of
from matching.programme.flow import Edges
from matching.programme.tiles import TILE, Rows, in_order
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
    if fixed + int(hopes.sum()) <= enough:
        return Bound(fixed + int(hopes.sum()), joined([]))
    search = _Search(arena, edges, prices, gains)
    missing = []
    tiles = in_order(search.beyond, tiles_of(doubtful), arena.threads)
    for number, (places, pairs, gained) in enumerate(tiles):
        hopes[places] = gains[places]
        np.maximum.at(hopes, pairs.mentees, gained)
        missing.append(_best(pairs, gained))
        if fixed + int(hopes.sum()) <= enough or not may_go_on(min(1.0, (number + 1) * TILE / len(doubtful))):
            break
    return Bound(fixed + int(hopes.sum()), joined(missing))


class _Search:
    """Finds the pairs that are no candidates and in which a mentee would gain more than now."""

    def __init__(self, arena: Arena, edges: Edges, prices: Integers, gains: Integers) -> None:
        self._arena, self._prices, self._gains = arena, prices, gains
        self._known = edges.mentees * len(arena.mentors) + edges.mentors
        # A look in floating point, a little too generous, leaves few to be looked at in whole units.
        self._asked = (prices - round(arena.market.participation * UNITS)) / UNITS
        largest = max(np.abs(self._asked).max(initial=0), gains.max(initial=0) / UNITS, 1)
        self._doubt = 4e-7 * largest + 2e-6

    def beyond(self, places: Places) -> tuple[Places, Pairs, Integers]:
        """The mentees, pairs of theirs, and what they would gain by each."""
        scores = self._arena.tiles.scores(places)
        allowed = scores >= 0
        surplus = self._arena.fair(scores) - self._asked.astype(np.float32)
        rough = (self._gains[places] / UNITS - self._doubt).astype(np.float32)
        rows, mentors = np.nonzero((surplus > rough[:, np.newaxis]) & allowed)
        mentees, found = places[rows], scores[rows, mentors]
        gained = self._arena.worth(found) - self._prices[mentors]
        more = (gained > self._gains[mentees]) & ~self._is_known(mentees, mentors)
        return places, Pairs(mentees[more], mentors[more], found[more]), gained[more]

    def _is_known(self, mentees: Places, mentors: Places) -> NDArray[np.bool_]:
        wanted = mentees * len(self._prices) + mentors
        if not len(self._known):
            return np.zeros(len(wanted), dtype=np.bool_)
        place = np.minimum(np.searchsorted(self._known, wanted), len(self._known) - 1)
        return np.asarray(self._known[place] == wanted)


def _best(pairs: Pairs, gained: Integers) -> Pairs:
    """Of each mentee's pairs those in which they gain most."""
    order = np.lexsort((pairs.mentors, -gained, pairs.mentees))
    order = order[rank_within(pairs.mentees[order]) < KEPT]
    return Pairs(pairs.mentees[order], pairs.mentors[order], pairs.scores[order])


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
    return np.asarray(np.maximum(below[split], np.where(mine > _NOTHING, mine - cheapest[split], _NOTHING)))


def _at_most(arena: Arena, limits: Rows) -> Integers:
    """What a pair with this score is worth, and a little more; hardly anything where there can be no pair."""
    return np.asarray(np.where(limits < 0, _NOTHING, arena.worth(np.maximum(limits, 0)) + 2), dtype=np.int64)
