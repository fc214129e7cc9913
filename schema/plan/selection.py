"""Which fields an operation selects: fragments, aliases, @skip and @include (the specification, 6.3.2)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)

from models.base import Base
from schema.node import name_of
from schema.plan.dialect import Unplannable


def fragments_of(document: DocumentNode) -> Mapping[str, FragmentDefinitionNode]:
    """The fragments of a document, by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def object_of(of: GraphQLOutputType) -> GraphQLObjectType:
    """The object type that a field yields, one or a list of. Raises `Unplannable` where it is abstract."""
    named = get_named_type(of)
    if not isinstance(named, GraphQLObjectType):
        raise Unplannable(f"the abstract type {named.name}")
    return named


class Selections:
    """The selections of one document, for given values of the variables that its directives use."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = fragments

    def fields(self, of: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields selected on a type, by response key, in order. Several nodes under one key are one field."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selection_set in sets:
            for node in self._walk(of, selection_set, seen):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
        return found

    def below(self, of: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
        """The fields selected on the object that these nodes yield."""
        return self.fields(of, [node.selection_set for node in nodes if node.selection_set])

    def type_of(self, model: type[Base]) -> GraphQLObjectType:
        """The GraphQL type that stands for a model's rows."""
        found = self._schema.get_type(name_of(model))
        if not isinstance(found, GraphQLObjectType):
            raise Unplannable(f"no type stands for {model.__name__}")
        return found

    def _walk(self, of: GraphQLObjectType, sets: SelectionSetNode, seen: set[str]) -> Iterator[FieldNode]:
        for node in sets.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._applies(node.type_condition.name.value, of):
                    yield from self._walk(of, node.selection_set, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, of):
                    yield from self._walk(of, fragment.selection_set, seen)

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            if directive.name.value not in ("skip", "include"):
                raise Unplannable(f"the directive @{directive.name.value}")
            value = directive.arguments[0].value
            holds = self._variables.get(value.name.value) if isinstance(value, VariableNode) else value.value
            if holds is None:
                raise Unplannable("null for a condition, which ordinary execution refuses")
            if bool(holds) is (directive.name.value == "skip"):
                return False
        return True

    def _applies(self, condition: str, to: GraphQLObjectType) -> bool:
        if condition == to.name:
            return True
        abstract = self._schema.get_type(condition)
        return is_abstract_type(abstract) and self._schema.is_sub_type(abstract, to)
