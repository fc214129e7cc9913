import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matching.availability import FULL_WEEK
from matching.components import NEUTRAL
from matching.fit import DEFAULT_WEIGHTS, NAMES, Component, Fit, Person, Side, SideWeights, Weights
from tests.matching import people as some
from tests.matching.people import fit, person, quick

ONLY_SKILLS = SideWeights(1, 0, 0, 0, 0)
EVEN = SideWeights(0.2, 0.2, 0.2, 0.2, 0.2)
ONLY_LANGUAGES = SideWeights(0, 1, 0, 0, 0)


def score(mentee: Person, mentor: Person, weights: Weights = DEFAULT_WEIGHTS) -> float:
    return fit(mentee, mentor, weights).score


def part(found: Fit, name: str, side: Side = Side.MENTEE) -> Component:
    (component,) = (c for c in found.components if c.name == name and c.side is side)
    return component


def value(name: str, mentee: Person, mentor: Person, side: Side = Side.MENTEE) -> float:
    return part(fit(mentee, mentor), name, side).value


def test_skills_are_the_share_of_the_wanted_that_is_offered() -> None:
    mentee = person(wants="SQL, hiring, pricing, law")
    assert value("skills", mentee, person(offers="SQL, hiring, law, Python")) == 0.75
    assert value("skills", mentee, person(offers="Python")) == 0


def test_a_mentor_asks_what_share_of_the_offer_is_wanted() -> None:
    mentor = person(offers="SQL, hiring")
    assert value("skills", person(wants="SQL, law, pricing"), mentor, Side.MENTOR) == 0.5
    assert value("skills", person(wants="SQL, hiring, law"), mentor, Side.MENTOR) == 1


def test_a_mentor_is_content_when_the_offer_covers_all_that_the_mentee_wants() -> None:
    mentor = person(offers="SQL, hiring, law, pricing")
    assert value("skills", person(wants="SQL"), mentor, Side.MENTOR) == 1


def test_what_the_mentor_wants_to_learn_from_others_is_no_matter() -> None:
    mentee, mentor = person(wants="SQL", offers="law"), person(2, offers="SQL")
    assert fit(mentee, mentor) == fit(mentee, replace(mentor, skills_wanted=frozenset({"pricing"})))


def test_one_common_language_is_enough() -> None:
    assert value("languages", person(speaks="en, pt"), person(speaks="pt, sw")) == 1
    assert value("languages", person(speaks="en"), person(speaks="sw")) == 0


def test_regions_and_scripts_share_their_language() -> None:
    assert value("languages", person(speaks="pt-BR"), person(speaks="PT")) == 1
    assert person(speaks="zh-Hant-TW").languages == {"zh"}


@pytest.mark.parametrize(("hours", "expected"), [(1, 0.25), (3, 0.75), (4, 1), (9, 1)])
def test_shared_hours_count_up_to_four(hours: int, expected: float) -> None:
    assert value("availability", person(week=FULL_WEEK), person(week=(1 << hours) - 1)) == expected


def test_no_shared_hour_counts_nothing() -> None:
    assert value("availability", person(week=0b01), person(week=0b10)) == 0


@pytest.mark.parametrize(
    ("mentee", "mentor", "expected"),
    [(5, 2, 0), (2, 2, 0), (2, 3, 1 / 3), (0, 3, 1), (0, 15, 1), (0, 16, 0.96), (1, 41, 0), (0, 60, 0)],
)
def test_a_mentor_is_best_three_to_fifteen_years_ahead(mentee: int, mentor: int, expected: float) -> None:
    for side in Side:
        assert value("seniority", person(years=mentee), person(years=mentor), side) == pytest.approx(expected)


def test_an_industry_is_the_same_in_any_case() -> None:
    assert value("industry", person(industry="finance"), person(industry="Finance")) == 1
    assert value("industry", person(industry="finance"), person(industry="health")) == 0


