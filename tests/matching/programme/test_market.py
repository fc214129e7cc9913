import math
from typing import Any

import pytest

from matching.population import Population
from matching.programme import Contradiction, Market
from matching.rules import Differ
from tests.matching.people import person

POPULATION = Population(person(number) for number in range(6))
TEAM = Differ("same team", {0: "a"}, {3: "a"})


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"must": [(0, 3)], "never": [(0, 3)]}, "must", "take it out of one of the two lists"),
        ({"must": [(0, 3), (1, 3), (2, 3)]}, "must", "Mentor 3 has 2 places and 3 pairs"),
        ({"must": [(0, 3), (1, 3)], "locked": [(2, 3)]}, "must", "Mentor 3 has 2 places and 3 pairs"),
        ({"must": [(0, 3), (0, 4)]}, "must", "Mentee 0 is bound to 2 mentors"),
        ({"must": [(0, 3)], "locked": [(0, 4)]}, "must", "Mentee 0 is bound to 2 mentors"),
        ({"locked": [(0, 3), (0, 4)]}, "locked", "Mentee 0 is bound to 2 mentors"),
        ({"must": [(0, 3)], "rules": [TEAM]}, "must", "the rule “same team” forbids it"),
        ({"must": [(5, 3)]}, "must", "do not both take part"),
        ({"must": [(0, 5)]}, "must", "do not both take part"),
        ({"must": [(2, 2)], "capacity": {2: 1}}, "must", "choose somebody else"),
        ({"capacity": {3: -1}}, "capacity", "give 0 or more"),
        ({"capacity": {}}, "capacity", "No mentor takes part"),
        ({"capacity": {3: 0}}, "capacity", "raise a capacity"),
        ({"capacity": {9: 1}}, "capacity", "put them into it first"),
        ({"mentees": []}, "mentees", "No mentee takes part"),
        ({"mentees": [9]}, "mentees", "put them into it first"),
        ({"participation": math.nan}, "participation", "give a number from 0"),
        ({"stickiness": -0.1}, "stickiness", "give a number from 0"),
        ({"fairness": 1.1}, "fairness", "give a number from 0 to 1"),
        ({"min_load_reward": math.inf}, "min_load_reward", "min load reward is inf"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_a_way_out(
    given: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(Contradiction, match=message) as refused:
        Market(**{"population": POPULATION, "mentees": [0, 1, 2], "capacity": {3: 2, 4: 1}, **given})
    assert refused.value.field == field


def test_what_is_under_way_stays_against_rules_and_capacity() -> None:
    market = Market(POPULATION, [0, 1, 2], {3: 1}, rules=[TEAM], locked=[(0, 3), (1, 3), (5, 3)], must=[(0, 3)])
    assert market.fixed == {0: 3, 1: 3}
