"""The people that suit somebody best, a page at a time."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matching.fit import DEFAULT_WEIGHTS, Fit, Identity, Person, Side, Weights
from matching.population import Population
from matching.reasons import reasons
from matching.scoring import explain, score_all

UNITS: Final = 1_000_000
"""Scores are told apart in whole millionths, here and in a programme: the last bits are an accident of arithmetic."""

Place: TypeAlias = tuple[float, Identity]
"""A place in a ranking: the rank and the id of who has it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate with the fit of the pair and the reasons for it, told to the person who asked."""

    candidate: Person
    fit: Fit
    reasons: tuple[str, ...]
    rank: float
    """What it is ranked by: the score less the mentor's price, in whole millionths. Without prices, the score."""

    @property
    def key(self) -> Place:
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
    after: Place | None = None,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Suggestion]:
    """The `k` best candidates for somebody, as `best` finds them, with their fit and the reasons for it."""
    found = best(population, person_id, side, k, exclude=exclude, among=among, after=after, weights=weights)
    return explained(population, person_id, side, found, weights)


def best(
    population: Population,
    person_id: Identity,
    side: Side,
    k: int,
    *,
    exclude: Iterable[Identity] = (),
    among: NDArray[np.bool_] | Iterable[Identity] | None = None,
    after: Place | None = None,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Place]:
    """The places of the `k` best candidates for somebody on the side `side`: by falling score less price, then by id.

    A mentee is recommended mentors, at the population's prices; a mentor mentees. `exclude` are ids to leave out,
    `among` those to choose from, as ids or as a mask of the population's rows; a person is never suggested to
    themselves. `after` is the place of the last one seen, who need not be there any more. Raises ValueError
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
    return [(int(ranks[one]) / UNITS, population.people[one].id) for one in _best(population, ranks, open_to, k)]


def explained(
    population: Population,
    person_id: Identity,
    side: Side,
    places: Sequence[Place],
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Suggestion]:
    """The candidates at these places of somebody's ranking, with their fit and the reasons for it."""
    ids = [candidate for _, candidate in places]
    pairs = [[person_id] * len(ids), ids]
    mentees, mentors = pairs if side is Side.MENTEE else pairs[::-1]
    parts = explain(population, mentees, mentors, weights)
    found = []
    for number, (rank, candidate) in enumerate(places):
        fit = parts.fit(number)
        told = reasons(population[mentees[number]], population[mentors[number]], fit, reader=side)
        found.append(Suggestion(population[candidate], fit, tuple(told), rank))
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


def _behind(population: Population, ranks: NDArray[np.int64], after: Place) -> NDArray[np.bool_]:
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
