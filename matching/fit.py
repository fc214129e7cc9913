"""How well a mentee and a mentor fit: a score, and the exact part that each component has in it.

Each side has its own sum of weighted components, and the score is the harmonic mean of the two sums, so
that one good side cannot hide a bad one (Pizzato and others, RECON, RecSys 2010). No component looks at age,
gender, origin or anything else that the law protects.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from matching.availability import FULL_WEEK, overlap_hours

Name = Literal["skills", "languages", "availability", "seniority", "industry"]
NAMES: Final[tuple[Name, ...]] = ("skills", "languages", "availability", "seniority", "industry")

NEUTRAL: Final = 0.5
"""The value of a component that a profile says nothing about: neither for the pair nor against it."""

ENOUGH_HOURS: Final = 4
"""Shared hours a week from which more of them make no better fit."""

_BEST_GAP: Final = range(3, 16)
_WIDEST_GAP: Final = 40


class Identity(Protocol):
    """What may name a person: it has a hash and an order, as int, str and UUID do."""

    def __hash__(self) -> int: ...
    def __lt__(self, other: Any, /) -> bool: ...


class Side(StrEnum):
    """The two sides of a pair."""

    MENTEE = "mentee"
    MENTOR = "mentor"


@dataclass(frozen=True, slots=True)
class Person:
    """What matching knows about somebody. An empty field means that they have not said.

    `languages` are BCP 47 tags, kept as their lower-case primary subtag (RFC 5646, section 2.2.1): speakers
    of en-GB and en-US share English. `week` is a mask from `week_mask`. Skills are names from a shared
    vocabulary and are compared as they stand, industries in any case. Raises ValueError for a mask that is no
    week and for negative years.
    """

    id: Identity
    skills_offered: frozenset[str]
    skills_wanted: frozenset[str]
    languages: frozenset[str]
    week: int
    years_of_experience: int
    industry: str

    def __post_init__(self) -> None:
        if not 0 <= self.week <= FULL_WEEK:
            raise ValueError("The week is not a mask of 168 bits: make it with week_mask.")
        if self.years_of_experience < 0:
            raise ValueError(f"{self.years_of_experience} years of experience: give 0 or more.")
        spoken = frozenset(tag.partition("-")[0].lower() for tag in self.languages)
        object.__setattr__(self, "languages", spoken)


@dataclass(frozen=True, slots=True)
class SideWeights:
    """How much each component counts for one side: shares that add up to 1. Raises ValueError otherwise."""

    skills: float
    languages: float
    availability: float
    seniority: float
    industry: float

    def __post_init__(self) -> None:
        shares = self.in_order()
        if not all(math.isfinite(share) and share >= 0 for share in shares):
            raise ValueError(f"The weights are {shares}: give numbers of 0 or more.")
        total = math.fsum(shares)
        if not math.isclose(total, 1, rel_tol=0, abs_tol=1e-12):
            raise ValueError(f"The weights of a side add up to {total}, not to 1: divide each by their sum.")

    def in_order(self) -> tuple[float, ...]:
        """The weights in the order of `NAMES`."""
        return (self.skills, self.languages, self.availability, self.seniority, self.industry)


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of both sides.

    By default a mentee looks for skills above all; a mentor minds hours and language more than a mentee does.
    """

    mentee: SideWeights = SideWeights(skills=0.45, languages=0.15, availability=0.20, seniority=0.10, industry=0.10)
    mentor: SideWeights = SideWeights(skills=0.35, languages=0.20, availability=0.25, seniority=0.10, industry=0.10)


DEFAULT_WEIGHTS: Final = Weights()


