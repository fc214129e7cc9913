"""People as arrays: what the formulas of `components` read, a column for each person."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.availability import HOURS_A_WEEK
from matching.fit import Person
from matching.text import DIMENSIONS, TextSpace

Words = NDArray[np.uint64]
"""Bit masks: [words, people], so that one word of everybody lies side by side."""

_WORD: Final = 64
_WEEK_WORDS: Final = -(-HOURS_A_WEEK // _WORD)
_LOW: Final = (1 << _WORD) - 1
# Beyond a hundred years nothing changes, and a column of small numbers holds any.
_MOST_YEARS: Final = 1_000


@dataclass(slots=True)
class Features:
    """Some people. Masks are [words, n], texts [n, dimensions], all else [n]; with n = 1 it stands for all of another.

    A count, a mask or an industry of 0 means that the person has not said. `goals` and `about` are unit vectors,
    or zeros with a False beside them.
    """

    offered: Words
    wanted: Words
    languages: Words
    formats: Words
    week: Words
    offers: NDArray[np.int32]
    wants: NDArray[np.int32]
    years: NDArray[np.int32]
    industry: NDArray[np.int32]
    goals: NDArray[np.float32]
    about: NDArray[np.float32]
    has_goals: NDArray[np.bool_]
    has_about: NDArray[np.bool_]

    def pick(self, rows: slice | NDArray[np.intp]) -> "Features":
        """These people only: a view for a slice, else a copy."""
        return self._each(lambda column, masks: column[:, rows] if masks else column[rows])

    def __len__(self) -> int:
        return len(self.years)

    def _each(self, change: Callable[[NDArray[Any], bool], NDArray[Any]]) -> "Features":
        # The two texts have two axes as well, but the people on the first.
        columns: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return Features(**{name: change(column, name in MASKS) for name, column in columns.items()})


MASKS: Final = frozenset({"offered", "wanted", "languages", "formats", "week"})


class Vocabulary:
    """Names and their numbers, in the order in which they came up."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name, which is new with the first use of the name."""
        return self._numbers.setdefault(name, len(self._numbers))

    def mask(self, names: Iterable[str]) -> int:
        """The names as bits."""
        mask = 0
        for name in names:
            mask |= 1 << self.number(name)
        return mask


class FeatureTable:
    """The features of a community that changes: rows are written in place, and the arrays grow by doubling."""

    def __init__(self, space: TextSpace) -> None:
        self._space = space
        self._skills, self._languages, self._formats = Vocabulary(), Vocabulary(), Vocabulary()
        self._industries = Vocabulary()
        self._industries.number("")
        self._all = _empty(16)

    def write(self, row: int, person: Person) -> None:
        """Put what the person says into a row."""
        if row >= len(self._all):
            self._resize(2 * row)
        self._write_mask("offered", row, self._skills.mask(person.skills_offered))
        self._write_mask("wanted", row, self._skills.mask(person.skills_wanted))
        self._write_mask("languages", row, self._languages.mask(person.languages))
        self._write_mask("formats", row, self._formats.mask(person.formats))
        self._write_mask("week", row, person.week)
        table = self._all
        table.offers[row], table.wants[row] = len(person.skills_offered), len(person.skills_wanted)
        table.years[row] = min(person.years_of_experience, _MOST_YEARS)
        table.industry[row] = self._industries.number(person.industry.casefold())
        table.goals[row], table.has_goals[row] = self._read(person.goals)
        table.about[row], table.has_about[row] = self._read(person.about)

    def move(self, source: int, target: int) -> None:
        """Copy one row over another."""
        for field in fields(Features):
            column = getattr(self._all, field.name)
            if field.name in MASKS:
                column[:, target] = column[:, source]
            else:
                column[target] = column[source]

    def first(self, many: int) -> Features:
        """A view of the first rows."""
        return self._all.pick(slice(many))

    def _read(self, text: str) -> tuple[NDArray[np.float32] | float, bool]:
        if not text:
            return 0.0, False
        vector = self._space.vector(text)
        return vector, bool(vector.any())

    def _write_mask(self, name: str, row: int, mask: int) -> None:
        words: Words = getattr(self._all, name)
        needed = -(-mask.bit_length() // _WORD)
        if needed > len(words):
            words = np.vstack([words, np.zeros((needed - len(words), words.shape[1]), dtype=np.uint64)])
            setattr(self._all, name, words)
        for word in range(len(words)):
            words[word, row] = mask & _LOW
            mask >>= _WORD

    def _resize(self, size: int) -> None:
        def grown(column: NDArray[Any], masks: bool) -> NDArray[Any]:
            shape = (column.shape[0], size) if masks else (size, *column.shape[1:])
            larger = np.zeros(shape, dtype=column.dtype)
            larger[(slice(None), slice(column.shape[1])) if masks else slice(len(column))] = column
            return larger

        self._all = self._all._each(grown)


def _empty(size: int) -> Features:
    def masks(words: int = 1) -> Words:
        return np.zeros((words, size), dtype=np.uint64)

    def numbers() -> NDArray[np.int32]:
        return np.zeros(size, dtype=np.int32)

    def texts() -> NDArray[np.float32]:
        return np.zeros((size, DIMENSIONS), dtype=np.float32)

    def flags() -> NDArray[np.bool_]:
        return np.zeros(size, dtype=np.bool_)

    return Features(
        offered=masks(),
        wanted=masks(),
        languages=masks(),
        formats=masks(),
        week=masks(_WEEK_WORDS),
        offers=numbers(),
        wants=numbers(),
        years=numbers(),
        industry=numbers(),
        goals=texts(),
        about=texts(),
        has_goals=flags(),
        has_about=flags(),
    )
