"""Each field of an input may be a variable of its own, as most clients send them."""

from typing import Any

import orjson
import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type, is_leaf_type

from schema.context import Context
from schema.execution import prepare, run
from schema.root import schema
from tests.schema.refusals.attempts import actor
from tests.schema.refusals.good_inputs import GOOD
from tests.schema.refusals.world import World

GRAPHQL = schema._schema


def selection(kind: GraphQLObjectType, depth: int) -> str:
    """The plain fields of a type, and those of the types that it leads to."""
    parts = ["__typename"]
    for name, field in kind.fields.items():
        below = get_named_type(field.type)
        if is_leaf_type(below):
            parts.append(name)
        elif isinstance(below, GraphQLObjectType) and depth:
            parts.append(f"{name} {selection(below, depth - 1)}")
    return f"{{ {' '.join(parts)} }}"


def document(name: str, given: dict[str, Any]) -> str:
    """The mutation with a variable for each field that is given, and all that its payload shows of rows."""
    capital = name[0].upper() + name[1:]
    declared = GRAPHQL.type_map[f"{capital}Input"]
    payload = GRAPHQL.type_map[f"{capital}Payload"]
    assert isinstance(declared, GraphQLInputObjectType)
    assert isinstance(payload, GraphQLObjectType)
    variables = ", ".join(f"${field}: {declared.fields[field].type}" for field in given)
    fields = ", ".join(f"{field}: ${field}" for field in given)
    return (
        f"mutation({variables}) {{ {name}(input: {{{fields}}}) {{ ... on {capital}Payload {selection(payload, 2)}"
        f" ... on Refusal {{ code reason: message field }} }} }}"
    )


@pytest.mark.parametrize("name", sorted(GOOD))
async def test_a_mutation_takes_its_fields_as_variables_of_their_own(world: World, name: str) -> None:
    given = GOOD[name](world)
    operation = prepare(document(name, given), given, None)
    answer = orjson.loads(await run(operation, Context(session=actor(world, name))))
    assert "errors" not in answer, answer
    assert "code" not in answer["data"][name]


# No sign-in is made by the same key twice, and what has no key is not retried.
KEYED = sorted(name for name in GOOD if "clientId" in GRAPHQL.type_map[f"{name[0].upper()}{name[1:]}Input"].fields)


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize("key", ["plain", "Profile:x", "Message:01890000-0000-7000-8000-000000000000", "::", "a b"])
async def test_any_key_of_the_clients_own_will_do(world: World, name: str, key: str) -> None:
    given = {**GOOD[name](world), "clientId": key}
    operation = prepare(document(name, given), given, None)
    first, again = [orjson.loads(await run(operation, Context(session=actor(world, name)))) for _ in range(2)]
    assert "errors" not in first, first
    assert first == again
