import pytest

from matching.fit import Identity, Side
from matching.population import Population
from matching.rules import Differ, Rule, Share, excluding
from matching.why_not import why_not
from tests.matching.people import person

MENTEE = person(1, wants="SQL, law", speaks="en", week=0b11, years=9, industry="law", goals="welding", meets="PHONE")
MENTOR = person(2, offers="hiring", speaks="pt, sw", week=0b10, years=9, industry="art", about="pastry", meets="VIDEO")
POPULATION = Population([MENTEE, MENTOR, person(3, offers="SQL, law", speaks="en", week=0b1111, years=19)])

SAME_TEAM = Differ("same team", mentees={1: "sales", 4: "law"}, mentors={2: "sales", 3: "law"})
LINE_MANAGER = Differ("line manager", mentees={1: 3}, mentors={2: 2, 3: 3})
LANGUAGE = Share("required language", mentees={1: {"en"}, 5: {"sw", "en"}, 6: set()}, mentors={2: {"pt", "sw"}})


def test_the_rules_that_forbid_a_pair_are_named() -> None:
    assert why_not(POPULATION, 1, 2, [SAME_TEAM, LINE_MANAGER, LANGUAGE]) == [
        "the rule “same team” forbids it",
        "the rule “required language” forbids it",
    ]


def test_without_a_rule_the_weak_components_are_told_the_dearest_first() -> None:
    assert why_not(POPULATION, 1, 2) == [
        "offers none of the skills that you look for",
        "only 1 shared hour a week",
        "you share no language: they speak Portuguese, Swahili",
        "they are no further on in working life than you",
        "you work in different industries",
        "their experience is far from your goals",
        "you like to meet in different ways",
    ]
    to_mentor = why_not(POPULATION, 1, 2, reader=Side.MENTOR)
    assert to_mentor[0] == "looks for none of the skills that you offer"
    assert "you share no language: they speak English" in to_mentor


def test_nothing_speaks_against_a_good_pair_but_nobody_mentors_themselves() -> None:
    assert why_not(POPULATION, 1, 3) == []
    assert why_not(POPULATION, 1, 1) == ["nobody is their own mentor"]


@pytest.mark.parametrize(
    ("rule", "mentee", "mentor", "forbidden"),
    [
        (SAME_TEAM, 1, 2, True),
        (SAME_TEAM, 1, 3, False),
        (SAME_TEAM, 9, 2, False),
        (SAME_TEAM, 1, 9, False),
        (LINE_MANAGER, 1, 3, True),
        (LANGUAGE, 1, 2, True),
        (LANGUAGE, 5, 2, False),
        (LANGUAGE, 6, 9, False),
        (LANGUAGE, 9, 2, False),
        (LANGUAGE, 5, 9, True),
    ],
)
def test_rules_forbid_by_what_is_known_of_both(rule: Rule, mentee: Identity, mentor: Identity, forbidden: bool) -> None:
    assert excluding([rule], mentee, mentor) == [rule.name] * forbidden
