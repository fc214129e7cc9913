"""Arguments: what a field is given. Strings and ids in variables are slots of the plan; all else is part of its shape.

The shape of a request is what its plan depends on: which variables are null, the type that an id names, and the
values of flags, enums and numbers. Requests of one shape share a plan.
"""

from collections.abc import Hashable, Mapping
from enum import Enum
from operator import itemgetter
from typing import Any
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    ListTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
    Undefined,
    VariableNode,
    get_named_type,
    is_non_null_type,
    value_from_ast,
)
from strawberry.types.field import StrawberryField

from models.profile import camel
from schema.node import parse
from schema.plan.dialect import Unplannable
from schema.plan.read import PREPARE
from schema.plan.standin import Cursor, Meanings

CURSORS = {"after", "before"}


class Arguments:
    """The arguments of an operation's fields: stand-ins for its slots, and the values of this request for the rest."""

    def __init__(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self.meanings = Meanings()
        self._variables = variables
        self._kinds = kinds(operation)

    def of(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """The arguments of a field, by their Python names."""
        declared: StrawberryField = definition.extensions["strawberry-definition"]
        names = {part.graphql_name or camel(part.python_name): part.python_name for part in declared.arguments}
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        found: dict[str, Any] = {}
        for name, argument in definition.args.items():
            value = given.get(name)
            if value is None or (isinstance(value, VariableNode) and value.name.value not in self._variables):
                taken = argument.default_value
            elif isinstance(value, VariableNode):
                taken = self._variable(value.name.value, name, declared)
            else:
                taken = value_from_ast(value, argument.type, dict(self._variables))
            if taken is None and is_non_null_type(argument.type):
                raise Unplannable(f"null for {name}, which ordinary execution refuses")
            if isinstance(taken, dict):
                taken = _flags(argument.type, taken)
            if taken is not Undefined:
                found[names[name]] = taken
        return found

    def _variable(self, variable: str, argument: str, field: StrawberryField) -> Any:
        value = self._variables[variable]
        if isinstance(value, list):
            raise Unplannable("a list as an argument")
        if value is None or self._kinds.get(variable) not in ("String", "ID"):
            return value
        if argument in CURSORS:
            cursor = Cursor(variable)
            cursor.name, cursor.meanings = variable, self.meanings
            return cursor
        if self._kinds[variable] == "ID":
            return self._id(variable, value)
        prepare = field.metadata.get(PREPARE, {}).get(argument)
        if prepare is None:
            raise Unplannable(f"{argument} is not said to go into the statement as it is")
        standin = self.meanings.slot(
            f"${variable} for {argument}", str, lambda request: prepare(request.variables[variable])
        )
        # In the statement it is looked for as prepared: so a rule that prepares otherwise, or not, is noticed.
        self.meanings[prepare(standin)] = self.meanings.pop(standin)
        return standin

    def _id(self, variable: str, value: str) -> str:
        type_name = value.partition(":")[0]
        key = self.meanings.slot(f"${variable}", UUID, lambda request: _key(request.variables[variable]))
        return f"{type_name}:{key}"


def shape(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> tuple[Hashable, ...]:
    """What a plan depends on in these variables."""
    return tuple((name, _shape(kind, variables.get(name, Undefined))) for name, kind in kinds(operation).items())


def _shape(kind: str, value: Any) -> Hashable:
    if value is None or value is Undefined:
        return None if value is None else "undefined"
    if kind == "String":
        return "string"
    if kind == "ID":
        # A key of the client's own, such as a clientId, is no id of ours; no plan looks for it.
        known = parse(str(value))
        return known[0] if known else "no id"
    if isinstance(value, dict) and all(map(_is_flag, value.values())):
        return tuple(sorted(value.items(), key=itemgetter(0)))
    if isinstance(value, (list, dict)):
        # No field that is planned takes one; where a mutation does, what is selected below it does not.
        return "object"
    return type(value), value


def kinds(operation: OperationDefinitionNode) -> dict[str, str]:
    """The named type of each variable; a list has none that we plan for."""
    return {node.variable.name.value: _named(node.type) for node in operation.variable_definitions or ()}


def _is_flag(value: Any) -> bool:
    return value is None or isinstance(value, (bool, Enum))


def _flags(of: GraphQLInputType, given: Mapping[str, Any]) -> Any:
    """An input object of flags and enums alone, as its resolver takes it: it is part of the plan's shape."""
    if not all(map(_is_flag, given.values())):
        raise Unplannable("an object with texts or numbers as an argument")
    declared = get_named_type(of).extensions["strawberry-definition"]
    names = {part.graphql_name or camel(part.python_name): part.python_name for part in declared.fields}
    return declared.origin(**{names[name]: value for name, value in given.items()})


def _named(node: TypeNode) -> str:
    if isinstance(node, NonNullTypeNode):
        return _named(node.type)
    return "[]" if isinstance(node, ListTypeNode) else str(node.name.value)  # type: ignore[attr-defined]


def _key(global_id: str) -> UUID:
    found = parse(global_id)
    if found is None:
        raise Unplannable("an id of nothing")
    return found[1]
