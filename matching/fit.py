"""The words of matching: a person, how much each component counts, and a score with its exact parts.

Each side has its own sum of weighted components, and the score is the harmonic mean of the two sums, so
that one good side cannot hide a bad one (Pizzato and others, RECON, RecSys 2010). No component looks at age,
gender, origin or anything else that the law protects. The formulas are in `components`, `scoring` applies them.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from matching.availability import FULL_WEEK
from matching.contradiction import Contradiction

Name = Literal["skills", "languages", "availability", "seniority", "industry", "goals", "format"]
NAMES: Final[tuple[Name, ...]] = ("skills", "languages", "availability", "seniority", "industry", "goals", "format")


class Identity(Protocol):
    """What may name a person: it has a hash and an order, as int, str and UUID do."""

    def __hash__(self) -> int: ...
    def __lt__(self, other: Any, /) -> bool: ...


class Side(StrEnum):
    """The two sides of a pair."""

    MENTEE = "mentee"
    MENTOR = "mentor"

    @property
    def other(self) -> "Side":
        """The side that this one looks for."""
        return Side.MENTOR if self is Side.MENTEE else Side.MENTEE


@dataclass(frozen=True, slots=True)
class Person:
    """What matching knows about somebody. An empty field means that they have not said.

    `languages` are BCP 47 tags, kept as their lower-case primary subtag (RFC 5646, section 2.2.1): speakers
    of en-GB and en-US share English. `week` is a mask from `week_mask`. Skills and `formats` (ways to meet) are
    names from shared vocabularies and are compared as they stand, industries in any case. `goals` is what
    somebody writes that they want, `about` what they write of themselves: headline and experience.
    `utc_offset_minutes` says on which of their days an hour of the week is; None where that is not known.
    Raises ValueError for a mask that is no week and for negative years.
    """

    id: Identity
    skills_offered: frozenset[str]
    skills_wanted: frozenset[str]
    languages: frozenset[str]
    week: int
    years_of_experience: int
    industry: str
    goals: str = ""
    about: str = ""
    formats: frozenset[str] = frozenset()
    utc_offset_minutes: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.week <= FULL_WEEK:
            raise ValueError("The week is not a mask of 168 bits: make it with week_mask.")
        if self.years_of_experience < 0:
            raise ValueError(f"{self.years_of_experience} years of experience: give 0 or more.")
        spoken = frozenset(tag.partition("-")[0].lower() for tag in self.languages)
        object.__setattr__(self, "languages", spoken)


@dataclass(frozen=True, slots=True)
class SideWeights:
    """How much each component counts for one side: shares that add up to 1. Raises Contradiction otherwise."""

    skills: float
    languages: float
    availability: float
    seniority: float
    industry: float
    goals: float = 0.0
    format: float = 0.0

    def __post_init__(self) -> None:
        shares = self.in_order()
        if not all(math.isfinite(share) and share >= 0 for share in shares):
            raise Contradiction("weights", f"The weights are {shares}: give numbers of 0 or more.")
        total = math.fsum(shares)
        if not math.isclose(total, 1, rel_tol=0, abs_tol=1e-12):
            message = f"The weights of a side add up to {total}, not to 1: divide each by their sum."
            raise Contradiction("weights", message)

    def in_order(self) -> tuple[float, ...]:
        """The weights in the order of `NAMES`."""
        return (
            *(self.skills, self.languages, self.availability, self.seniority),
            *(self.industry, self.goals, self.format),
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of both sides.

    By default a mentee looks for skills above all; a mentor minds hours and language more than a mentee does.
    """

    mentee: SideWeights = SideWeights(0.40, 0.12, 0.18, 0.10, 0.08, goals=0.08, format=0.04)
    mentor: SideWeights = SideWeights(0.32, 0.17, 0.23, 0.09, 0.08, goals=0.07, format=0.04)


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


def same_industry(one: str, other: str) -> bool:
    """Whether two people name the same industry, in any case."""
    return bool(one) and one.casefold() == other.casefold()
