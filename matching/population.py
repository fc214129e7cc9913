"""Everybody who may be matched, held as arrays and kept up to date in place."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from matching.features import Features, FeatureTable
from matching.fit import Identity, Person
from matching.text import TextSpace


def space_of(people: Iterable[Person]) -> TextSpace:
    """How rare the grams of texts are among these people."""
    return TextSpace(text for person in people for text in (person.goals, person.about))


class Population:
    """The people, a row of features each; mentees and mentors alike, as somebody may be both.

    The rows are dense and in no order: a person who leaves gives their row to the last. How rare the grams of
    texts are is learnt from the people it is made of, and stays so while it changes: make a new one when the
    community has grown several times over. It is not safe to change in one thread while another reads.
    """

    def __init__(self, people: Iterable[Person] = (), space: TextSpace | None = None) -> None:
        """Of these people. Where they are some of many, give the `space` of all, lest their texts count otherwise."""
        known = list(people)
        self._table = FeatureTable(space or space_of(known))
        self._rows: dict[Identity, int] = {}
        self._people: list[Person] = []
        self._prices = np.zeros(16)
        for person in known:
            self.put(person)

    def put(self, person: Person) -> None:
        """Add somebody, or replace what is known of them; some tens of microseconds, and a hundred for each text."""
        row = self._rows.setdefault(person.id, len(self._people))
        if row == len(self._people):
            self._people.append(person)
            if row >= len(self._prices):
                self._prices = np.concatenate([self._prices, np.zeros(len(self._prices))])
            self._prices[row] = 0
        self._people[row] = person
        self._table.write(row, person)

    def remove(self, id: Identity) -> None:
        """Forget somebody. Raises KeyError for somebody unknown."""
        row = self._rows.pop(id)
        last = self._people.pop()
        if row < len(self._people):
            self._people[row] = last
            self._rows[last.id] = row
            self._table.move(len(self._people), row)
            self._prices[row] = self._prices[len(self._people)]

    def price(self, prices: Mapping[Identity, float]) -> None:
        """Set the price of every mentor's place, in units of score: 0 for who is not named.

        It is taken from the score in a mentee's ranking, so that mentors who are asked for by many come up where nobody
        else does as well. `Result.prices` of a programme has them. Somebody new has the price 0.
        """
        self._prices[:] = 0
        for named, price in prices.items():
            if named in self._rows:
                self._prices[self._rows[named]] = price

    @property
    def features(self) -> Features:
        """What the formulas read, a column for each row: a view that the next change invalidates."""
        return self._table.first(len(self._people))

    @property
    def prices(self) -> NDArray[np.float64]:
        """The price of each row: a view, as `features` is."""
        return self._prices[: len(self._people)]

    @property
    def people(self) -> "list[Person]":
        """The person of each row. Not to be changed."""
        return self._people

    def row(self, id: Identity) -> int:
        """Where somebody is. Raises KeyError for somebody unknown."""
        return self._rows[id]

    def rows(self, ids: Iterable[Identity]) -> NDArray[np.intp]:
        """Where they are. Raises KeyError for somebody unknown."""
        return np.fromiter((self._rows[one] for one in ids), dtype=np.intp)

    def mask(self, ids: Iterable[Identity]) -> NDArray[np.bool_]:
        """True in the rows of these people; who is unknown is left out."""
        mask = np.zeros(len(self._people), dtype=np.bool_)
        known = (self._rows.get(one) for one in ids)
        mask[[row for row in known if row is not None]] = True
        return mask

    def __getitem__(self, id: Identity) -> Person:
        return self._people[self._rows[id]]

    def __contains__(self, id: object) -> bool:
        return id in self._rows

    def __iter__(self) -> Iterator[Identity]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._people)
