"""A market as data: what comes back is what was frozen, and the same data gives the same pairs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.availability import FULL_WEEK
from matching.fit import Person
from matching.programme.frozen import digest_of, frozen_person, person_of, solved, told_pairs, weights_of

WORDS = st.frozensets(st.text(max_size=5), max_size=3)
PEOPLE = st.builds(
    Person,
    st.uuids().map(str), WORDS, WORDS, st.frozensets(st.sampled_from(["en", "pt-BR", "zh-Hant"])),
    st.integers(0, FULL_WEEK), st.integers(0, 80), st.text(max_size=5), st.text(max_size=9), st.text(max_size=9), WORDS,
    st.none() | st.integers(-720, 840),
)  # fmt: skip


@given(PEOPLE)
def test_a_person_comes_back_as_they_were(person: Person) -> None:
    assert person_of(json.loads(json.dumps(frozen_person(person)))) == person


def a_market(**other: Any) -> dict[str, Any]:
    people = [
        Person(f"p{n}", frozenset({f"s{n % 3}"}), frozenset({f"s{n % 2}"}), frozenset({"en"}), 0, n, "law")
        for n in range(8)
    ]
    return {
        "people": [frozen_person(person) for person in people], "mentees": [f"p{n}" for n in range(5)],
        "capacity": {"p5": 2, "p6": 1, "p7": 0}, "weights": None, "participation": 1.0,
        "rules": [{"kind": "differ", "name": "team", "mentees": {"p0": "red"}, "mentors": {"p5": "red"}}],
        "must": [], "never": [["p1", "p6"]], "locked": [], "previous": [], "stickiness": 0.02, "fairness": 0.0,
        "min_load_reward": 0.0, **other,
    }  # fmt: skip


def test_the_same_market_gives_the_same_result_in_whatever_order_its_people_come() -> None:
    market = a_market()
    first = solved(json.loads(json.dumps(market)))
    assert solved(a_market(people=market["people"][::-1], mentees=market["mentees"][::-1])) == first
    assert len(first["pairs"]) == 3
    assert {pair["mentor"] for pair in first["pairs"]} == {"p5", "p6"}
    assert ("p0", "p5") not in {(pair["mentee"], pair["mentor"]) for pair in first["pairs"]}
    # A pair that is told of by itself has the same score.
    told = told_pairs(market, [(pair["mentee"], pair["mentor"]) for pair in first["pairs"]])
    assert told == first["pairs"]


def test_another_weight_is_another_input() -> None:
    assert digest_of(a_market()) == digest_of(a_market())
    assert digest_of(a_market()) != digest_of(a_market(weights={"skills": 1.0}))
    assert weights_of({"skills": 3, "industry": 1}).mentee.skills == 0.75
    with pytest.raises(ValueError, match="all 0"):
        weights_of({"skills": 0})
