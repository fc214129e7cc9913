"""Scores of many pairs at once, and the exact part that each component has in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.components import Numbers, Values, values
from matching.features import Features
from matching.fit import DEFAULT_WEIGHTS, NAMES, Component, Fit, Identity, Side, SideWeights, Weights
from matching.population import Population

FORBIDDEN: Final = -1.0
"""Stands in the place of a score where there can be no pair."""


@dataclass(frozen=True, slots=True)
class Components:
    """The scores of pairs and their parts: `scores` [pairs], all else [components, pairs] in the order of `NAMES`.

    With one-sided sums `e` and `r` the score is `2 e r / (e + r)`, or 0 when both are 0. It is homogeneous of
    degree 1, so by Euler's theorem a mentee-side component of weight `w` and value `c` contributes
    `2 r^2 / (e + r)^2 * w * c`, a mentor-side one the same with `e^2`, and these add up to the score.
    """

    weights: Weights
    scores: Numbers
    mentee_values: Numbers
    mentor_values: Numbers
    mentee_contributions: Numbers
    mentor_contributions: Numbers

    def fit(self, pair: int) -> Fit:
        """One pair as a record."""
        sides = (
            (Side.MENTEE, self.weights.mentee, self.mentee_values, self.mentee_contributions),
            (Side.MENTOR, self.weights.mentor, self.mentor_values, self.mentor_contributions),
        )
        return Fit(
            score=float(self.scores[pair]),
            components=tuple(
                Component(name, side, weight, value, contribution)
                for side, weights, of_pairs, parts in sides
                for name, weight, value, contribution in zip(
                    NAMES, weights.in_order(), of_pairs[:, pair].tolist(), parts[:, pair].tolist(), strict=True
                )
            ),
        )


def explain(
    population: Population,
    mentee_ids: Sequence[Identity],
    mentor_ids: Sequence[Identity],
    weights: Weights = DEFAULT_WEIGHTS,
) -> Components:
    """The scores of the pairs of the first mentee with the first mentor, the second with the second and so on.

    Raises KeyError for somebody unknown, ValueError for lists of different lengths.
    """
    if len(mentee_ids) != len(mentor_ids):
        raise ValueError(
            f"{len(mentee_ids)} mentees and {len(mentor_ids)} mentors make no pairs: give as many of each."
        )
    features = population.features
    found = values(features.pick(population.rows(mentee_ids)), features.pick(population.rows(mentor_ids)))
    e, r = _sums(found, weights)
    total = np.where(e + r > 0, e + r, 1.0)
    # The quotient comes before the square: the squares of tiny sums would vanish.
    mentee_slope, mentor_slope = 2 * (r / total) ** 2, 2 * (e / total) ** 2
    mentee_values, mentor_values = np.array(found.mentee), np.array(found.mentor)
    return Components(
        weights=weights,
        scores=harmonic_mean(e, r),
        mentee_values=mentee_values,
        mentor_values=mentor_values,
        mentee_contributions=mentee_slope * np.array(weights.mentee.in_order())[:, np.newaxis] * mentee_values,
        mentor_contributions=mentor_slope * np.array(weights.mentor.in_order())[:, np.newaxis] * mentor_values,
    )


def score_rows(
    population: Population, ids: Sequence[Identity], side: Side, weights: Weights = DEFAULT_WEIGHTS
) -> NDArray[np.float32]:
    """The scores of these people, who are on the side `side`, with everybody: [ids, rows of the population].

    `FORBIDDEN` stands where somebody would be paired with themselves. Raises KeyError for somebody unknown.
    """
    everybody = population.features
    scores = np.empty((len(ids), len(population)), dtype=np.float32)
    for place, row in enumerate(population.rows(ids).tolist()):
        scores[place] = score_all(everybody, row, side, weights)
        scores[place, row] = FORBIDDEN
    return scores


def score_all(everybody: Features, row: int, side: Side, weights: Weights) -> Numbers:
    """The scores of one person, on the side `side`, with everybody, themselves included."""
    person = everybody.pick(slice(row, row + 1))
    found = values(person, everybody) if side is Side.MENTEE else values(everybody, person)
    return harmonic_mean(*_sums(found, weights))


def harmonic_mean(e: Numbers, r: Numbers) -> Numbers:
    """The score of two one-sided sums."""
    total = e + r
    # Weights that add up to a hair over 1 must not lift a score over 1.
    return np.minimum(1.0, np.divide(2 * e * r, total, out=np.zeros_like(total), where=total > 0))


def _sums(found: Values, weights: Weights) -> tuple[Numbers, Numbers]:
    return _sum(weights.mentee, found.mentee), _sum(weights.mentor, found.mentor)


def _sum(weights: SideWeights, found: tuple[Numbers, ...]) -> Numbers:
    total = np.zeros(np.broadcast_shapes(*(part.shape for part in found)))
    for weight, part in zip(weights.in_order(), found, strict=True):
        if weight:
            total += weight * part
    return total
