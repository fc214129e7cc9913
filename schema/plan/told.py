"""What an object in memory can tell of itself, without a statement: its columns, its id, and that somebody wrote it."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.types.field import StrawberryField

from models.base import Base
from models.profile import Profile
from schema.context import Context
from schema.node import name_of
from schema.plan.dialect import Unplannable
from schema.plan.read import METADATA, Expression
from schema.plan.selection import Selections


class Untold(Exception):
    """The object cannot tell."""


def leaf(definition: GraphQLField, declared: StrawberryField) -> Callable[[Any], Any]:
    """What writes a plain value of an object, as ordinary execution would."""
    of = definition.type.of_type if is_non_null_type(definition.type) else definition.type
    if is_list_type(of) or not is_leaf_type(of) or not declared.is_basic_field:
        raise Unplannable(f"{declared.python_name} is no plain value")
    name, may_be_null, serialize = declared.python_name, of is definition.type, of.serialize

    def write(found: Any) -> Any:
        return _serialized(getattr(found, name), may_be_null, serialize)

    return write


def _serialized(value: Any, may_be_null: bool, serialize: Callable[[Any], Any]) -> Any:
    if value is None:
        if may_be_null:
            return None
        raise Untold
    try:
        return serialize(value)
    except Exception as error:
        # Ordinary execution meets the same, and says where.
        raise Untold from error


def row_itself(
    selections: Selections, kind: GraphQLObjectType, nodes: Sequence[FieldNode]
) -> Callable[[Base, Context], Any] | None:
    """What writes the selection on a row from that row alone; None where it takes a statement in any case."""
    try:
        members = {
            key: _member(selections, kind, same[0].name.value, same)
            for key, same in selections.below(kind, nodes).items()
        }
    except Unplannable:
        return None

    def write(row: Base, context: Context) -> dict[str, Any]:
        # A row of another kind has other fields.
        if name_of(type(row)) != kind.name:
            raise Untold
        return {key: member(row, context) for key, member in members.items()}

    return write


Member = Callable[[Any, Context], Any]


def _member(selections: Selections, kind: GraphQLObjectType, name: str, nodes: Sequence[FieldNode]) -> Member:
    if name == "__typename":
        return lambda *_: kind.name
    if name == "id":
        return lambda row, _: f"{kind.name}:{row.id}"
    definition = kind.fields[name]
    declared: StrawberryField = definition.extensions["strawberry-definition"]
    how = declared.metadata.get(METADATA)
    if isinstance(how, Expression):
        return _computed(definition, declared)
    if how is not None:
        return _who(selections, definition, declared, nodes)
    write = leaf(definition, declared)
    return lambda row, _: write(row)


def _computed(definition: GraphQLField, declared: StrawberryField) -> Member:
    """An expression over the row's columns, which ordinary execution computes in Python."""
    of: Any = definition.type.of_type if is_non_null_type(definition.type) else definition.type
    assert declared.base_resolver is not None
    resolver: Any = declared.base_resolver.wrapped_func
    may_be_null = of is definition.type
    return lambda row, context: _serialized(
        resolver(row, info=SimpleNamespace(context=context)), may_be_null, of.serialize
    )


def _who(
    selections: Selections, definition: GraphQLField, declared: StrawberryField, nodes: Sequence[FieldNode]
) -> Member:
    """The id of a person, where that is the viewer: they see themselves. Of others a statement asks who sees them."""
    kind = get_named_type(definition.type)
    if not isinstance(kind, GraphQLObjectType) or kind.name != name_of(Profile):
        raise Unplannable(f"{declared.python_name} is another row")
    asked = {key: same[0].name.value for key, same in selections.below(kind, nodes).items()}
    if not {"id", "__typename"}.issuperset(asked.values()):
        raise Unplannable(f"{declared.python_name} is asked for more than its id")
    key_name = f"{declared.python_name}_id"

    def write(row: Any, context: Context) -> Any:
        if getattr(row, key_name, None) != context.viewer.id:
            raise Untold
        told = {"id": f"{kind.name}:{context.viewer.id}", "__typename": kind.name}
        return {key: told[name] for key, name in asked.items()}

    return write
