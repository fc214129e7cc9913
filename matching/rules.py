"""Hard rules: named conditions that forbid a pair whatever its score. Data only; they are applied to arrays."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matching.fit import Identity

Row = Callable[[int], NDArray[np.bool_]]
"""Given the place of a mentee, which mentors they may not have."""


class Rule(Protocol):
    """A condition on pairs, with a `name` to tell people."""

    @property
    def name(self) -> str: ...

    def over(self, mentees: Sequence[Identity], mentors: Sequence[Identity]) -> Row:
        """The rule for these people."""
        ...


@dataclass(frozen=True, slots=True)
class Differ:
    """The two must not have the same value: one team, or a mentee whose line manager is the mentor.

    `mentees` and `mentors` say what each person's value is; it forbids nothing to who has none.
    """

    name: str
    mentees: Mapping[Identity, Hashable]
    mentors: Mapping[Identity, Hashable]

    def over(self, mentees: Sequence[Identity], mentors: Sequence[Identity]) -> Row:
        """The rule for these people."""
        numbers: dict[Hashable, int] = {}
        theirs = _numbered(mentees, self.mentees, numbers).tolist()
        others = _numbered(mentors, self.mentors, numbers)
        nobody = np.zeros(len(mentors), dtype=np.bool_)
        return lambda place: others == theirs[place] if theirs[place] else nobody


@dataclass(frozen=True, slots=True)
class Share:
    """The two must have a value in common: a language that the mentee requires, or a site.

    It forbids nothing to a mentee who has no value, and a mentor who has none to every mentee who has.
    """

    name: str
    mentees: Mapping[Identity, Collection[Hashable]]
    mentors: Mapping[Identity, Collection[Hashable]]

    def over(self, mentees: Sequence[Identity], mentors: Sequence[Identity]) -> Row:
        """The rule for these people."""
        having: dict[Hashable, list[int]] = {}
        for place, mentor in enumerate(mentors):
            for value in self.mentors.get(mentor, ()):
                having.setdefault(value, []).append(place)
        # There are few different sets: a row for each is made once.
        rows: dict[frozenset[Hashable], NDArray[np.bool_]] = {frozenset(): np.zeros(len(mentors), dtype=np.bool_)}

        def row(place: int) -> NDArray[np.bool_]:
            values = frozenset(self.mentees.get(mentees[place], ()))
            if values not in rows:
                forbidden = np.ones(len(mentors), dtype=np.bool_)
                for value in values:
                    forbidden[having.get(value, [])] = False
                rows[values] = forbidden
            return rows[values]

        return row


def excluding(rules: Iterable[Rule], mentee: Identity, mentor: Identity) -> list[str]:
    """The names of the rules that forbid this pair."""
    return [rule.name for rule in rules if rule.over([mentee], [mentor])(0)[0]]


def _numbered(
    ids: Sequence[Identity], values: Mapping[Identity, Hashable], numbers: dict[Hashable, int]
) -> NDArray[np.int32]:
    """The values as numbers from 1; 0 for who has none."""
    found = (values.get(one) for one in ids)
    return np.fromiter(
        (0 if value is None else numbers.setdefault(value, len(numbers) + 1) for value in found), dtype=np.int32
    )
