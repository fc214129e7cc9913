"""The people that suit somebody best, a page at a time."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from matching.fit import DEFAULT_WEIGHTS, Fit, Identity, Person, Side, Weights, fit, score
from matching.reasons import reasons


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate with the fit of the pair and the reasons for it, told to the person who asked."""

    candidate: Person
    fit: Fit
    reasons: tuple[str, ...]

    @property
    def key(self) -> tuple[float, Identity]:
        """The place in the ranking, (score, id): given as `after`, it begins the next page."""
        return self.fit.score, self.candidate.id


def recommend(
    person: Person,
    candidates: Iterable[Person],
    role: Side,
    limit: int,
    exclude: Iterable[Identity] = (),
    after: tuple[float, Identity] | None = None,
    *,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Suggestion]:
    """The `limit` best candidates for `person`, who is on the side `role`: by falling score, then by id.

    `exclude` are the ids to leave out; a person is never suggested to themselves. `after` is the `key` of the
    last suggestion seen, who need not be a candidate any more. `candidates` holds each person once. Raises
    ValueError for a negative limit.
    """
    if limit < 0:
        raise ValueError(f"The limit is {limit}: give 0 or more.")
    hidden = {person.id, *exclude}
    ranked = (
        (_rank(score(*_pair(person, candidate, role), weights), candidate.id), candidate)
        for candidate in candidates
        if candidate.id not in hidden
    )
    if after is not None:
        last = _rank(*after)
        ranked = (entry for entry in ranked if last < entry[0])
    best = heapq.nsmallest(limit, ranked, key=itemgetter(0))
    return [_suggestion(person, candidate, role, weights) for _, candidate in best]


def _rank(score: float, identity: Identity) -> tuple[float, Identity]:
    return -score, identity


def _pair(person: Person, candidate: Person, role: Side) -> tuple[Person, Person]:
    """The mentee and the mentor, in this order."""
    return (person, candidate) if role == Side.MENTEE else (candidate, person)


def _suggestion(person: Person, candidate: Person, role: Side, weights: Weights) -> Suggestion:
    mentee, mentor = _pair(person, candidate, role)
    found = fit(mentee, mentor, weights)
    return Suggestion(candidate, found, tuple(reasons(mentee, mentor, found, reader=role)))
