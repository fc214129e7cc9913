"""What a run finds: the pairs, a proof, and what is to be told about who is left over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.fit import Identity

ALGORITHM: Final = "1"
"""Changes with every change that may give other pairs for the same market."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A mentee with their mentor, and the score of the two."""

    mentee: Identity
    mentor: Identity
    score: float


@dataclass(frozen=True, slots=True)
class Exclusion:
    """How many mentors with places a rule forbids to somebody, and how many of them no other rule does."""

    rule: str
    mentors: int
    alone: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """People who have too few places between them: all their mentors are in here, and all places there are taken.

    A Hall set: there are more `mentees` than `places`, so that somebody goes without whoever is chosen.
    """

    mentees: tuple[Identity, ...]
    mentors: tuple[Identity, ...]
    places: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """Somebody without a mentor, and why."""

    mentee: Identity
    mentors: int
    """How many mentors with places they might have at all."""
    exclusions: tuple[Exclusion, ...]
    shortage: int | None
    """Which of the shortages they are in; None where a place could be had, but others would lose more by it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How fair a result is. Scores are None where there is no pair."""

    pairs: int
    idle_mentors: int
    least_score: float | None
    median_score: float | None
    mean_score: float | None
    gini_of_loads: float
    """0 where every mentor has as many mentees, near 1 where few have them all (Gini, 1912)."""


@dataclass(frozen=True, slots=True)
class Result:
    """The pairs of a run, those that were fixed included, by mentee.

    `value` is what they are worth, `bound` what any pairs could be worth at most, `gap` the difference as
    a share of what the scores alone are worth. `prices` are those of a mentor's place: as a population's they spread
    requests as the run spread people. `finished` is False where the time was up before the gap was small enough.
    """

    pairs: tuple[Pair, ...]
    prices: Mapping[Identity, float]
    value: float
    bound: float
    gap: float
    finished: bool
    leftovers: tuple[Leftover, ...]
    shortages: tuple[Shortage, ...]
    figures: Figures
    algorithm: str = ALGORITHM

    def why(self, leftover: Leftover) -> list[str]:
        """Sentences for an organiser: why somebody in `leftovers` has no mentor."""
        rules = [
            f"“{found.rule}” excludes {found.mentors} mentors with places, {found.alone} of them by itself"
            for found in leftover.exclusions
        ]
        if not leftover.mentors:
            return ["no mentor with a place is left to them", *rules]
        if leftover.shortage is None:
            return ["a place could be had, but others would lose more by it", *rules]
        shortage = self.shortages[leftover.shortage]
        places = "1 place" if shortage.places == 1 else f"{shortage.places} places"
        return [f"{len(shortage.mentees)} people share only {places}", *rules]


def figures(scores: list[float], loads: list[int]) -> Figures:
    """The figures of these pairs, where each mentor with any place has so many mentees."""
    return Figures(
        pairs=len(scores),
        idle_mentors=loads.count(0),
        least_score=min(scores, default=None),
        median_score=float(np.median(scores)) if scores else None,
        mean_score=float(np.mean(scores)) if scores else None,
        gini_of_loads=gini(loads),
    )


def gini(loads: list[int]) -> float:
    """The Gini coefficient of these numbers; 0 where all are 0."""
    ordered, total = np.sort(np.array(loads, dtype=np.float64)), float(sum(loads))
    if not total:
        return 0.0
    places = np.arange(1, len(ordered) + 1)
    return float(2 * (places @ ordered) / (len(ordered) * total) - (len(ordered) + 1) / len(ordered))
