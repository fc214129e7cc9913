from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.fit import Identity, Person, Side, SideWeights, Weights
from matching.ranking import Suggestion
from matching.reasons import reasons
from tests.matching import people as some
from tests.matching.people import fit, person, quick, recommend

roles = st.sampled_from(Side)
LEARNER = person(0, wants="SQL, law, pricing, hiring", speaks="en")
ALL, HALF, NONE = (
    person(3, offers="SQL, law, pricing, hiring", speaks="en"),
    person(2, offers="SQL, law", speaks="en"),
    person(1, offers="Python", speaks="en"),
)


def ids(suggestions: list[Suggestion]) -> list[Identity]:
    return [suggestion.candidate.id for suggestion in suggestions]


def everyone(someone: Person, crowd: list[Person], role: Side) -> list[Suggestion]:
    return recommend(someone, crowd, role, len(crowd))


def test_the_best_fit_comes_first() -> None:
    assert ids(recommend(LEARNER, [NONE, HALF, ALL], Side.MENTEE, 10)) == [3, 2, 1]


def test_no_more_than_the_limit_come() -> None:
    assert ids(recommend(LEARNER, [NONE, HALF, ALL], Side.MENTEE, 2)) == [3, 2]
    assert recommend(LEARNER, [NONE, HALF, ALL], Side.MENTEE, 0) == []


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="limit is -1: give 0 or more"):
        recommend(LEARNER, [], Side.MENTEE, -1)


def test_equal_scores_are_ordered_by_id() -> None:
    twins = [person(number, offers="SQL") for number in (5, 2, 9)]
    assert ids(recommend(LEARNER, twins, Side.MENTEE, 10)) == [2, 5, 9]


def test_ids_may_be_uuids() -> None:
    def silent(number: int) -> Person:
        return Person(UUID(int=number), frozenset(), frozenset(), frozenset(), 0, 0, "")

    found = recommend(silent(1), map(silent, (4, 3, 2)), Side.MENTOR, 2, exclude=[UUID(int=3)])
    assert [suggestion.candidate.id for suggestion in found] == [UUID(int=2), UUID(int=4)]


def test_a_person_is_never_suggested_to_themselves() -> None:
    assert ids(recommend(LEARNER, [LEARNER, HALF], Side.MENTEE, 10)) == [2]


def test_excluded_people_are_left_out_and_their_places_filled() -> None:
    assert ids(recommend(LEARNER, [NONE, HALF, ALL], Side.MENTEE, 2, exclude=[3])) == [2, 1]


def test_the_role_says_on_which_side_the_person_is() -> None:
    teacher = person(0, offers="SQL", wants="law", years=10)
    eager, learned = person(1, wants="SQL"), person(2, offers="law", years=20)
    assert ids(recommend(teacher, [eager, learned], Side.MENTOR, 1)) == [1]
    assert ids(recommend(teacher, [eager, learned], Side.MENTEE, 1)) == [2]


def test_a_suggestion_carries_the_fit_and_the_reasons_for_its_reader() -> None:
    (to_mentee,) = recommend(LEARNER, [HALF], Side.MENTEE, 1)
    assert to_mentee.fit == fit(LEARNER, HALF)
    assert to_mentee.key == (round(fit(LEARNER, HALF).score, 6), 2)
    assert to_mentee.reasons[0] == "offers 2 of the 4 skills that you look for: SQL, law"
    (to_mentor,) = recommend(HALF, [LEARNER], Side.MENTOR, 1)
    assert to_mentor.fit == to_mentee.fit
    assert to_mentor.reasons == tuple(reasons(LEARNER, HALF, to_mentor.fit, Side.MENTOR))
    assert to_mentor.reasons[0] == "looks for both skills that you offer: SQL, law"


def test_the_weights_decide_the_order() -> None:
    speaks, knows = (
        person(1, speaks="en", offers="Python"),
        person(2, speaks="sw", offers="SQL, law, pricing"),
    )
    languages, skills = SideWeights(0, 1, 0, 0, 0), SideWeights(1, 0, 0, 0, 0)
    by_language, by_skill = Weights(languages, languages), Weights(skills, skills)
    assert ids(recommend(LEARNER, [speaks, knows], Side.MENTEE, 2, weights=by_language)) == [1, 2]
    assert ids(recommend(LEARNER, [speaks, knows], Side.MENTEE, 2, weights=by_skill)) == [2, 1]
    (first,) = recommend(LEARNER, [speaks, knows], Side.MENTEE, 1, weights=by_skill)
    assert first.fit == fit(LEARNER, knows, by_skill)
    assert first.fit != fit(LEARNER, knows)


def test_a_page_begins_after_a_candidate_who_has_gone() -> None:
    first = recommend(LEARNER, [NONE, HALF, ALL], Side.MENTEE, 2)
    assert ids(recommend(LEARNER, [NONE, ALL], Side.MENTEE, 2, after=first[-1].key)) == [1]


@given(some.people(), some.crowds(), roles)
@quick
def test_the_ranking_is_everybody_else_sorted_by_score_and_id(someone: Person, crowd: list[Person], role: Side) -> None:
    def score(candidate: Person) -> float:
        pair = (someone, candidate) if role is Side.MENTEE else (candidate, someone)
        return fit(*pair).score

    others = [candidate for candidate in crowd if candidate.id != someone.id]
    expected = sorted(others, key=lambda candidate: (-round(score(candidate), 6), candidate.id))
    found = everyone(someone, crowd, role)
    assert [suggestion.candidate for suggestion in found] == expected
    scores = [score(candidate) for candidate in expected]
    assert [suggestion.fit.score for suggestion in found] == pytest.approx(scores, abs=1e-7)
    assert [suggestion.rank for suggestion in found] == pytest.approx(scores, abs=6e-7)


@given(some.people(), some.crowds(), roles, st.integers(0, 12), st.data())
@quick
def test_the_order_of_the_candidates_is_no_matter(
    someone: Person, crowd: list[Person], role: Side, limit: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(crowd))
    assert recommend(someone, crowd, role, limit) == recommend(someone, shuffled, role, limit)


@given(some.people(), some.crowds(), roles, st.integers(1, 4))
@quick
def test_pages_one_after_the_other_are_the_whole_ranking(
    someone: Person, crowd: list[Person], role: Side, size: int
) -> None:
    pages: list[Suggestion] = []
    while page := recommend(someone, crowd, role, size, after=pages[-1].key if pages else None):
        pages += page
        assert len(pages) <= len(crowd)
    assert pages == everyone(someone, crowd, role)


@given(some.people(), some.crowds(), roles, st.sets(st.integers(0, 30)))
@quick
def test_excluding_people_only_takes_them_out(
    someone: Person, crowd: list[Person], role: Side, exclude: set[int]
) -> None:
    kept = [s for s in everyone(someone, crowd, role) if s.candidate.id not in exclude]
    assert recommend(someone, crowd, role, len(crowd), exclude=exclude) == kept
