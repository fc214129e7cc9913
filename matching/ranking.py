"""The people that suit somebody best, a page at a time."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.fit import DEFAULT_WEIGHTS, Fit, Identity, Person, Side, Weights
from matching.population import Population
from matching.reasons import reasons
from matching.scoring import explain, score_all

UNITS: Final = 1_000_000
"""Scores are told apart in whole millionths, here and in a programme: the last bits are an accident of arithmetic."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate with the fit of the pair and the reasons for it, told to the person who asked."""

    candidate: Person
    fit: Fit
    reasons: tuple[str, ...]
    rank: float
    """What it is ranked by: the score less the mentor's price, in whole millionths. Without prices, the score."""

    @property
    def key(self) -> tuple[float, Identity]:
        """The place in the ranking, (rank, id): given as `after`, it begins the next page."""
        return self.rank, self.candidate.id


def recommend(
    population: Population,
    person_id: Identity,
    side: Side,
    k: int,
    *,
    exclude: Iterable[Identity] = (),
    among: NDArray[np.bool_] | Iterable[Identity] | None = None,
    after: tuple[float, Identity] | None = None,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Suggestion]:
    """The `k` best candidates for somebody on the side `side`: by falling score less price, then by id.

    A mentee is recommended mentors, at the population's prices; a mentor mentees. `exclude` are ids to leave out,
    `among` those to choose from, as ids or as a mask of the population's rows; a person is never suggested to
    themselves. `after` is the `key` of the last suggestion seen, who need not be there any more. Raises ValueError
    for a negative `k` and KeyError for a person who is not in the population.
    """
    if k < 0:
        raise ValueError(f"The limit is {k}: give 0 or more.")
    row = population.row(person_id)
    scores = score_all(population.features, row, side, weights)
    if side is Side.MENTEE:
        scores = scores - population.prices
    ranks = np.rint(scores * UNITS).astype(np.int64)
    open_to = _candidates(population, row, exclude, among)
    if after is not None:
        open_to &= _behind(population, ranks, after)
    chosen = _best(population, ranks, open_to, k)
    ids = [population.people[candidate].id for candidate in chosen]
    pairs = [[person_id] * len(ids), ids]
    mentees, mentors = pairs if side is Side.MENTEE else pairs[::-1]
    explained = explain(population, mentees, mentors, weights)
    found = []
    for place, (mentee, mentor) in enumerate(zip(mentees, mentors, strict=True)):
        fit = explained.fit(place)
        told = reasons(population[mentee], population[mentor], fit, reader=side)
        candidate = population.people[chosen[place]]
        found.append(Suggestion(candidate, fit, tuple(told), rank=int(ranks[chosen[place]]) / UNITS))
    return found


def _candidates(
    population: Population,
    row: int,
    exclude: Iterable[Identity],
    among: NDArray[np.bool_] | Iterable[Identity] | None,
) -> NDArray[np.bool_]:
    if among is None:
        mask = np.ones(len(population), dtype=np.bool_)
    else:
        mask = among.copy() if isinstance(among, np.ndarray) else population.mask(among)
    mask[row] = False
    mask &= ~population.mask(exclude)
    return mask


def _behind(population: Population, ranks: NDArray[np.int64], after: tuple[float, Identity]) -> NDArray[np.bool_]:
    """Who comes after this place in the ranking."""
    last, named = round(after[0] * UNITS), after[1]
    behind = ranks < last
    for tie in np.flatnonzero(ranks == last):
        behind[tie] = named < population.people[tie].id
    return behind


def _best(population: Population, ranks: NDArray[np.int64], open_to: NDArray[np.bool_], k: int) -> list[int]:
    """The rows of the best, in order."""
    rows = np.flatnonzero(open_to)
    if len(rows) > k > 0:
        theirs = ranks[rows]
        rows = rows[theirs >= np.partition(theirs, -k)[-k]]
    keyed = zip((-ranks[rows]).tolist(), rows.tolist(), strict=True)
    best = heapq.nsmallest(k, ((rank, population.people[row].id, row) for rank, row in keyed))
    return [row for _, _, row in best]
