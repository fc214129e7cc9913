"""The candidates in arrays: the population of matching, and row for row beside it what decides who is ranked at all."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from matching.population import Population
from models.suggestion.reading import Candidate, decode

# In units of score: what a mentee who waits for an answer costs those who come after, at a mentor with one free place,
# and what all of them cost at most. Among mentors who suit about as well, those who are asked less come first.
PRICE: Final = 0.03
MOST_PRICE: Final = 0.15


class Candidates:
    """The people of these texts."""

    def __init__(self, texts: Iterable[bytes | str] = ()) -> None:
        found = [decode(text) for text in texts]
        self.population = Population(candidate.person for candidate in found)
        self._places = np.zeros(16, dtype=np.int16)
        self._seeking = np.zeros(16, dtype=np.bool_)
        for candidate in found:
            self._note(candidate)

    @property
    def places(self) -> NDArray[np.int16]:
        """How many mentees each could still take: a view, as those of the population are."""
        return self._places[: len(self.population)]

    @property
    def seeking(self) -> NDArray[np.bool_]:
        """Who looks for a mentor, and wants to be found."""
        return self._seeking[: len(self.population)]

    def put(self, text: bytes | str) -> None:
        """Add somebody, or replace what is known of them."""
        candidate = decode(text)
        self.population.put(candidate.person)
        self._note(candidate)

    def remove(self, id: UUID) -> None:
        """Forget somebody, if they are known."""
        if id in self.population:
            row, last = self.population.row(id), len(self.population) - 1
            for column in (self._places, self._seeking):
                column[row] = column[last]
            self.population.remove(id)

    def price(self, waiting: Mapping[UUID, int]) -> None:
        """Price the mentors by how many mentees wait for each, shared among their free places."""
        self.population.price(
            {
                mentor: min(MOST_PRICE, PRICE * many / max(1, int(self._places[self.population.row(mentor)])))
                for mentor, many in waiting.items()
                if mentor in self.population
            }
        )

    def _note(self, candidate: Candidate) -> None:
        row = self.population.row(candidate.person.id)
        if row >= len(self._places):
            self._places, self._seeking = np.resize(self._places, 2 * row), np.resize(self._seeking, 2 * row)
        self._places[row], self._seeking[row] = candidate.places, candidate.seeking
