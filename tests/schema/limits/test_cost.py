"""What a document costs, by the pages that it asks for."""

import dataclasses

import pytest
from graphql import GraphQLError, GraphQLInt, GraphQLObjectType, get_named_type, get_nullable_type, is_list_type
from hypothesis import given
from hypothesis import strategies as st

from schema.limits import DEFAULT_LIMITS, PLAIN_LISTS, PageSizeOutOfRange, TooComplex
from schema.root import schema
from tests.schema.limits.counting import found, guard


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{a b}", 0),
        ("{a{b}}", 1),
        ("{a{b{c}}}", 2),
        ("{a(first: 5){b{c}}}", 1 + 5),
        ("{a(last: 5){b{c}}}", 1 + 5),
        ("{a(first: 5){b}}", 5),
        ("{a(first: 5, last: 7){b{c}}}", 1 + 7),
        ("{a(first: 7, last: 5){b{c}}}", 1 + 7),
        ("{a(first: 7, last: null){b{c}}}", 1 + 7),
        ("{a(first: 5){b(first: 4){c{d}}}}", 1 + 5 + 5 * 4),
        ("{a(first: 5){edges{node{b}} pageInfo{c}}}", 1 + 3 * 5),
        ("{a{edges{b}}}", 1 + 20),
        ("{a{edges{b} c}}", 1 + 20),
        ("{a{nodes{b}}}", 1 + 20),
        ("{a{pageInfo{b}}}", 1 + 20),
        ("{a{x: edges{b}}}", 1 + 20),
        ("{a{edges: x{b}}}", 1 + 1),
        ("{a{...F}} fragment F on A {...on A{edges{b}}}", 1 + 20),
        ("{a{b{edges{c}}}}", 1 + 1 + 20),
        ("{a(first: null){b{c}}}", 1 + 20),
        ('{a(first: "5"){b{c}}}', 1 + 20),
        ("{a(first: 5.0){b{c}}}", 1 + 20),
        ("{a(first: [5]){b{c}}}", 1 + 20),
        ("{a(first: {x: [$n]}, filter: {first: [{last: $n}]}){b{c}}}", 1 + 20),
        ("{a(filter: {first: 5}){b{c}}}", 1 + 1),
        ("{a(first: 5){b @skip(if: true){c}}}", 1 + 5),
    ],
)
def test_each_object_costs_the_product_of_the_pages_above_it(source: str, expected: int) -> None:
    assert found("cost", source, {"n": 3}) == expected


@pytest.mark.parametrize(
    ("definition", "variables", "page"),
    [
        ("$n: Int", {"n": 7}, 7),
        ("$n: Int", {"n": 7.0}, 7),
        ("$n: Int = 5", {"n": 7}, 7),
        ("$n: Int = 5", {}, 5),
        ("$n: Int = 5", None, 5),
        ("$n: Int = 5", {"n": None}, 20),
        ("$n: Int = null", {}, 20),
        ("$n: Int", {}, 20),
        ("$n: Int", {"n": "7"}, 20),
        ("$n: Int", {"n": True}, 20),
        ("$n: Int", {"n": [7]}, 20),
        ("$m: Int", {"n": 7}, 7),
    ],
)
def test_a_page_size_may_be_a_variable_or_its_default(
    definition: str, variables: dict[str, object] | None, page: int
) -> None:
    assert found("cost", f"query ({definition}) {{a(first: $n){{b{{c}}}}}}", variables) == 1 + page


@pytest.mark.parametrize("size", ["0", "-0", "-1", "101", "1" + "0" * 5000, "-1" + "0" * 5000])
@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize(
    "shape", ["{{a({}: {}){{b}}}}", "query ($n: Int = {1}) {{...F}} fragment F on A {{a({0}: $n)}}"]
)
def test_a_page_size_outside_1_to_100_is_bad_input_that_names_the_argument(
    shape: str, argument: str, size: str
) -> None:
    with pytest.raises(PageSizeOutOfRange) as refused:
        guard(shape.format(argument, size))
    assert refused.value.message == f"{argument} must be between 1 and 100"
    assert refused.value.extensions == {"code": "BAD_INPUT", "argument": argument}
    assert refused.value.locations


def test_the_page_sizes_at_both_ends_pass_and_settings_move_them() -> None:
    guard("{a(first: 1){b} c(last: 100){d}}")
    wide = dataclasses.replace(DEFAULT_LIMITS, page_size=200, default_page=3)
    guard("{a(first: 200){b}}", limits=wide)
    with pytest.raises(PageSizeOutOfRange, match="between 1 and 200"):
        guard("{a(first: 201){b}}", limits=wide)
    with pytest.raises(TooComplex, match="found 4"):
        guard("{a{nodes{b}}}", limits=dataclasses.replace(wide, cost=3))


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.integers(-2, 102).map(float) | st.text(max_size=3))
def test_no_variable_reads_as_a_smaller_page_than_graphql_makes_of_it(value: object) -> None:
    try:
        accepted = GraphQLInt.coerce_input_value(value)
    except GraphQLError:
        accepted = None
    try:
        cost = found("cost", "query ($n: Int) {a(first: $n){b{c}}}", {"n": value})
    except PageSizeOutOfRange:
        assert accepted is None or not 1 <= accepted <= 100
    else:
        assert cost == 1 + (20 if accepted is None else accepted)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{a{milestones{b}}}", 6),
        ("{a(first: 10){edges{node{skillsOffered{b} skillsWanted{b}}}}}", 1 + 10 * (1 + 1 + 3 + 3)),
        ("{suggestions(first: 1){edges{score}}}", 2 + 150),
    ],
)
def test_a_plain_list_counts_for_some_and_a_ranking_for_its_work(source: str, expected: int) -> None:
    assert found("cost", source) == expected


def test_every_plain_list_of_rows_has_a_weight() -> None:
    rows = {
        "Profile",
        "Skill",
        "Goal",
        "Milestone",
        "VideoParticipant",
        "Window",
        "ReportedMessage",
        "ReactionCount",
        "Attachment",
        "ComponentWeight",
        "Answer",
        "ScoreComponent",
        "RuleExclusion",
        "DraftChange",
        "Facet",
    }
    plain = {
        name
        for kind in schema._schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.endswith(("Connection", "Payload"))
        for name, field in kind.fields.items()
        if is_list_type(get_nullable_type(field.type)) and get_named_type(field.type).name in rows
    }
    assert plain == PLAIN_LISTS.keys()


def test_seven_rankings_in_one_operation_are_too_many() -> None:
    guard(f"{{{' '.join(f's{n}: suggestions(first: 1){{edges{{score}}}}' for n in range(6))}}}")
    with pytest.raises(TooComplex):
        guard(f"{{{' '.join(f's{n}: suggestions(first: 1){{edges{{score}}}}' for n in range(7))}}}")
