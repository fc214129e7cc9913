import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.availability import FULL_WEEK, overlap_hours
from matching.fit import DEFAULT_WEIGHTS, Person, Side, SideWeights, Weights
from matching.reasons import reasons
from tests.matching import people as some
from tests.matching.people import fit, person, quick

EVEN = SideWeights(0.2, 0.2, 0.2, 0.2, 0.2)
MENTEE = person(wants="hiring, SQL, public speaking, law", speaks="pt-BR", week=0b111111, industry="finance")
MENTOR = person(2, offers="public speaking, SQL, hiring", speaks="pt", week=FULL_WEEK, years=7, industry="Finance")


def told(mentee: Person, mentor: Person, reader: Side = Side.MENTEE, weights: Weights = DEFAULT_WEIGHTS) -> list[str]:
    return reasons(mentee, mentor, fit(mentee, mentor, weights), reader)


def only(weight: SideWeights) -> Weights:
    return Weights(weight, weight)


def test_a_mentee_reads_why_the_mentor_fits() -> None:
    assert told(MENTEE, MENTOR) == [
        "offers 3 of the 4 skills that you look for: SQL, hiring, public speaking",
        "6 shared hours a week",
        "you both speak Portuguese",
        "has 7 years more experience than you",
    ]


def test_a_mentor_reads_the_same_from_the_other_side() -> None:
    assert told(MENTEE, MENTOR, Side.MENTOR) == [
        "looks for all 3 skills that you offer: SQL, hiring, public speaking",
        "6 shared hours a week",
        "you both speak Portuguese",
        "has 7 years less experience than you",
    ]


def test_the_weightiest_reason_comes_first() -> None:
    first = {
        "skills": SideWeights(0.6, 0.1, 0.1, 0.1, 0.1),
        "speak": SideWeights(0.1, 0.6, 0.1, 0.1, 0.1),
        "hours": SideWeights(0.1, 0.1, 0.6, 0.1, 0.1),
        "experience": SideWeights(0.1, 0.1, 0.1, 0.6, 0.1),
        "industry": SideWeights(0.1, 0.1, 0.1, 0.1, 0.6),
    }
    for word, weight in first.items():
        assert word in told(MENTEE, MENTOR, weights=only(weight))[0]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_component_weighs_with_what_it_adds_on_both_sides(swapped: bool) -> None:
    """One side puts languages a little ahead, the other puts hours far ahead: hours lead, whichever side is which."""
    languages_ahead, hours_ahead = SideWeights(0, 0.55, 0.45, 0, 0), SideWeights(0, 0.3, 0.7, 0, 0)
    weights = Weights(hours_ahead, languages_ahead) if swapped else Weights(languages_ahead, hours_ahead)
    assert told(MENTEE, MENTOR, weights=weights) == ["6 shared hours a week", "you both speak Portuguese"]


def test_what_a_component_adds_counts_and_not_its_weight_alone() -> None:
    """The side that is served badly has the steeper slope, so its components weigh more."""
    mentee, mentor = person(wants="SQL, law, pricing, hiring", speaks="en"), person(offers="SQL, Python", speaks="en")
    weights = Weights(SideWeights(1, 0, 0, 0, 0), SideWeights(0, 0.6, 0, 0.4, 0))
    skills, languages = "offers 1 of the 4 skills that you look for: SQL", "you both speak English"
    assert told(mentee, mentor, weights=weights) == [skills, languages]


def test_equal_weights_keep_the_order_of_the_components_and_the_fifth_goes_untold() -> None:
    mentee, mentor = person(wants="SQL", speaks="en", week=15, industry="law"), MENTOR
    mentor = person(offers="SQL", speaks="en", week=15, industry="law", years=5)
    assert told(mentee, mentor, weights=only(EVEN)) == [
        "offers the one skill that you look for: SQL",
        "you both speak English",
        "4 shared hours a week",
        "has 5 years more experience than you",
    ]


def test_a_shared_industry_is_told_as_the_other_person_writes_it() -> None:
    weights = only(SideWeights(0, 0, 0, 0, 1))
    assert told(MENTEE, MENTOR, Side.MENTEE, weights) == ["works in your industry: Finance"]
    assert told(MENTEE, MENTOR, Side.MENTOR, weights) == ["works in your industry: finance"]


@pytest.mark.parametrize(
    ("wants", "offers", "sentence"),
    [
        ("SQL", "SQL", "offers the one skill that you look for: SQL"),
        ("SQL, law", "SQL", "offers 1 of the 2 skills that you look for: SQL"),
        ("SQL, law", "law, SQL", "offers both skills that you look for: SQL, law"),
        ("a, b, c", "c, b, a", "offers all 3 skills that you look for: a, b, c"),
        ("a, b, c, d, e, f", "a, b, c, d, e, f", "offers all 6 skills that you look for: a, b, c, d, e, f"),
        (
            "a, b, c, d, e, f, g",
            "g, f, e, d, c, b, a",
            "offers all 7 skills that you look for: a, b, c, d, e and 2 more",
        ),
    ],
)
def test_skills_are_counted_and_named(wants: str, offers: str, sentence: str) -> None:
    assert told(person(wants=wants), person(offers=offers)) == [sentence]


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ("pt-BR", "you both speak Portuguese"),
        ("sw, en", "you both speak English and Swahili"),
        ("sw, en, fr-CA", "you both speak English, French and Swahili"),
        ("sv, pl, it, el, de, ar", "you both speak Arabic, German, Greek, Italian, Polish and Swedish"),
        ("tlh", "you both speak tlh"),
    ],
)
def test_languages_are_named_in_english_or_by_their_code(tags: str, sentence: str) -> None:
    assert told(person(speaks=tags), person(speaks=tags)) == [sentence]


