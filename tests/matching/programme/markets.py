"""Small markets for the tests, and their optimum by trying everything."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st

from matching.fit import Identity, Person, Side
from matching.population import Population
from matching.programme import Market
from matching.rules import Differ, Rule, Share
from matching.scoring import score_rows
from tests.matching import people as some

# Numbers that say who sits where; some people in none.
teams = st.integers(0, 2).map(lambda number: number or None)


@st.composite
def markets(draw: st.DrawFn, most_mentees: int = 6, most_mentors: int = 4, **given: Any) -> Market:
    """A market that contradicts itself nowhere. Somebody may be a mentee and a mentor."""
    people = [
        replace(person, id=number)
        for number, person in enumerate(draw(st.lists(some.people(), min_size=3, max_size=9)))
    ]
    mentees = draw(st.sets(st.sampled_from(range(len(people))), min_size=1, max_size=most_mentees))
    mentors = draw(st.sets(st.sampled_from(range(len(people))), min_size=1, max_size=most_mentors))
    capacity = {mentor: draw(st.integers(0, 3)) for mentor in sorted(mentors)}
    capacity[min(mentors)] = max(1, capacity[min(mentors)])
    pairs = st.sets(st.tuples(st.sampled_from(sorted(mentees)), st.sampled_from(sorted(mentors))), max_size=4)
    wishes: dict[str, Any] = {
        "rules": draw(rules(people)),
        "never": draw(pairs),
        "previous": draw(pairs),
        "participation": draw(st.sampled_from([0, 0.1, 1, 20])),
        "stickiness": draw(st.sampled_from([0, 0.02, math.inf])),
        "fairness": draw(st.sampled_from([0, 0.5, 1])),
        "min_load_reward": draw(st.sampled_from([0, 0.2])),
    }
    return Market(Population(people), mentees, capacity, **{**wishes, **given})


@st.composite
def rules(draw: st.DrawFn, people: list[Person]) -> list[Rule]:
    """Two rules, or none."""
    if draw(st.booleans()):
        return []
    seats = {person.id: seat for person in people if (seat := draw(teams))}
    return [
        Differ("same team", seats, seats),
        Share("language", {person.id: person.languages for person in people[::2]}, {p.id: p.languages for p in people}),
    ]


def allowed(market: Market, mentee: Identity, mentor: Identity) -> bool:
    """Whether the two may be a pair."""
    barred = mentee == mentor or (mentee, mentor) in set(market.never)
    return not barred and not any(rule.over([mentee], [mentor])(0)[0] for rule in market.rules)


def worth(market: Market) -> Callable[[Identity, Identity], float]:
    """What each pair is worth, bound or not."""
    scores = score_rows(market.population, list(market.mentees), Side.MENTEE, market.weights)
    row = {mentee: scores[place] for place, mentee in enumerate(market.mentees)}

    def of_pair(mentee: Identity, mentor: Identity) -> float:
        score = float(row[mentee][market.population.row(mentor)])
        fair = math.log1p(9 * score) / math.log(10)
        most = market.participation + len(market.mentees) + market.min_load_reward * len(market.capacity) + 1
        sticky = min(market.stickiness, most) if (mentee, mentor) in set(market.previous) else 0
        return market.participation + (1 - market.fairness) * score + market.fairness * fair + sticky

    return of_pair


def optimum(market: Market) -> float:
    """The most that any assignment of a market without bound pairs is worth, by trying all."""
    mentees, mentors, value = sorted(market.mentees), sorted(market.capacity), worth(market)
    choices = [
        [(place, value(mentee, mentor)) for place, mentor in enumerate(mentors) if allowed(market, mentee, mentor)]
        for mentee in mentees
    ]

    @cache
    def best(number: int, left: tuple[int, ...]) -> float:
        if number == len(mentees):
            served = (1 for mentor, places in zip(mentors, left, strict=True) if places < market.capacity[mentor])
            return market.min_load_reward * sum(served)
        found = best(number + 1, left)
        for place, gain in choices[number]:
            if left[place]:
                rest = (*left[:place], left[place] - 1, *left[place + 1 :])
                found = max(found, gain + best(number + 1, rest))
        return found

    return best(0, tuple(market.capacity[mentor] for mentor in mentors))


def most_pairs(market: Market) -> int:
    """How many mentees can be matched at once: Kuhn's augmenting paths, as Hopcroft and Karp would find."""
    holders: dict[tuple[Identity, int], Identity] = {}

    def place(mentee: Identity, seen: set[tuple[Identity, int]]) -> bool:
        for mentor, places in market.capacity.items():
            for seat in ((mentor, number) for number in range(places) if allowed(market, mentee, mentor)):
                if seat not in seen:
                    seen.add(seat)
                    if seat not in holders or place(holders[seat], seen):
                        holders[seat] = mentee
                        return True
        return False

    return sum(place(mentee, set()) for mentee in market.mentees)
