"""The formulas: the value of every component for pairs, from 0 to 1.

They take the features of the mentees and of the mentors: one of each for every pair, or one person on either side for
all of the other. Every component but the skills has the same value for both sides.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matching.features import Features, Words

Numbers: TypeAlias = NDArray[np.float64]

NEUTRAL: Final = 0.5
"""The value of a component that a profile says nothing about: neither for the pair nor against it."""

ENOUGH_HOURS: Final = 4
"""Shared hours a week from which more of them make no better fit."""

UNLIKE: Final = 0.1
ALIKE: Final = 0.4
"""The cosines of texts that have nothing to do with each other, and of two people's texts on one subject."""

_BEST_GAP: Final = range(3, 16)
_WIDEST_GAP: Final = 40


class Values(NamedTuple):
    """The components of pairs, each [pairs]."""

    skills_wanted: Numbers
    """Skills, to the mentee: how much of what they look for is on offer."""
    skills_offered: Numbers
    """Skills, to the mentor: how much of the offer is asked for; all, if it covers whatever the mentee looks for."""
    languages: Numbers
    availability: Numbers
    seniority: Numbers
    industry: Numbers
    goals: Numbers
    format: Numbers

    @property
    def mentee(self) -> tuple[Numbers, ...]:
        """The mentee's side, in the order of `NAMES`."""
        return (self.skills_wanted, *self[2:])

    @property
    def mentor(self) -> tuple[Numbers, ...]:
        """The mentor's side, in the order of `NAMES`."""
        return self[1:]


def values(mentees: Features, mentors: Features) -> Values:
    """All components of all pairs."""
    found = common_bits(mentees.wanted, mentors.offered)
    return Values(
        skills_wanted=_share(found, mentees.wants),
        skills_offered=_share(found, np.minimum(mentees.wants, mentors.offers)),
        languages=common(mentees.languages, mentors.languages),
        availability=availability(mentees.week, mentors.week),
        seniority=seniority(mentors.years - mentees.years),
        industry=industry(mentees.industry, mentors.industry),
        goals=goals(mentees, mentors),
        format=common(mentees.formats, mentors.formats),
    )


def common_bits(one: Words, other: Words) -> NDArray[np.int32]:
    """How many bits are in both masks."""
    total = np.zeros(max(one.shape[1], other.shape[1]), dtype=np.int32)
    for a, b in zip(one, other, strict=False):
        # Somebody asks for a few skills of hundreds: most words are empty.
        if not (a.shape == (1,) and a[0] == 0) and not (b.shape == (1,) and b[0] == 0):
            total += np.bitwise_count(a & b)
    return total


def common(one: Words, other: Words) -> Numbers:
    """1 with a bit in common, 0 without; neutral when either has none. For languages and formats."""
    shared, first, second = (one[0] & other[0]) != 0, one[0] != 0, other[0] != 0
    for a, b in zip(one[1:], other[1:], strict=True):
        shared, first, second = shared | ((a & b) != 0), first | (a != 0), second | (b != 0)
    return np.where(first & second, shared.astype(np.float64), NEUTRAL)


def availability(one: Words, other: Words) -> Numbers:
    """The shared hours a week as a share of `ENOUGH_HOURS`; neutral when either lists none."""
    hours = np.minimum(common_bits(one, other), ENOUGH_HOURS)
    listed = one.any(axis=0) & other.any(axis=0)
    return np.where(listed, hours / ENOUGH_HOURS, NEUTRAL)


def seniority(gaps: NDArray[np.int32]) -> Numbers:
    """1 when the mentor is 3 to 15 years ahead; from there down in a line to 0 at no gap and at 40 years."""
    nearest, furthest = _BEST_GAP[0], _BEST_GAP[-1]
    rising, falling = gaps / nearest, (_WIDEST_GAP - gaps) / (_WIDEST_GAP - furthest)
    return np.clip(np.minimum(rising, falling), 0, 1).astype(np.float64)


def industry(one: NDArray[np.int32], other: NDArray[np.int32]) -> Numbers:
    """1 in the same industry, 0 in two; neutral when either lists none."""
    return np.where((one != 0) & (other != 0), (one == other).astype(np.float64), NEUTRAL)


def goals(mentees: Features, mentors: Features) -> Numbers:
    """How close the mentee's goals are to what the mentor writes of themselves; neutral when either is silent."""
    listed = mentees.has_goals & mentors.has_about
    if not listed.any():
        return np.full(len(listed), NEUTRAL)
    # Row by row: products of matrices would wake BLAS's threads, and cost more than they save for one person.
    cosines = np.vecdot(mentees.goals, mentors.about).astype(np.float64)
    return np.where(listed, np.clip((cosines - UNLIKE) / (ALIKE - UNLIKE), 0, 1), NEUTRAL)


def _share(part: NDArray[np.int32], whole: NDArray[np.int32]) -> Numbers:
    return np.where(whole > 0, part / np.maximum(whole, 1), NEUTRAL)
