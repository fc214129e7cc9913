from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.fit import Identity, Person, Side, Weights
from matching.population import Population
from matching.ranking import recommend
from matching.scoring import FORBIDDEN, explain, score_rows
from matching.text import TextSpace
from tests.matching import people as some
from tests.matching import reference
from tests.matching.people import person, quick


def scores(population: Population, ids: list[Identity]) -> list[list[float]]:
    """Everybody with everybody, in the order of the ids."""
    return score_rows(population, ids, Side.MENTEE)[:, population.rows(ids)].tolist()


@given(some.crowds(8), some.weights)
@quick
def test_arrays_say_what_the_definition_says(crowd: list[Person], weights: Weights) -> None:
    population = Population(crowd)
    space = TextSpace(text for someone in crowd for text in (someone.goals, someone.about))
    pairs = [(mentee, mentor) for mentee in crowd for mentor in crowd]
    explained = explain(population, [m.id for m, _ in pairs], [m.id for _, m in pairs], weights)
    rows = {
        side: score_rows(population, [one.id for one in crowd], side, weights)[
            :, population.rows(one.id for one in crowd)
        ]
        for side in Side
    }
    for place, (mentee, mentor) in enumerate(pairs):
        expected, found = reference.fit(mentee, mentor, weights, space), explained.fit(place)
        assert found.score == pytest.approx(expected.score, abs=1e-6)
        assert [(c.name, c.side, c.weight) for c in found.components] == [
            (c.name, c.side, c.weight) for c in expected.components
        ]
        for field in ("value", "contribution"):
            assert [getattr(c, field) for c in found.components] == pytest.approx(
                [getattr(c, field) for c in expected.components], abs=2e-6
            )
        i, j = crowd.index(mentee), crowd.index(mentor)
        score = FORBIDDEN if i == j else pytest.approx(expected.score, abs=1e-6)
        assert rows[Side.MENTEE][i, j] == score
        assert rows[Side.MENTOR][j, i] == score


@given(some.crowds(8), st.lists(st.one_of(some.people(st.integers(0, 9)), st.integers(0, 9)), max_size=20))
@quick
def test_a_population_that_changed_is_one_made_anew(crowd: list[Person], changes: list[Person | int]) -> None:
    population, known = Population(), {}
    for change in [*crowd, *changes]:
        if isinstance(change, Person):
            population.put(change)
            known[change.id] = change
        elif change in known:
            population.remove(change)
            del known[change]
    anew = Population()
    for someone in known.values():
        anew.put(someone)
    assert set(population) == set(known)
    assert len(population) == len(known)
    assert all(population[name] == someone for name, someone in known.items())
    assert scores(population, sorted(known)) == scores(anew, sorted(known))


def test_a_vocabulary_may_outgrow_a_word() -> None:
    names = [f"skill {number}" for number in range(150)]
    population = Population(person(number, offers=names[number], speaks=f"l{number}") for number in range(150))
    population.put(person(200, wants=f"{names[3]}, {names[149]}", speaks="l149"))
    found = recommend(population, 200, Side.MENTEE, 2)
    assert [suggestion.candidate.id for suggestion in found] == [149, 3]


def test_somebody_unknown_is_an_error() -> None:
    population = Population([person(1)])
    for deed in (
        lambda: population.remove(2),
        lambda: population[2],
        lambda: score_rows(population, [2], Side.MENTEE),
        lambda: recommend(population, 2, Side.MENTEE, 1),
    ):
        with pytest.raises(KeyError):
            deed()
    assert list(population) == [1]


def test_mentees_and_mentors_come_in_pairs() -> None:
    population = Population([person(1), person(2)])
    with pytest.raises(ValueError, match="2 mentees and 1 mentors make no pairs"):
        explain(population, [1, 2], [2])


def test_a_mentor_asked_for_by_many_comes_after_one_nearly_as_good() -> None:
    population = Population([person(1, wants="SQL, law"), person(2, offers="SQL, law"), person(3, offers="SQL")])

    def ranked(side: Side = Side.MENTEE, of: int = 1) -> list[Identity]:
        return [suggestion.candidate.id for suggestion in recommend(population, of, side, 5)]

    assert ranked() == [2, 3]
    population.price({2: 0.9, 99: 1.0})
    first, second = recommend(population, 1, Side.MENTEE, 2)
    assert (first.candidate.id, second.candidate.id) == (3, 2)
    assert second.rank == pytest.approx(second.fit.score - 0.9, abs=1e-6)
    assert recommend(population, 1, Side.MENTEE, 2, after=first.key)[0].candidate.id == 2
    # A mentor who leaves takes the price along; who comes in the same row has none.
    population.remove(2)
    population.put(person(4, offers="SQL, law"))
    assert ranked() == [4, 3]
    population.price({})
    assert ranked(Side.MENTOR, of=3)[0] == 1


def test_candidates_may_be_named_or_masked() -> None:
    population = Population(person(number, offers="SQL") for number in range(6))
    by_ids = recommend(population, 0, Side.MENTEE, 9, among=[0, 2, 4, 77], exclude=[4])
    assert [suggestion.candidate.id for suggestion in by_ids] == [2]
    mask = population.mask([3, 5])
    assert [s.candidate.id for s in recommend(population, 0, Side.MENTEE, 9, among=mask, exclude=[3])] == [5]
    assert mask.sum() == 2


def test_goals_find_the_mentor_who_writes_of_them() -> None:
    mentee = person(1, goals="I want to lead a research team and to learn negotiating budgets.")
    mentor = person(2, about="Head of research: team leadership, budget negotiations with ministries.")
    other = person(3, about="Pastry chef. Twenty years of croissants, chocolate and night shifts.")
    population = Population([mentee, mentor, other, replace(other, id=4, about="Frontend engineer, CSS and React.")])
    near, far = explain(population, [1, 1], [2, 3]).mentee_values[5]
    assert near > 0.6
    assert far < 0.2
    assert recommend(population, 1, Side.MENTEE, 1)[0].candidate.id == 2


def test_a_misspelt_or_inflected_word_is_still_near() -> None:
    space = TextSpace(["negotiation of contracts", "gardening", "statistics", "welding"])
    word, misspelt, other = (space.vector(text) for text in ("Negotiation", "negotiatoin, negotiating", "gardening"))
    assert word @ misspelt > 0.4 > 0.2 > abs(word @ other)


def test_the_order_of_the_texts_teaches_nothing() -> None:
    texts = [f"text number {number} of many" for number in range(20)]
    one, other = TextSpace(texts), TextSpace([*reversed(texts), "", texts[3]])
    assert np.array_equal(one.vector("number 7"), other.vector("number 7"))


@pytest.mark.parametrize("text", ["", " ", "—!?", "a", "\ud800x", "x" * 100_000, "\x00\x01", "ﷺ" * 5_000])
def test_any_text_has_a_vector(text: str) -> None:
    length = np.linalg.norm(TextSpace().vector(text))
    assert length == pytest.approx(1, abs=1e-5) or length == 0
