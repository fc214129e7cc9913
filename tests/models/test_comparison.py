"""Two drafts beside each other, in numbers; and how long a published mentorship is meant for."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.matching.comparison import compared
from models.matching.publishing import months_left

KEYS = st.integers(0, 5).map(lambda number: UUID(int=number))
DRAFTS = st.dictionaries(KEYS, st.tuples(KEYS, st.integers(0, 1_000_000)))


@given(DRAFTS, DRAFTS)
def test_every_mentee_is_counted_once_and_who_gains_one_way_loses_the_other(
    before: dict[UUID, tuple[UUID, int]], after: dict[UUID, tuple[UUID, int]]
) -> None:
    there, back = compared(before, after), compared(after, before)
    assert there.same + there.moved + there.joined + there.dropped == len(before.keys() | after.keys())
    assert (there.gaining, there.losing, there.joined) == (back.losing, back.gaining, back.dropped)
    assert len(there.changes) == there.moved + there.joined + there.dropped
    assert [abs(one.gain) for one in there.changes] == sorted((abs(one.gain) for one in back.changes), reverse=True)
    assert compared(before, before).changes == []


@pytest.mark.parametrize(
    ("today", "end", "months"),
    [
        (date(2027, 1, 1), date(2027, 6, 1), 5),
        (date(2027, 1, 1), date(2027, 6, 2), 6),
        (date(2027, 1, 31), date(2027, 2, 1), 1),
        (date(2027, 6, 1), date(2027, 1, 1), 1),
        (date(2027, 1, 1), date(2099, 1, 1), 24),
    ],
)
def test_a_published_mentorship_lasts_as_its_programme_does_within_what_is_usual(
    today: date, end: date, months: int
) -> None:
    assert months_left(today, end) == months
