"""A market as arrays: who is still free, in the order of their ids, and what each pair is worth in whole units.

Everything after this works on places in these arrays, so no result depends on the order of what came in.
"""

import math
from collections import Counter
from collections.abc import Collection
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.fit import Identity
from matching.programme.market import Market, PairOf
from matching.programme.tiles import Tiles
from matching.ranking import UNITS
from matching.rules import Row

Integers = NDArray[np.int64]
Places = NDArray[np.intp]


class Arena:
    """The mentees who are not bound to a mentor, and the mentors who have places left."""

    def __init__(self, market: Market, threads: int = 1) -> None:
        self.market, self.threads = market, threads
        taken = Counter(market.fixed.values())
        self.mentees: list[Identity] = sorted(set(market.mentees) - market.fixed.keys())
        left = {mentor: places - taken[mentor] for mentor, places in market.capacity.items()}
        self.mentors: list[Identity] = sorted(mentor for mentor, places in left.items() if places > 0)
        self.places: Integers = np.array([left[mentor] for mentor in self.mentors], dtype=np.int64)
        # The reward is for a mentor's first mentee, whom a bound one is already.
        rewarded = np.array([not taken[mentor] for mentor in self.mentors], dtype=np.bool_)
        self.rewards: Integers = np.where(rewarded, round(market.min_load_reward * UNITS), 0)
        self._mentee_place = {mentee: place for place, mentee in enumerate(self.mentees)}
        self._mentor_place = {mentor: place for place, mentor in enumerate(self.mentors)}
        self.rules: list[tuple[str, Row]] = [
            (rule.name, rule.over(self.mentees, self.mentors)) for rule in market.rules
        ]
        self._never = self._by_mentee(market.never)

    @cached_property
    def tiles(self) -> Tiles:
        """The scores of all pairs."""
        everybody, rows = self.market.population.features, self.market.population.rows
        mentees, mentors = everybody.pick(rows(self.mentees)), everybody.pick(rows(self.mentors))
        return Tiles(mentees, mentors, self.market.weights, self.forbidden)

    def forbidden(self, mentee: int) -> list[NDArray[Any]]:
        """The mentors whom this mentee may not have: masks, and places."""
        return [*(row(mentee) for _, row in self.rules), *self.barred(mentee)]

    def barred(self, mentee: int) -> list[Places]:
        """Those of them whom no rule forbids, but a word of the organiser, or that it is the same person."""
        named = [self._mentor_place.get(self.mentees[mentee], -1), *self._never.get(mentee, ())]
        places = [place for place in named if place >= 0]
        return [np.array(places, dtype=np.intp)] if places else []

    def allowed(self, mentee: int) -> NDArray[np.bool_]:
        """The mentors whom this mentee may have, as a mask."""
        mask = np.ones(len(self.mentors), dtype=np.bool_)
        for forbidden in self.forbidden(mentee):
            mask[forbidden] = False
        return mask

    def worth(self, scores: NDArray[Any]) -> Integers:
        """What pairs with these scores are worth, participation included, in units: it rises with the score."""
        exact = self.fair(np.asarray(scores, dtype=np.float64))
        return np.asarray(np.rint((self.market.participation + exact) * UNITS), dtype=np.int64)

    def fair(self, scores: NDArray[Any]) -> Any:
        """The scores as they count: with fairness, the logarithm lifts the low ones. 0 stays 0, and 1 stays 1."""
        fairness = self.market.fairness
        if not fairness:
            return scores
        lifted = np.log1p(9 * np.clip(scores, 0, 1)) / math.log(10)
        return (1 - fairness) * scores + fairness * lifted

    @property
    def stickiness(self) -> int:
        """What a pair of the last run is worth more, in units."""
        # No rearrangement can gain more than one more pair and a better score for everybody.
        most = self.market.participation + len(self.mentees) + self.market.min_load_reward * len(self.mentors) + 1
        return round(min(self.market.stickiness, most) * UNITS)

    @cached_property
    def previous(self) -> tuple[Places, Places]:
        """The pairs of the last run that are still allowed."""
        pairs = sorted(
            (mentee, mentor) for mentee, mentors in self._by_mentee(self.market.previous).items() for mentor in mentors
        )
        kept = [(mentee, mentor) for mentee, mentor in pairs if self.allowed(mentee)[mentor]]
        found = np.array(kept, dtype=np.intp).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def _by_mentee(self, pairs: Collection[PairOf]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for mentee, mentor in set(pairs):
            if mentee in self._mentee_place and mentor in self._mentor_place:
                found.setdefault(self._mentee_place[mentee], []).append(self._mentor_place[mentor])
        return found