@pytest.mark.parametrize(("hours", "sentence"), [(1, "1 shared hour a week"), (2, "2 shared hours a week")])
def test_hours_are_singular_or_plural(hours: int, sentence: str) -> None:
    assert told(person(week=(1 << hours) - 1), person(week=FULL_WEEK)) == [sentence]


@pytest.mark.parametrize(
    ("years", "reader", "sentence"),
    [
        (1, Side.MENTEE, "has 1 year more experience than you"),
        (2, Side.MENTEE, "has 2 years more experience than you"),
        (1, Side.MENTOR, "has 1 year less experience than you"),
        (2, Side.MENTOR, "has 2 years less experience than you"),
    ],
)
def test_years_are_singular_or_plural(years: int, reader: Side, sentence: str) -> None:
    assert told(person(years=4), person(years=4 + years), reader) == [sentence]


def test_silent_profiles_give_no_reason_though_they_score() -> None:
    found = fit(person(), person())
    assert found.score > 0
    assert reasons(person(), person(), found) == []


def test_what_counts_against_a_pair_is_no_reason() -> None:
    mentee = person(wants="SQL", speaks="en", week=0b01, years=9, industry="law")
    mentor = person(offers="hiring", speaks="sw", week=0b10, years=3, industry="health")
    assert told(mentee, mentor) == []


def test_a_component_without_weight_is_no_reason() -> None:
    assert told(MENTEE, MENTOR, weights=only(SideWeights(0, 1, 0, 0, 0))) == ["you both speak Portuguese"]


def test_a_pair_that_fails_one_side_has_no_reason() -> None:
    weights = Weights(SideWeights(0, 1, 0, 0, 0), SideWeights(1, 0, 0, 0, 0))
    assert told(person(speaks="en", wants="SQL"), person(speaks="en", offers="law"), weights=weights) == []


@given(some.people(), some.people(), some.weights, st.sampled_from(Side))
@quick
def test_reasons_are_few_different_and_true(mentee: Person, mentor: Person, weights: Weights, reader: Side) -> None:
    sentences = told(mentee, mentor, reader, weights)
    assert len(sentences) == len(set(sentences)) <= 4
    for sentence in sentences:
        assert not re.search(r"\b(0|1 (hours|years|shared hours)|[02-9] (hour|year|shared hour)\b)", sentence)
        if match := re.match(r"(\d+) shared", sentence):
            assert int(match[1]) == overlap_hours(mentee.week, mentor.week)
        if match := re.match(r"has (\d+) year", sentence):
            assert int(match[1]) == mentor.years_of_experience - mentee.years_of_experience
        if match := re.match(r"(?:offers|looks for) .*: (.*)", sentence):
            shared = mentee.skills_wanted & mentor.skills_offered
            assert set(re.split(r", | and \d+ more", match[1])) <= shared | {""}


@pytest.mark.parametrize(
    ("week", "offset", "told_of"),
    [
        (0b1111 << 30, 0, ", on Tuesdays"),
        (0b111 << 30 | 1 << 60, 0, ", most on Tuesdays"),
        (0b11 << 30 | 0b11 << 60, 0, ""),
        # Monday 23:00 UTC is Tuesday in Delhi, Sunday 23:00 is Monday.
        (1 << 23, 330, ", on Tuesdays"),
        (1 << 167, 60, ", on Mondays"),
        (1, -60, ", on Sundays"),
        (1, None, ""),
    ],
)
def test_the_day_of_most_shared_hours_is_told_in_the_readers_time(week: int, offset: int | None, told_of: str) -> None:
    mentee, mentor = person(week=week, offset=offset), person(week=FULL_WEEK, offset=720)
    (sentence,) = told(mentee, mentor)
    assert sentence.endswith(f" a week{told_of}")


def test_texts_give_the_words_that_both_use() -> None:
    mentee = person(goals="Learn Negotiation, and lead a research team with budgets")
    mentor = person(2, about="Head of a research team: negotiation, budgets, with ministries")
    weights = only(SideWeights(0, 0, 0, 0, 0, goals=1))
    assert told(mentee, mentor, weights=weights) == [
        "their experience is close to your goals: negotiation, research, budgets"
    ]
    assert told(mentee, mentor, Side.MENTOR, weights)[0].startswith("their goals are close to what you do: ")
    assert told(mentee, person(2, about="Pastry chef: croissants and night shifts"), weights=weights) == []


def test_ways_to_meet_are_told_in_words() -> None:
    mentee, mentor = person(meets="VIDEO, IN_PERSON, letters"), person(meets="VIDEO, IN_PERSON, PHONE")
    weights = only(SideWeights(0, 0, 0, 0, 0, format=1))
    assert told(mentee, mentor, weights=weights) == ["you both like to meet by video or in person"]
