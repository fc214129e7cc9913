"""Walks over the schema: for each field that a query can come to, the shortest query that comes to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)
from graphql.language.print_string import print_string
from graphql.type import get_nullable_type

from schema.root import schema
from tests.schema.plan.community import ORDERS

SCHEMA = schema._schema

# The types of the rows that arguments name, where it is not the type of what they are arguments of.
ROWS = {"conversationId": "Conversation", "fromId": "Profile", "programmeId": "Programme", "cohortId": "Cohort"}
ROWS |= {"matchingId": "Matching", "withId": "Matching"}
ROWS |= {"mentorId": "Profile", "menteeId": "Profile"}


@dataclass(frozen=True)
class Place:
    """A field of the schema, and what is around it in a query."""

    kind: GraphQLObjectType
    name: str
    before: str
    after: str

    @property
    def called(self) -> str:
        """The name of its type and its own."""
        return f"{self.kind.name}.{self.name}"

    @property
    def field(self) -> GraphQLField:
        """Its definition."""
        return self.kind.fields[self.name]

    def query(self, variables: str = "", given: str = "", below: str = "__typename") -> str:
        """The query that comes to it, with these arguments."""
        selection = "" if is_leaf_type(get_named_type(self.field.type)) else f" {{ {below} }}"
        return f"query{variables} {self.before} {self.head(given)}{selection} {self.after}"

    def head(self, given: str = "") -> str:
        """The field with the arguments that it must have."""
        required = [name for name, argument in self.field.args.items() if is_required_argument(argument)]
        taken = [f'{name}: "{sample(self, name)}"' for name in required if name not in given]
        arguments = ", ".join([*taken, *([given] if given else [])])
        return self.name + (f"({arguments})" if arguments else "")


def places(*, stop: set[str] | frozenset[str] = frozenset()) -> Iterator[Place]:
    """Every field that a query can come to without the fields of `stop`, and these, each once."""
    assert SCHEMA.query_type is not None
    known = {SCHEMA.query_type}
    pending = [(SCHEMA.query_type, "{", "}")]
    while pending:
        kind, before, after = pending.pop(0)
        for name, field in kind.fields.items():
            place = Place(kind, name, before, after)
            yield place
            below = get_named_type(field.type)
            if isinstance(below, GraphQLObjectType) and below not in known and place.called not in stop:
                known.add(below)
                pending.append((below, f"{before} {place.head()} {{", f"}} {after}"))


def _member(of: Any) -> Any:
    """A value of a field of an input object: of every filter, some that there are."""
    named = get_named_type(of)
    if isinstance(named, GraphQLEnumType):
        found: Any = next(iter(named.values))
    else:
        found = {"Int": 2, "String": "sql"}.get(named.name, True)
    return [found] if is_list_type(get_nullable_type(of)) else found


def _literal(value: Any, of: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_literal(one, of) for one in value)}]"
    if isinstance(value, str):
        return value if isinstance(get_named_type(of), GraphQLEnumType) else print_string(value)
    return str(value).lower()


def sample(place: Place, name: str) -> Any:
    """A value that an argument takes, with the names of rows."""
    kind = get_named_type(place.field.args[name].type)
    if isinstance(kind, GraphQLInputObjectType):
        return {member: _member(field.type) for member, field in kind.fields.items()}
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if name == "id":
        of = get_named_type(place.field.type).name
        return f"@id:{'Profile' if of == 'Node' else of}:0"
    if name in ROWS:
        return f"@id:{ROWS[name]}:0"
    if kind.name == "DateTime":
        return "2026-01-01T00:00:00Z"
    if name in ("after", "before"):
        return (
            f"@cursor:{place.name}:0"
            if place.name in ORDERS
            else "suggestions:01890000-0000-7000-8000-000000000000:0.5"
        )
    return {"Int": 2, "Boolean": True}.get(kind.name, "sql")


def written(place: Place, name: str) -> str:
    """That value as a literal."""
    value = sample(place, name)
    kind = get_named_type(place.field.args[name].type)
    if isinstance(kind, GraphQLInputObjectType):
        members = (f"{one}: {_literal(value[one], kind.fields[one].type)}" for one in value)
        return f"{{{', '.join(members)}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(kind, GraphQLEnumType) or isinstance(value, int) else print_string(value)


def arguments(*, of: str | None = None) -> Iterator[tuple[Place, str, GraphQLArgument]]:
    """Every argument that a query can give; `of` a type, if it is named."""
    for place in places():
        for name, argument in place.field.args.items():
            if of is None or get_named_type(argument.type).name == of:
                yield place, name, argument