@pytest.mark.parametrize("name", ["skills", "languages", "availability", "industry"])
def test_what_a_profile_does_not_say_is_neutral(name: str) -> None:
    spoken = person(wants="SQL", speaks="en", week=1, industry="law", offers="SQL")
    silent = person()
    assert value(name, silent, spoken) == value(name, silent, silent) == NEUTRAL
    # A mentor who lists no skill plainly offers none of those wanted, but has no wish that fails.
    assert value(name, spoken, silent, Side.MENTOR) == NEUTRAL


def test_a_mentor_who_offers_no_skill_offers_none_of_those_wanted() -> None:
    assert value("skills", person(wants="SQL"), person()) == 0


def test_the_score_of_a_pair_worked_out_by_hand() -> None:
    mentee = person(wants="SQL, law", speaks="en", week=0b11, years=1, industry="health")
    mentor = person(offers="SQL", speaks="en", week=0b11, years=6, industry="finance")
    weights = Weights(SideWeights(0.45, 0.15, 0.20, 0.10, 0.10), SideWeights(0.35, 0.20, 0.25, 0.10, 0.10))
    found = fit(mentee, mentor, weights)
    e = 0.45 / 2 + 0.15 + 0.20 / 2 + 0.10
    r = 0.35 + 0.20 + 0.25 / 2 + 0.10
    assert found.score == pytest.approx(2 * e * r / (e + r))
    assert part(found, "skills").contribution == pytest.approx(2 * r**2 / (e + r) ** 2 * 0.45 / 2)
    assert part(found, "skills", Side.MENTOR).contribution == pytest.approx(2 * e**2 / (e + r) ** 2 * 0.35)


def test_one_good_side_does_not_hide_a_bad_one() -> None:
    mentee, mentor = person(wants="SQL", speaks="en"), person(offers="SQL", speaks="sw")
    found = fit(mentee, mentor, Weights(ONLY_SKILLS, ONLY_LANGUAGES))
    assert found.score == 0
    assert all(component.contribution == 0 for component in found.components)


def test_a_pair_that_suits_neither_side_scores_0() -> None:
    mentee, mentor = person(wants="SQL", speaks="en"), person(offers="law", speaks="sw")
    found = fit(mentee, mentor, Weights(ONLY_SKILLS, ONLY_LANGUAGES))
    assert found.score == 0
    assert [component.contribution for component in found.components] == [0] * 14


def test_a_perfect_pair_scores_1() -> None:
    mentee = person(wants="SQL", speaks="en", week=FULL_WEEK, years=1, industry="law")
    mentor = person(offers="SQL", speaks="en", week=FULL_WEEK, years=8, industry="law")
    assert fit(
        replace(mentee, goals="pricing", formats=frozenset({"VIDEO"})),
        replace(mentor, about="pricing", formats=frozenset({"VIDEO"})),
    ).score == pytest.approx(1)
    assert fit(mentee, mentor, Weights(EVEN, EVEN)).score == 1


def test_tiny_weights_do_not_divide_by_zero() -> None:
    tiny = SideWeights(1, 1e-200, 0, 0, 0)
    found = fit(person(wants="SQL", speaks="en"), person(offers="law", speaks="en"), Weights(tiny, tiny))
    assert found.score == pytest.approx(0, abs=1e-9)
    assert all(math.isfinite(component.contribution) for component in found.components)


def test_components_come_mentee_first_in_the_order_of_their_names() -> None:
    order = [(component.side, component.name) for component in fit(person(), person()).components]
    assert order == [(side, name) for side in (Side.MENTEE, Side.MENTOR) for name in NAMES]
    assert SideWeights.__slots__ == NAMES
    assert SideWeights(0.3, 0.25, 0.2, 0.15, 0.1).in_order() == (0.3, 0.25, 0.2, 0.15, 0.1, 0, 0)


def test_no_component_reads_a_protected_attribute() -> None:
    assert set(Person.__slots__) == {
        *("id", "skills_offered", "skills_wanted", "languages", "week", "years_of_experience", "industry"),
        *("goals", "about", "formats", "utc_offset_minutes"),
    }
    assert NAMES == ("skills", "languages", "availability", "seniority", "industry", "goals", "format")


