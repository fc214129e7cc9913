"""A result checked from the beginning: its pairs, its value and its bound, by the plain scores of `scoring`."""

from collections import Counter

import numpy as np

from matching.fit import Side
from matching.programme.arena import Arena
from matching.programme.bound import places_bring
from matching.programme.market import Market
from matching.programme.result import Result
from matching.ranking import UNITS
from matching.rules import excluding
from matching.scoring import explain, score_rows

# Scores are rounded to a unit, each time a little differently.
_ROUNDING = 2


def verify(result: Result, market: Market) -> bool:
    """Whether the pairs keep to the market, and value and bound are what they are said to be.

    All pairs of the market are scored again, one mentee after the other, by the long way.
    """
    return (
        _keeps_to_places(result, market)
        and _keeps_to_wishes(result, market)
        and _is_worth_it(result, market)
        and _is_bounded(result, market)
    )


def _keeps_to_places(result: Result, market: Market) -> bool:
    once = len({pair.mentee for pair in result.pairs}) == len(result.pairs)
    within = {pair.mentee for pair in result.pairs} <= set(market.mentees)
    bound = Counter(market.fixed.values())
    loads = Counter(pair.mentor for pair in result.pairs)
    fits = all(load <= max(market.capacity.get(mentor, 0), bound[mentor]) for mentor, load in loads.items())
    left = {leftover.mentee for leftover in result.leftovers}
    return once and within and fits and left == set(market.mentees) - {pair.mentee for pair in result.pairs}


def _keeps_to_wishes(result: Result, market: Market) -> bool:
    pairs = {(pair.mentee, pair.mentor) for pair in result.pairs}
    bound = set(market.fixed.items())
    chosen = pairs - bound
    return (
        bound <= pairs
        and not chosen & set(market.never)
        and not any(mentee == mentor or excluding(market.rules, mentee, mentor) for mentee, mentor in chosen)
    )


def _is_worth_it(result: Result, market: Market) -> bool:
    arena = Arena(market)
    mentees, mentors = [pair.mentee for pair in result.pairs], [pair.mentor for pair in result.pairs]
    scores = explain(market.population, mentees, mentors, market.weights).scores
    told = np.array([pair.score for pair in result.pairs])
    previous = {(arena.mentees[mentee], arena.mentors[mentor]) for mentee, mentor in zip(*arena.previous, strict=True)}
    kept = sum((mentee, mentor) in previous for mentee, mentor in zip(mentees, mentors, strict=True))
    served = set(mentors)
    rewards = sum(
        reward for mentor, reward in zip(arena.mentors, arena.rewards.tolist(), strict=True) if mentor in served
    )
    worth = int(arena.worth(scores).sum()) + kept * arena.stickiness + rewards
    return bool(np.allclose(scores, told, atol=1e-6)) and _about(worth, result.value, len(mentees))


def _is_bounded(result: Result, market: Market) -> bool:
    """The bound, for the result's prices, over all pairs; and the gap that follows."""
    arena = Arena(market)
    prices = np.rint([result.prices[mentor] * UNITS for mentor in arena.mentors]).astype(np.int64)
    fixed = explain(market.population, list(market.fixed), list(market.fixed.values()), market.weights).scores
    total = places_bring(arena, prices) + int(arena.worth(fixed).sum())
    columns = market.population.rows(arena.mentors)
    mentees, mentors = arena.previous
    for place, mentee in enumerate(arena.mentees):
        row = score_rows(market.population, [mentee], Side.MENTEE, market.weights)[0, columns]
        gains = arena.worth(row) - prices
        gains[mentors[mentees == place]] += arena.stickiness
        total += max(0, int(gains[arena.allowed(place)].max(initial=0)))
    most = result.bound * UNITS + _ROUNDING * (len(market.mentees) + 1)
    return total <= most and result.value <= result.bound + 1e-9


def _about(units: int, told: float, pairs: int) -> bool:
    return abs(units - told * UNITS) <= _ROUNDING * (pairs + 1)
