"""What is refused before it is parsed, and while it is."""

import pytest
from graphql import GraphQLSyntaxError

from schema.limits import DEFAULT_LIMITS, TooComplex, parse_within
from tests.schema.limits.counting import UNLIMITED, found, guard
from tests.schema.limits.documents import HOLDING


@pytest.mark.parametrize(
    "source",
    ["{a" * 100_000, "{a(b:" + "[" * 100_000, "{a(b:" + "{a:" * 100_000, "query($a:" + "[" * 100_000, "{..." * 100_000],
    ids=["fields", "lists", "objects", "types", "inline fragments"],
)
def test_nesting_100000_deep_is_refused_and_never_exhausts_the_stack(source: str) -> None:
    with pytest.raises(TooComplex, match="source bytes"):
        parse_within(source)
    with pytest.raises(TooComplex, match="nesting"):
        parse_within(source, UNLIMITED)


@pytest.mark.parametrize("source", ["", "{", "{a(b: \ud800)}", '{a(b: "\ud800")}', "\x00", "query ($a: Int = $b) {a}"])
def test_bad_syntax_stays_a_syntax_error(source: str) -> None:
    with pytest.raises(GraphQLSyntaxError):
        parse_within(source)


def test_all_fragments_are_taken_to_overlap_and_inline_ones_with_what_surrounds_them() -> None:
    assert found("overlaps", "{a ...{a ...on A{a}}}") == 3
    assert found("overlaps", "{...F ...G} fragment F on A {a{b}} fragment G on A {a{b}}") == 2
    assert found("overlaps", "query A {a{b} c{b}} query B {a{b}}") == 0
    assert found("overlaps", "{a: x b: x c: x a: y}") == 1


def test_comments_are_no_tokens() -> None:
    guard("#\n" * DEFAULT_LIMITS.comments + HOLDING["tokens"](DEFAULT_LIMITS.tokens))