@pytest.mark.parametrize("week", [-1, FULL_WEEK + 1])
def test_a_mask_that_is_no_week_is_refused(week: int) -> None:
    with pytest.raises(ValueError, match="make it with week_mask"):
        person(week=week)


def test_negative_experience_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 years of experience: give 0 or more"):
        person(years=-1)


@pytest.mark.parametrize(
    "shares", [(1.5, -0.5, 0, 0, 0), (math.nan, 0, 0, 0, 1), (math.inf, 0, 0, 0, 0), (-math.inf, 0, 0, 0, 0)]
)
def test_weights_that_are_no_share_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="give numbers of 0 or more"):
        SideWeights(*shares)


@pytest.mark.parametrize("shares", [(0, 0, 0, 0, 0), (1, 1, 0, 0, 0), (0.5, 0.4, 0, 0, 0)])
def test_weights_of_a_side_add_up_to_1(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="not to 1: divide each by their sum"):
        SideWeights(*shares)


@given(some.people(), some.people(), some.weights)
@quick
def test_contributions_add_up_to_the_score(mentee: Person, mentor: Person, weights: Weights) -> None:
    found = fit(mentee, mentor, weights)
    assert math.fsum(component.contribution for component in found.components) == pytest.approx(
        found.score, rel=0, abs=1e-9
    )
    sums = {side: math.fsum(c.weight * c.value for c in found.components if c.side is side) for side in Side}
    e, r = sums[Side.MENTEE], sums[Side.MENTOR]
    assert found.score == pytest.approx(2 * e * r / (e + r) if e + r else 0, rel=0, abs=1e-9)


@given(some.people(), some.people(), some.weights)
@quick
def test_every_number_lies_from_0_to_1(mentee: Person, mentor: Person, weights: Weights) -> None:
    found = fit(mentee, mentor, weights)
    numbers = [(c.weight, c.value, c.contribution) for c in found.components]
    assert 0 <= found.score <= 1
    assert all(0 <= number <= 1 + 1e-9 for line in numbers for number in line)


@given(some.people(), some.people(), some.weights)
@quick
def test_who_of_the_two_holds_a_language_an_hour_or_an_industry_is_no_matter(
    mentee: Person, mentor: Person, weights: Weights
) -> None:
    def taking(one: Person, other: Person) -> Person:
        alike = {"languages": other.languages, "week": other.week, "industry": other.industry, "formats": other.formats}
        return replace(one, **alike)

    swapped = score(taking(mentee, mentor), taking(mentor, mentee), weights)
    assert swapped == score(mentee, mentor, weights)


@given(some.people(), some.people(), some.sides, some.sides)
@quick
def test_neither_side_counts_more_when_both_ask_for_the_same(
    mentee: Person, mentor: Person, one: SideWeights, other: SideWeights
) -> None:
    """The sides ask for the same where the offer is at least as wide as the wish."""
    assume(len(mentor.skills_offered) >= len(mentee.skills_wanted))
    there, back = fit(mentee, mentor, Weights(one, other)), fit(mentee, mentor, Weights(other, one))
    assert there.score == back.score
    assert [c.contribution for c in there.components[:7]] == [c.contribution for c in back.components[7:]]


@given(some.people(), some.people(), some.weights, st.data())
@quick
def test_offering_one_more_of_the_wanted_skills_never_lowers_the_score(
    mentee: Person, mentor: Person, weights: Weights, data: st.DataObject
) -> None:
    assume(mentee.skills_wanted)
    skill = data.draw(st.sampled_from(sorted(mentee.skills_wanted)))
    wider = replace(mentor, skills_offered=mentor.skills_offered | {skill})
    assert score(mentee, wider, weights) >= score(mentee, mentor, weights) - 1e-12


@given(some.people(), some.people(), some.weights, st.integers(0, 167))
@quick
def test_one_more_free_hour_never_lowers_the_score_of_people_who_list_hours(
    mentee: Person, mentor: Person, weights: Weights, hour: int
) -> None:
    assume(mentee.week)
    freer = replace(mentee, week=mentee.week | 1 << hour)
    assert score(freer, mentor, weights) >= score(mentee, mentor, weights) - 1e-12
