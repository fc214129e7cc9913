"""Which operation of a document is measured."""

import pytest
import strawberry

from schema.limits import TooComplex, measure, parse_within
from tests.schema.limits.counting import guard
from tests.schema.limits.documents import nested

TWO_OPERATIONS = "query Deep " + nested(11) + " query Shallow {a}"


def test_only_the_operation_that_will_run_is_measured() -> None:
    document = parse_within(TWO_OPERATIONS)
    measure(document, "Shallow", None)
    measure(document, "Unknown", None)
    measure(document, "", None)
    with pytest.raises(TooComplex):
        measure(document, "Deep", None)
    measure(parse_within("fragment F on A " + nested(11)), None, None)


@strawberry.type
class Query:
    @strawberry.field
    def a(self) -> int:
        return 1

    @strawberry.field
    def b(self) -> int:
        return 2


def test_without_a_name_the_first_operation_is_measured_because_strawberry_runs_it() -> None:
    assert strawberry.Schema(Query).execute_sync("query A {a} query B {b}").data == {"a": 1}
    with pytest.raises(TooComplex):
        measure(parse_within(TWO_OPERATIONS), None, None)


def test_one_mutation_is_allowed_and_several_queries_are() -> None:
    guard("mutation {__typename a}")
    guard("{a b c}")
    with pytest.raises(TooComplex, match="root mutations"):
        guard("mutation {...F} fragment F on Mutation {a ...{b}}")
