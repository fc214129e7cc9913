"""Introspection is measured apart from all else."""

import inspect

import pytest
from graphql import get_introspection_query as introspection_query
from graphql import introspection_types
from graphql.type import GraphQLObjectType, get_named_type, get_nullable_type, is_list_type, is_object_type

from schema.limits import INTROSPECTION_LISTS, TooComplex
from tests.schema.limits.counting import found, guard

FULL_INTROSPECTION = introspection_query(
    **{name: True for name, p in inspect.signature(introspection_query).parameters.items() if p.annotation == "bool"}
)


def test_the_standard_introspection_query_passes_with_every_option_on() -> None:
    assert "isOneOf" in FULL_INTROSPECTION
    guard(FULL_INTROSPECTION)
    guard(FULL_INTROSPECTION.replace("__schema {", '__type(name: "A") {...FullType} __schema {'))


@pytest.mark.parametrize(
    "source",
    [
        FULL_INTROSPECTION.replace("__schema {", "a: __schema{types{...FullType}} __schema {"),
        "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}",
        "{__type{fields{type{fields{type{fields{name}}}}}}}",
        "{__type{possibleTypes{interfaces{possibleTypes{name}}}}}",
        "{__type{...F}} fragment F on __Type{inputFields{type{...G}}} fragment G on __Type{inputFields{type{...H}}}"
        "fragment H on __Type{inputFields{name}}",
    ],
)
def test_introspection_over_and_over_is_refused(source: str) -> None:
    with pytest.raises(TooComplex, match="introspection cost"):
        guard(source)


def test_introspection_is_apart_from_depth_cost_and_page_sizes() -> None:
    source = "{...F __type{...F name} c} fragment F on A {fields(first: 3){a{b}}}"
    assert found("cost", source) == 1 + 3
    assert found("introspection_cost", source) == 1 + 50 * (1 + 1)
    assert found("depth", source) == 3
    assert found("introspection_depth", source) == 4
    guard("{__type{fields(first: 1000){edges{a}}}}")


def test_every_list_of_introspection_has_a_weight() -> None:
    types = [t for t in introspection_types.values() if isinstance(t, GraphQLObjectType)]
    assert set(INTROSPECTION_LISTS) == {
        name
        for t in types
        for name, field in t.fields.items()
        if is_list_type(get_nullable_type(field.type)) and is_object_type(get_named_type(field.type))
    }
