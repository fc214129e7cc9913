"""Fragments are read once, and counted as often as they are spread."""

import pytest
from graphql import GraphQLError, build_schema, parse, validate

from schema.limits import CEILING, TooComplex
from tests.schema.limits.counting import found, guard, steps


def bomb(levels: int, leaf: str = "{a}") -> str:
    """Each fragment spreads the next one twice."""
    chain = "".join(f"fragment f{i} on A {{...f{i + 1} ...f{i + 1}}}" for i in range(levels))
    return "{...f0}" + chain + f"fragment f{levels} on A " + leaf


def test_the_fragment_bomb_is_read_once_and_counted_in_full() -> None:
    assert steps(parse(bomb(30))) == (62, 62)
    assert found("fields", bomb(20)) == 2**20
    assert found("fragments", bomb(20)) == 2**21 - 1
    with pytest.raises(TooComplex, match="fragments may be at most 30"):
        guard(bomb(30))


@pytest.mark.parametrize("limit", ["aliases", "directives", "fragments", "fields", "cost", "root_fields"])
def test_counts_stop_at_the_largest_graphql_int(limit: str) -> None:
    assert found(limit, bomb(100, "{b: a(first: 100) @c {d}}").replace("{...f0}", "{...f0 ...f0}", 1)) == CEILING


def test_a_chain_of_fragments_deeper_than_the_stack_is_measured() -> None:
    chain = "".join(f"fragment f{i} on A {{a{{...f{i + 1}}}}}" for i in range(600))
    assert found("depth", "{...f0}" + chain + "fragment f600 on A {a}") == 601


@pytest.mark.parametrize(
    "source",
    [
        "{a ...F} fragment F on Query {a ...F}",
        "{...F} fragment F on Query {b{...G}} fragment G on Query {...H} fragment H on Query {...on Query{...F}}",
        "{...E} fragment E on Query {...F} fragment F on Query {b{...G}} fragment G on Query {...F}",
        "{...F} fragment F on Query {__schema{...F}}",
    ],
)
def test_a_cycle_of_fragments_is_the_error_that_validation_would_give(source: str) -> None:
    with pytest.raises(GraphQLError) as cycle:
        guard(source)
    schema = build_schema("type Query {a: Int b: Query}")
    expected = [error for error in validate(schema, parse(source)) if "within itself" in error.message]
    assert (cycle.value.message, cycle.value.locations) == (expected[0].message, expected[0].locations)


def test_what_is_left_to_validation_is_not_refused_here() -> None:
    guard("{a{b{}} ...Gone ...on Nowhere{c} missing(x: $undeclared)}")
    guard("{a} fragment Unused on A {...Unused}")


def test_directives_count_wherever_they_stand() -> None:
    source = "query ($n: Int @a, $m: Int @b @c) @d {a @e ...@f{b} ...F @g ...F} fragment F on A @h {c @i}"
    assert found("directives", source) == 7 + 2 * 2
