"""Arguments: what a field is given. Strings and ids in variables are slots of the plan; all else is part of its shape.

The shape of a request is what its plan depends on: which variables are null, the type that an id names, and the
values of flags, enums and numbers. Requests of one shape share a plan.
"""

from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from operator import itemgetter
from typing import Any, TypeAlias
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    ListTypeNode,
    ListValueNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    TypeNode,
    Undefined,
    ValueNode,
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

Prepare: TypeAlias = Callable[..., str]

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
            if (prepared := prepared_of(declared, name)) and value is not None:
                found[names[name]] = self._object(value, argument.type, name, prepared)
                continue
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

    def _object(self, value: ValueNode, of: GraphQLInputType, argument: str, prepared: Mapping[str, Prepare]) -> Any:
        """An input object whose texts, and lists of texts, go into the statement as they are prepared."""
        if isinstance(value, VariableNode):
            variable = value.name.value
            whole = self._variables.get(variable)
            if whole is None:
                return None
            taken = {
                name: self._part(f"${variable}.{name} for {argument}", part, prepared.get(name), _reading(variable, name))
                for name, part in whole.items()
            }
        elif isinstance(value, ObjectValueNode):
            kind: Any = get_named_type(of)
            taken = {}
            for node in value.fields:
                name, inner = node.name.value, node.value
                if isinstance(inner, VariableNode):
                    variable = inner.name.value
                    if variable in self._variables:
                        slot = f"${variable} for {argument}.{name}"
                        part = self._variables[variable]
                        taken[name] = self._part(slot, part, prepared.get(name), _reading(variable))
                elif isinstance(inner, ListValueNode) and any(isinstance(one, VariableNode) for one in inner.values):
                    raise Unplannable("a variable within a list")
                else:
                    taken[name] = value_from_ast(inner, kind.fields[name].type)
        else:
            return None
        return _made(of, taken)

    def _part(self, slot: str, value: Any, prepare: Prepare | None, read: Callable[[Any], Any]) -> Any:
        several = isinstance(value, list)
        if not (isinstance(value, str) or (several and value and all(isinstance(one, str) for one in value))):
            return value
        if isinstance(value, Enum) or (several and any(isinstance(one, Enum) for one in value)):
            return value
        if prepare is None:
            raise Unplannable(f"{slot} is not said to go into the statement as it is")
        standin = self.meanings.slot(slot, str, lambda request: prepare(read(request)))
        given = [standin] if several else standin
        # As in `_variable`: in the statement it is looked for as prepared.
        self.meanings[prepare(given)] = self.meanings.pop(standin)
        return given

    def _id(self, variable: str, value: str) -> str:
        type_name = value.partition(":")[0]
        key = self.meanings.slot(f"${variable}", UUID, lambda request: _key(request.variables[variable]))
        return f"{type_name}:{key}"


def prepared_of(field: StrawberryField, argument: str) -> Mapping[str, Prepare]:
    """How the texts of an argument that is an object go into the statement, by the names of its fields."""
    every: Mapping[str, Prepare] = field.metadata.get(PREPARE, {})
    return {name.partition(".")[2]: how for name, how in every.items() if name.startswith(f"{argument}.")}


def _reading(variable: str, name: str | None = None) -> Callable[[Any], Any]:
    if name is None:
        return lambda request: request.variables[variable]
    return lambda request: request.variables[variable][name]


def shape(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> tuple[Hashable, ...]:
    """What a plan depends on in these variables."""
    reads = operation.operation is OperationType.QUERY
    return tuple((name, _shape(kind, variables.get(name, Undefined), reads)) for name, kind in kinds(operation).items())


def _shape(kind: str, value: Any, reads: bool) -> Hashable:
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
    if isinstance(value, dict) and reads:
        return tuple((name, _part_shape(part)) for name, part in sorted(value.items(), key=itemgetter(0)))
    if isinstance(value, list) and reads:
        return _part_shape(value)
    if isinstance(value, (list, dict)):
        # No field that is planned takes one; where a mutation does, what is selected below it does not.
        return "object"
    return type(value), value


def _part_shape(value: Any) -> Hashable:
    if isinstance(value, list):
        flags = all(map(_is_flag, value))
        return tuple(value) if flags else ("strings" if all(isinstance(one, str) for one in value) else "list")
    if isinstance(value, str) and not isinstance(value, Enum):
        return "string"
    return "object" if isinstance(value, dict) else (type(value), value)


def kinds(operation: OperationDefinitionNode) -> dict[str, str]:
    """The named type of each variable; a list has none that we plan for."""
    return {node.variable.name.value: _named(node.type) for node in operation.variable_definitions or ()}


def _is_flag(value: Any) -> bool:
    return value is None or isinstance(value, (bool, Enum))


def _flags(of: GraphQLInputType, given: Mapping[str, Any]) -> Any:
    """An input object of flags and enums alone, as its resolver takes it: it is part of the plan's shape."""
    if not all(map(_is_flag, given.values())):
        raise Unplannable("an object with texts or numbers as an argument")
    return _made(of, given)


def _made(of: GraphQLInputType, given: Mapping[str, Any]) -> Any:
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
