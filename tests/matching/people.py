"""People and weights for the tests: one plain builder, and Hypothesis strategies."""

from hypothesis import settings
from hypothesis import strategies as st

from matching.availability import FULL_WEEK
from matching.fit import Person, SideWeights, Weights

# No deadline: the machine may be busy.
quick = settings(deadline=None, max_examples=50)

whole_numbers = st.integers()
skills = st.frozensets(st.sampled_from(["SQL", "hiring", "public speaking", "Python", "pricing", "law"]))
languages = st.frozensets(st.sampled_from(["en", "en-GB", "pt-BR", "pt", "sw", "zh-Hant", "tlh"]), max_size=3)
weeks = st.one_of(st.just(0), st.integers(0, FULL_WEEK), st.integers(0, 163).map(lambda hour: 0b11111 << hour))
industries = st.sampled_from(["", "finance", "Finance", "health"])


def person(
    number: int = 1,
    *,
    offers: str = "",
    wants: str = "",
    speaks: str = "",
    week: int = 0,
    years: int = 0,
    industry: str = "",
) -> Person:
    """Somebody who says nothing but what is given; lists are separated by commas."""
    offered, wanted, spoken = (frozenset(filter(None, text.split(", "))) for text in (offers, wants, speaks))
    return Person(number, offered, wanted, spoken, week, years, industry)


def people(ids: st.SearchStrategy[int] = whole_numbers) -> st.SearchStrategy[Person]:
    """Anybody at all, silent fields included."""
    return st.builds(Person, ids, skills, skills, languages, weeks, st.integers(0, 60), industries)


def crowds(most: int = 12) -> st.SearchStrategy[list[Person]]:
    """People with ids of their own. Small pools make many equal scores."""
    return st.lists(people(st.integers(0, 30)), max_size=most, unique_by=lambda someone: someone.id)


def _side(shares: list[int]) -> SideWeights:
    total = sum(shares)
    return SideWeights(*(share / total for share in shares))


sides = st.lists(st.integers(0, 100), min_size=5, max_size=5).filter(any).map(_side)
weights = st.builds(Weights, sides, sides)
