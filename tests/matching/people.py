"""People and weights for the tests: one plain builder, and Hypothesis strategies."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from matching.availability import FULL_WEEK
from matching.fit import DEFAULT_WEIGHTS, Fit, Person, Side, SideWeights, Weights
from matching.population import Population
from matching.ranking import Suggestion
from matching.ranking import recommend as recommend_from
from matching.scoring import explain

# No deadline: the machine may be busy.
quick = settings(deadline=None, max_examples=50)

whole_numbers = st.integers()
skills = st.frozensets(st.sampled_from(["SQL", "hiring", "public speaking", "Python", "pricing", "law"]))
languages = st.frozensets(st.sampled_from(["en", "en-GB", "pt-BR", "pt", "sw", "zh-Hant", "tlh"]), max_size=3)
weeks = st.one_of(st.just(0), st.integers(0, FULL_WEEK), st.integers(0, 163).map(lambda hour: 0b11111 << hour))
formats = st.frozensets(st.sampled_from(["IN_PERSON", "PHONE", "VIDEO"]))
texts = st.sampled_from(
    ["", "a", "pricing a new product", "new products and their prices", "leading a small team", "中文写作"]
)
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
    goals: str = "",
    about: str = "",
    meets: str = "",
    offset: int | None = None,
) -> Person:
    """Somebody who says nothing but what is given; lists are separated by commas."""
    offered, wanted, spoken, formats = (
        frozenset(filter(None, text.split(", "))) for text in (offers, wants, speaks, meets)
    )
    return Person(number, offered, wanted, spoken, week, years, industry, goals, about, formats, offset)


def fit(mentee: Person, mentor: Person, weights: Weights = DEFAULT_WEIGHTS) -> Fit:
    """The fit of two people alone, whatever their ids."""
    population = Population()
    population.put(replace(mentee, id=0))
    population.put(replace(mentor, id=1))
    return explain(population, [0], [1], weights).fit(0)


def recommend(someone: Person, candidates: Iterable[Person], side: Side, k: int, **options: Any) -> list[Suggestion]:
    """The best of the candidates for somebody, all of them made a population."""
    others = [candidate for candidate in candidates if candidate.id != someone.id]
    population = Population()
    for one in (someone, *others):
        population.put(one)
    return recommend_from(population, someone.id, side, k, **options)


def people(ids: st.SearchStrategy[int] = whole_numbers) -> st.SearchStrategy[Person]:
    """Anybody at all, silent fields included."""
    return st.builds(
        Person, ids, skills, skills, languages, weeks, st.integers(0, 60), industries, texts, texts, formats
    )


def crowds(most: int = 12) -> st.SearchStrategy[list[Person]]:
    """People with ids of their own. Small pools make many equal scores."""
    return st.lists(people(st.integers(0, 30)), max_size=most, unique_by=lambda someone: someone.id)


def _side(shares: list[int]) -> SideWeights:
    total = sum(shares)
    return SideWeights(*(share / total for share in shares))


sides = st.lists(st.integers(0, 100), min_size=7, max_size=7).filter(any).map(_side)
weights = st.builds(Weights, sides, sides)
