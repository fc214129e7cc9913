"""What is to be matched: two sides, places, wishes and rules, and the contradictions that these may have."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from matching.contradiction import Contradiction
from matching.fit import DEFAULT_WEIGHTS, Identity, Weights
from matching.population import Population
from matching.rules import Rule, excluding

PairOf = tuple[Identity, Identity]
"""A mentee and a mentor."""

MOST_PARTICIPATION: Final = 1e6


@dataclass(frozen=True, slots=True)
class Market:
    """A programme to be matched: each mentee at most once, each mentor at most as often as their `capacity`.

    What is maximised is the sum over all pairs of `participation` plus the worth of the pair's score.
    All pairs are (mentee, mentor). Raises Contradiction.
    """

    population: Population
    mentees: Collection[Identity]
    capacity: Mapping[Identity, int]
    """The mentors, and how many mentees each may have in all."""
    weights: Weights = DEFAULT_WEIGHTS
    participation: float = 1.0
    """What one more pair counts beside its score: 0 looks at scores only, the number of people at numbers first."""
    rules: Sequence[Rule] = ()
    must: Collection[PairOf] = ()
    never: Collection[PairOf] = ()
    locked: Collection[PairOf] = ()
    """Pairs that stay, whatever rule or capacity says, and take their places.

    Those that are under way may be more than the mentor has places now; whoever locks others sees to it that they fit.
    """
    previous: Collection[PairOf] = ()
    """The pairs of the last run, which `stickiness` holds together."""
    stickiness: float = 0.02
    """By how much score another pair must be better before one of `previous` is parted; infinity parts none."""
    fairness: float = 0.0
    """From 0, where scores count as they are, to 1, where a low score that rises counts far more than a high one."""
    min_load_reward: float = 0.0
    """What a mentor's first mentee counts beside the score, so that nobody waits while others have many."""
    fixed: Mapping[Identity, Identity] = field(init=False)
    """The mentor of each mentee who is locked or must be paired."""

    def __post_init__(self) -> None:
        _check_numbers(self)
        _check_sides(self)
        _check_must(self)
        object.__setattr__(self, "fixed", {**dict(_known(self, "locked")), **dict(_known(self, "must"))})
        _check_places(self)


def _known(market: Market, name: str) -> Iterator[PairOf]:
    """The pairs of a field; of people who are locked, those whose mentee takes part."""
    mentees = set(market.mentees)
    pairs: Collection[PairOf] = getattr(market, name)
    return (pair for pair in dict.fromkeys(pairs) if pair[0] in mentees)


def _check_numbers(market: Market) -> None:
    numbers = {
        "participation": (market.participation, MOST_PARTICIPATION),
        "stickiness": (market.stickiness, math.inf),
        "fairness": (market.fairness, 1.0),
        "min_load_reward": (market.min_load_reward, MOST_PARTICIPATION),
    }
    for name, (number, most) in numbers.items():
        if not 0 <= number <= most:
            raise Contradiction(name, f"The {name.replace('_', ' ')} is {number}: give a number from 0 to {most:g}.")
    for mentor, places in market.capacity.items():
        if places < 0:
            raise Contradiction("capacity", f"Mentor {mentor} has {places} places: give 0 or more.")


def _check_sides(market: Market) -> None:
    for name, side in (("mentees", market.mentees), ("capacity", market.capacity)):
        if not side:
            who = "mentee" if name == "mentees" else "mentor"
            raise Contradiction(name, f"No {who} takes part: invite one first.")
        for one in side:
            if one not in market.population:
                raise Contradiction(name, f"{one} is not in the population: put them into it first.")
    if not any(market.capacity.values()):
        raise Contradiction("capacity", "No mentor has a place: raise a capacity first.")


def _check_must(market: Market) -> None:
    mentees, never, locked = set(market.mentees), set(market.never), set(market.locked)
    for mentee, mentor in market.must:
        pair = f"{mentee} and {mentor}"
        if mentee not in mentees or mentor not in market.capacity:
            raise Contradiction(
                "must", f"{pair} must be a pair, but do not both take part: add them, or let the pair go."
            )
        if (mentee, mentor) in never:
            raise Contradiction("must", f"{pair} must and must never be a pair: take it out of one of the two lists.")
        if mentee == mentor:
            raise Contradiction("must", f"{mentee} cannot be their own mentor: choose somebody else.")
        if (mentee, mentor) not in locked and (names := excluding(market.rules, mentee, mentor)):
            raise Contradiction("must", f"{pair} must be a pair, but the rule “{names[0]}” forbids it: change either.")
    for name, pairs in (("locked", locked), ("must", locked | set(market.must))):
        for mentee, many in Counter(mentee for mentee, _ in pairs).items():
            if many > 1:
                raise Contradiction(name, f"Mentee {mentee} is bound to {many} mentors: leave one of these pairs.")


def _check_places(market: Market) -> None:
    underway = set(market.locked)
    taken = Counter(mentor for _, mentor in underway | set(market.must))
    for mentor in {mentor for mentee, mentor in market.must if (mentee, mentor) not in underway}:
        places = market.capacity[mentor]
        if taken[mentor] > places:
            raise Contradiction(
                "must",
                f"Mentor {mentor} has {places} places and {taken[mentor]} pairs that must be: raise it or let one go.",
            )
