"""Mutations without an executor: the verb is called, and its payload is written by what was worked out once.

An executor asks at each field what is selected, and of what kind it is: for a mutation that takes a fraction of a
millisecond this is most of the work. Here that is a plan, kept for each document. The verb runs once in any case:
what its plan cannot write, such as an error, ordinary execution is given as the outcome of the root field.
"""

import inspect
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import orjson
import structlog
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    OperationDefinitionNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution import get_argument_values, get_variable_values
from strawberry.types.field import StrawberryField

from models.base import Base
from models.database import is_outage
from models.refusal import Refused
from schema.context import Context
from schema.plan.arguments import shape
from schema.plan.dialect import Unplannable
from schema.plan.planner import PLANS_KEPT, Planner
from schema.plan.selection import Selections, fragments_of
from schema.plan.told import Untold, leaf, row_itself
from schema.refusal import refusal_of

log = structlog.get_logger()

Writer = Callable[[Any], Any]
# What a resolver does, with what it is told of the request and with its arguments as graphql-core gives them.
Verb = Callable[..., Awaitable[Any]]


PLAIN = {"ID", "String", "Int", "Boolean"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb came to: what it returned, or what it raised."""

    payload: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Below:
    """Rows of a payload, and what is selected of them."""

    name: str
    kind: GraphQLObjectType
    nodes: tuple[FieldNode, ...]
    # What the row itself can tell; None where it never can tell all.
    itself: Callable[[Base, Context], Any] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """One root field: its key, its verb, and for each type that it may answer the writers of its fields."""

    key: str
    node: FieldNode
    definition: GraphQLField
    verb: Verb
    writers: Mapping[str, Mapping[str, Writer | Below]]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A plan with the values of one request."""

    plan: Plan
    planner: Planner
    operation: OperationDefinitionNode
    document: DocumentNode
    variables: Mapping[str, Any]
    arguments: Mapping[str, Any]

    async def outcome(self, context: Context) -> Outcome:
        """Call the verb."""
        try:
            return Outcome(await self.plan.verb(SimpleNamespace(context=context), **self.arguments))
        except Refused as refused:
            return Outcome(refusal_of(refused))
        except Exception as error:
            return Outcome(error=error)

    async def written(self, outcome: Outcome, context: Context) -> bytes | None:
        """The JSON of the answer; None where ordinary execution must make it. Raises nothing but outages."""
        if outcome.error is not None:
            return None
        try:
            return await self._answer(outcome, context)
        except Untold:
            return None
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("the planner failed")
            return None

    async def _answer(self, outcome: Outcome, context: Context) -> bytes:
        declared = getattr(type(outcome.payload), "__strawberry_definition__", None)
        if declared is None or declared.name not in self.plan.writers:
            raise Untold
        answer: dict[str, Any] = {}
        for key, writer in self.plan.writers[declared.name].items():
            if isinstance(writer, Below):
                answer[key] = await self._below(writer, outcome, context)
            else:
                answer[key] = writer(outcome.payload)
        return orjson.dumps({"data": {self.plan.key: answer}})

    async def _below(self, below: Below, outcome: Outcome, context: Context) -> Any:
        row = getattr(outcome.payload, below.name)
        if not isinstance(row, Base):
            raise Untold
        if below.itself is not None:
            try:
                return below.itself(row, context)
            except Untold:
                pass
        fragments = fragments_of(self.document)
        found = await self.planner.below(
            [row], below.kind, below.nodes, self.operation, fragments, self.variables, context
        )
        if row.id not in found:
            raise Untold
        return orjson.Fragment(found[row.id])


class Mutations:
    """Plans of mutations, by their documents."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._schema = planner.schema
        self._plans: OrderedDict[Hashable, Plan | None] = OrderedDict()

    def mutation(
        self, source: str, document: DocumentNode, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> Mutation | None:
        """The mutation of a request; None where ordinary execution must run it, or say what is wrong."""
        values = get_variable_values(self._schema, operation.variable_definitions or (), dict(given))
        if isinstance(values, list):
            return None
        key = (source, operation.name.value if operation.name else None, shape(operation, values.coerced))
        if key in self._plans:
            self._plans.move_to_end(key)
        else:
            self._plans[key] = self._plan(document, operation, values.coerced)
            if len(self._plans) > PLANS_KEPT:
                self._plans.popitem(last=False)
        plan = self._plans[key]
        if plan is None:
            return None
        try:
            arguments = get_argument_values(plan.definition, plan.node, values)
        except GraphQLError:
            return None
        return Mutation(plan, self._planner, operation, document, values.coerced, arguments)

    def _plan(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> Plan | None:
        selections = Selections(self._schema, fragments_of(document), variables)
        root = self._schema.mutation_type
        assert root is not None
        try:
            roots = selections.fields(root, [operation.selection_set])
            if len(roots) != 1:
                raise Unplannable("several roots, or none")
            ((key, nodes),) = roots.items()
            definition = root.fields.get(nodes[0].name.value)
            if definition is None or not isinstance(get_named_type(definition.type), GraphQLUnionType):
                raise Unplannable("a root that is no mutation of ours")
            kinds: Any = get_named_type(definition.type)
            writers = {kind.name: self._writers(selections, kind, nodes) for kind in kinds.types}
            return Plan(key, nodes[0], definition, _verb(definition), writers)
        except Unplannable:
            return None
        except Exception:
            log.exception("the planner failed")
            return None

    def _writers(
        self, selections: Selections, kind: GraphQLObjectType, nodes: list[FieldNode]
    ) -> dict[str, Writer | Below]:
        found: dict[str, Writer | Below] = {}
        for key, same in selections.below(kind, nodes).items():
            name = same[0].name.value
            if name == "__typename":
                found[key] = partial(_name, kind.name)
                continue
            definition = kind.fields[name]
            declared = definition.extensions["strawberry-definition"]
            named = get_named_type(definition.type)
            if is_leaf_type(named):
                found[key] = leaf(definition, declared)
            elif isinstance(named, GraphQLObjectType) and not _is_list(definition):
                itself = row_itself(selections, named, same)
                found[key] = Below(declared.python_name, named, tuple(same), itself)
            else:
                raise Unplannable(f"{kind.name}.{name} is neither a value nor a row")
        return found


def _verb(definition: GraphQLField) -> Verb:
    """The resolver, whose one argument is an input of plain values."""
    declared: StrawberryField = definition.extensions["strawberry-definition"]
    resolver: Any = declared.base_resolver.wrapped_func if declared.base_resolver else None
    kind: Any = get_named_type(definition.args["input"].type) if set(definition.args) == {"input"} else None
    if not inspect.iscoroutinefunction(resolver) or kind is None:
        raise Unplannable("a verb that is given otherwise")
    names = {}
    for name, given in kind.fields.items():
        # Enums, dates and inputs within inputs are converted by Strawberry; lists of plain values are as they are.
        of: Any = get_named_type(given.type)
        if not isinstance(of, GraphQLScalarType) or of.name not in PLAIN:
            raise Unplannable(f"a value of {of}")
        names[name] = given.extensions["strawberry-definition"].python_name
    made: Any = kind.extensions["strawberry-definition"].origin

    async def verb(info: Any, input: Mapping[str, Any]) -> Any:
        return await resolver(None, info=info, input=made(**{names[name]: value for name, value in input.items()}))

    return verb


def _name(kind: str, _: Any) -> str:
    return kind


def _is_list(definition: GraphQLField) -> bool:
    of = definition.type
    return is_list_type(of.of_type if is_non_null_type(of) else of)
