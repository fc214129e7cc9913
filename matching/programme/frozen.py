"""A market as plain data, and its result: what is kept of a run so that it can be made again, here or elsewhere.

Both are of dicts, lists, strings and numbers, as JSON has them; people are strings.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from matching.fit import NAMES, Person, Side, SideWeights, Weights
from matching.population import Population, space_of
from matching.programme.market import Market
from matching.programme.result import ALGORITHM, Leftover, Result
from matching.programme.solve import TOLERANCE, Progress, solve_programme
from matching.reasons import reasons
from matching.rules import Differ, Rule, Share
from matching.scoring import explain

Frozen = dict[str, Any]

# Of a shortage, so many of its people are named.
MOST_NAMED: Final = 100


def frozen_person(person: Person) -> list[Any]:
    """What matching knows about somebody, whose id is a string."""
    return [
        person.id,
        sorted(person.skills_offered),
        sorted(person.skills_wanted),
        sorted(person.languages),
        f"{person.week:x}",
        person.years_of_experience,
        person.industry,
        person.goals,
        person.about,
        sorted(person.formats),
        person.utc_offset_minutes,
    ]


def person_of(data: list[Any]) -> Person:
    """Whom `frozen_person` wrote."""
    key, offered, wanted, languages, week, years, industry, goals, about, formats, offset = data
    return Person(
        key, frozenset(offered), frozenset(wanted), frozenset(languages), int(week, 16), years, industry, goals, about,
        frozenset(formats), offset,
    )  # fmt: skip


def weights_of(given: Mapping[str, float] | None) -> Weights:
    """The weights of both sides from numbers by component, in any proportion; without any, the usual ones.

    Raises ValueError where none is above 0.
    """
    if given is None:
        return Weights()
    total = sum(given.values())
    if not total > 0:
        raise ValueError("The weights are all 0: give one component some.")
    shares = SideWeights(*(given.get(name, 0.0) / total for name in NAMES))
    return Weights(mentee=shares, mentor=shares)


def market_of(frozen: Frozen) -> Market:
    """The market that was frozen. Raises Contradiction."""
    return Market(
        population=Population(map(person_of, frozen["people"])),
        mentees=frozen["mentees"],
        capacity=frozen["capacity"],
        weights=weights_of(frozen["weights"]),
        participation=frozen["participation"],
        rules=rules_of(frozen["rules"]),
        must=_pairs(frozen["must"]),
        never=_pairs(frozen["never"]),
        locked=_pairs(frozen["locked"]),
        previous=_pairs(frozen["previous"]),
        stickiness=frozen["stickiness"],
        fairness=frozen["fairness"],
        min_load_reward=frozen["min_load_reward"],
    )


def rules_of(data: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """The hard rules of a frozen market, of its `rules`."""
    kinds = {"differ": Differ, "share": Share}
    return [kinds[rule["kind"]](rule["name"], rule["mentees"], rule["mentors"]) for rule in data]


def told_pairs(frozen: Frozen, pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """These pairs with their scores, what makes them up, and the reasons in words: as the market's result has them.

    All its people are looked through, which takes about a second for ten thousand.
    """
    chosen, people = list(pairs), [*map(person_of, frozen["people"])]
    wanted = {one for pair in chosen for one in pair}
    population = Population((person for person in people if person.id in wanted), space_of(people))
    return _told(population, weights_of(frozen["weights"]), chosen)


def _told(population: Population, weights: Weights, pairs: list[tuple[Any, Any]]) -> list[dict[str, Any]]:
    parts = explain(population, [mentee for mentee, _ in pairs], [mentor for _, mentor in pairs], weights)
    told = []
    for place, (mentee, mentor) in enumerate(pairs):
        fit = parts.fit(place)
        lines = [
            [str(one.name), str(one.side), one.weight, one.value, one.contribution]
            for one in fit.components
            if one.weight
        ]
        why = reasons(population[mentee], population[mentor], fit, reader=Side.MENTEE)
        told.append({"mentee": mentee, "mentor": mentor, "score": fit.score, "components": lines, "reasons": why})
    return told


def solved(frozen: Frozen, progress: Progress = lambda stage, share: None) -> dict[str, Any]:
    """The result of a frozen market, as data. The same market gives the same result, to the last bit.

    Raises Contradiction; and whatever `progress` raises, which breaks it off.
    """
    market = market_of(frozen)
    result = solve_programme(market, tolerance=frozen.get("tolerance", TOLERANCE), progress=progress)
    pairs = _told(market.population, market.weights, [(pair.mentee, pair.mentor) for pair in result.pairs])
    taken = {pair.mentor for pair in result.pairs}
    return {
        "pairs": pairs,
        "leftovers": [_left(one, result) for one in result.leftovers],
        "idle": sorted(mentor for mentor, places in frozen["capacity"].items() if places and mentor not in taken),
        "figures": {name: getattr(result.figures, name) for name in FIGURES},
        "value": result.value,
        "bound": result.bound,
        "gap": result.gap if result.gap < 1e9 else None,
        "finished": result.finished,
        "algorithm": result.algorithm,
        "digest": digest_of_pairs((pair["mentee"], pair["mentor"]) for pair in pairs),
    }


FIGURES = ("pairs", "idle_mentors", "least_score", "median_score", "mean_score", "gini_of_loads")


def _left(one: Leftover, result: Result) -> dict[str, Any]:
    found = {
        "mentee": one.mentee,
        "mentors": one.mentors,
        "exclusions": [[rule.rule, rule.mentors, rule.alone] for rule in one.exclusions],
        "shortage": None,
        "why": result.why(one),
    }
    if one.shortage is not None:
        hall = result.shortages[one.shortage]
        found["shortage"] = {
            "number": one.shortage + 1,
            "mentees": len(hall.mentees),
            "mentors": len(hall.mentors),
            "places": hall.places,
            "named_mentees": list(hall.mentees[:MOST_NAMED]),
            "named_mentors": list(hall.mentors[:MOST_NAMED]),
        }
    return found


def digest_of_pairs(pairs: Iterable[tuple[Any, Any]]) -> str:
    """What stands for a set of pairs: SHA-256 in hexadecimal."""
    return _digest(sorted(pairs))


def digest_of(frozen: Frozen) -> str:
    """What stands for a frozen market and the algorithm that would solve it."""
    return _digest([ALGORITHM, frozen])


def _digest(data: Any) -> str:
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _pairs(data: Iterable[list[str]]) -> list[tuple[str, str]]:
    return [(mentee, mentor) for mentee, mentor in data]
