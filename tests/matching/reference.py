"""The definition of the score, pair by pair, in plain Python: what the arrays must agree with."""

import math

from matching.availability import overlap_hours
from matching.components import ALIKE, ENOUGH_HOURS, NEUTRAL, UNLIKE
from matching.fit import DEFAULT_WEIGHTS, NAMES, Component, Fit, Person, Side, SideWeights, Weights, same_industry
from matching.text import TextSpace

_BEST_GAP = range(3, 16)
_WIDEST_GAP = 40


NOTHING_READ = TextSpace()


def score(mentee: Person, mentor: Person, weights: Weights = DEFAULT_WEIGHTS, space: TextSpace = NOTHING_READ) -> float:
    """The score of `fit` alone, to the last bit: enough for the many pairs that nobody will see."""
    mentee_values, mentor_values = _values(mentee, mentor, space)
    return _harmonic_mean(_sum(weights.mentee, mentee_values), _sum(weights.mentor, mentor_values))


def fit(mentee: Person, mentor: Person, weights: Weights = DEFAULT_WEIGHTS, space: TextSpace = NOTHING_READ) -> Fit:
    """Scores a pair and explains it.

    With one-sided sums `e` and `r` the score is `2 e r / (e + r)`, or 0 when both are 0. It is homogeneous of
    degree 1, so by Euler's theorem a mentee-side component of weight `w` and value `c` contributes
    `2 r^2 / (e + r)^2 * w * c`, a mentor-side one the same with `e^2`, and these add up to the score.
    """
    mentee_values, mentor_values = _values(mentee, mentor, space)
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


def _values(mentee: Person, mentor: Person, space: TextSpace) -> tuple[tuple[float, ...], tuple[float, ...]]:
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
        _goals(mentee.goals, mentor.about, space),
        _format(mentee.formats, mentor.formats),
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


def _goals(goals: str, about: str, space: TextSpace) -> float:
    """The cosine of the texts from `UNLIKE` to `ALIKE`; neutral when either says nothing."""
    one, other = space.vector(goals), space.vector(about)
    if not one.any() or not other.any():
        return NEUTRAL
    return min(1.0, max(0.0, float(one @ other) - UNLIKE) / (ALIKE - UNLIKE))


def _format(one: frozenset[str], other: frozenset[str]) -> float:
    """1 with a way to meet in common, 0 without; neutral when either lists none."""
    return _languages(one, other)