@dataclass(frozen=True, slots=True)
class Component:
    """One line of a score: a `value` from 0 to 1, which counts with `weight` for its `side`.

    The contributions of all lines add up to the score.
    """

    name: Name
    side: Side
    weight: float
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A score from 0 to 1, and its parts: the mentee's components, then the mentor's, as in `NAMES`."""

    score: float
    components: tuple[Component, ...]


def score(mentee: Person, mentor: Person, weights: Weights = DEFAULT_WEIGHTS) -> float:
    """The score of `fit` alone, to the last bit: enough for the many pairs that nobody will see."""
    mentee_values, mentor_values = _values(mentee, mentor)
    return _harmonic_mean(_sum(weights.mentee, mentee_values), _sum(weights.mentor, mentor_values))


def fit(mentee: Person, mentor: Person, weights: Weights = DEFAULT_WEIGHTS) -> Fit:
    """Scores a pair and explains it.

    With one-sided sums `e` and `r` the score is `2 e r / (e + r)`, or 0 when both are 0. It is homogeneous of
    degree 1, so by Euler's theorem a mentee-side component of weight `w` and value `c` contributes
    `2 r^2 / (e + r)^2 * w * c`, a mentor-side one the same with `e^2`, and these add up to the score.
    """
    mentee_values, mentor_values = _values(mentee, mentor)
    e, r = _sum(weights.mentee, mentee_values), _sum(weights.mentor, mentor_values)
    total = (e + r) or 1.0
    # The quotient comes before the square: the squares of tiny sums would vanish.
    mentee_slope, mentor_slope = 2 * (r / total) ** 2, 2 * (e / total) ** 2
    return Fit(
        score=_harmonic_mean(e, r),
        components=(
            *_components(Side.MENTEE, weights.mentee, mentee_values, mentee_slope),
            *_components(Side.MENTOR, weights.mentor, mentor_values, mentor_slope),
        ),
    )


def _components(side: Side, weights: SideWeights, values: tuple[float, ...], slope: float) -> tuple[Component, ...]:
    lines = zip(NAMES, weights.in_order(), values, strict=True)
    return tuple(Component(name, side, weight, value, slope * weight * value) for name, weight, value in lines)


def _sum(weights: SideWeights, values: tuple[float, ...]) -> float:
    return math.fsum(weight * value for weight, value in zip(weights.in_order(), values, strict=True))


def _harmonic_mean(e: float, r: float) -> float:
    # Weights that add up to a hair over 1 must not lift a score over 1.
    return min(1.0, 2 * e * r / (e + r)) if e + r else 0.0


def _values(mentee: Person, mentor: Person) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The value of every component for the mentee and for the mentor, in the order of `NAMES`.

    The sides differ in skills only. A mentee asks how much of what they look for is on offer. A mentor asks
    how much of what they offer is asked for, and is content when it is all that the mentee looks for: a wide
    offer costs nothing.
    """
    wanted, offered = len(mentee.skills_wanted), len(mentor.skills_offered)
    found = len(mentee.skills_wanted & mentor.skills_offered)
    alike = (
        _languages(mentee.languages, mentor.languages),
        _availability(mentee.week, mentor.week),
        _seniority(mentor.years_of_experience - mentee.years_of_experience),
        _industry(mentee.industry, mentor.industry),
    )
    return (_share(found, wanted), *alike), (_share(found, min(wanted, offered)), *alike)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else NEUTRAL


def _languages(one: frozenset[str], other: frozenset[str]) -> float:
    """1 with a language in common, 0 without; neutral when either lists none."""
    if not one or not other:
        return NEUTRAL
    return 0.0 if one.isdisjoint(other) else 1.0


def _availability(one: int, other: int) -> float:
    """The shared hours a week as a share of `ENOUGH_HOURS`; neutral when either lists none."""
    if not one or not other:
        return NEUTRAL
    return min(overlap_hours(one, other), ENOUGH_HOURS) / ENOUGH_HOURS


def _seniority(gap: int) -> float:
    """1 when the mentor is 3 to 15 years ahead; from there down in a line to 0 at no gap and at 40 years."""
    nearest, furthest = _BEST_GAP[0], _BEST_GAP[-1]
    if gap < nearest:
        return max(0, gap) / nearest
    return min(1.0, max(0, _WIDEST_GAP - gap) / (_WIDEST_GAP - furthest))


def _industry(one: str, other: str) -> float:
    """1 in the same industry, 0 in two; neutral when either lists none."""
    if not one or not other:
        return NEUTRAL
    return 1.0 if same_industry(one, other) else 0.0


def same_industry(one: str, other: str) -> bool:
    """Whether two people name the same industry, in any case."""
    return bool(one) and one.casefold() == other.casefold()
