"""The planner: it makes a plan for an operation once, keeps it, and runs it with each request's values."""

import asyncio
import inspect
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import structlog
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution import get_variable_values
from strawberry.types.field import StrawberryField
from tortoise.connection import get_connection

from models.account import Account
from models.base import Base
from models.database import dialect
from models.refusal import Refused
from schema.context import Context
from schema.plan.afterwards import Marks
from schema.plan.arguments import Arguments, shape
from schema.plan.compiler import Compiler
from schema.plan.dialect import DIALECTS, Unplannable
from schema.plan.selection import Selections, fragments_of
from schema.plan.sql import Constant, Parameter
from schema.plan.standin import Binding

log = structlog.get_logger()

PLANS_KEPT = 512

# What SQLite says of a statement that is nested more deeply than its parser can follow, or of too long a sum of texts.
TOO_DEEP = ("parser stack overflow", "Expression tree is too large")


@dataclass(frozen=True, slots=True)
class Request:
    """What a plan's slots are filled from."""

    viewer: Account | None
    variables: Mapping[str, Any]
    rows: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One root field: the key of its answer, and the statement that makes it."""

    key: bytes
    text: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The statements of an operation."""

    statements: tuple[Statement, ...]
    bindings: Mapping[str, Binding]
    nodes: tuple[FieldNode, ...] = ()

    def values(self, request: Request) -> Mapping[str, Any]:
        """What a request gives for each slot. Raises `Refused` for a cursor that is none, whether it is used or not."""
        return {name: binding(request) for name, binding in self.bindings.items()}


class Planner:
    """Answers the queries that it can plan; `None` for those that ordinary execution must answer."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        # A string that no client can know, in place of a null that must not be.
        self._marks = Marks()
        self.missing = f"missing {secrets.token_hex(16)}"
        self._missing_bytes = self.missing.encode()
        self._plans: OrderedDict[Hashable, Plan | None] = OrderedDict()
        self.answered = 0
        self.declined = 0

    async def answer(
        self,
        source: str,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        given: Mapping[str, Any],
        context: Context,
    ) -> bytes | None:
        """The JSON of the answer, made by one statement for each root field. `source` is the document's text."""
        if operation.operation is not OperationType.QUERY or context.session is None or not context.session.is_live:
            return None
        variables = self.variables(operation, given)
        try:
            if variables is None:
                return None
            name = operation.name.value if operation.name else None
            key = (source, name, dialect(), shape(operation, variables))
            plan = self.plan(key, lambda: self._compiled(document, operation, variables))
            answer = None if plan is None else await self._spliced(plan, Request(context.viewer, variables))
            answer = answer and self._marks.replaced(answer, context)
        except sqlite3.OperationalError as error:
            if not self.gives_up(key, error):
                raise
            answer = None
        except (Unplannable, Refused):
            # Ordinary execution says what is wrong, and where.
            answer = None
        if answer is None:
            self.declined += 1
        else:
            self.answered += 1
        return answer

    def variables(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The values of an operation's variables; None where they are not of their types."""
        if not operation.variable_definitions:
            return {}
        found = get_variable_values(self.schema, operation.variable_definitions, dict(given))
        return None if isinstance(found, list) else found.coerced

    async def below(
        self,
        rows: Sequence[Base],
        kind: GraphQLObjectType,
        nodes: tuple[FieldNode, ...],
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
        context: Context,
    ) -> Mapping[UUID, bytes]:
        """The JSON of what these nodes select on rows of one model, made by one statement; by the rows' ids.

        What is not there, ordinary execution must make: the row itself can tell, or it is not visible, or not planned.
        """
        if context.session is None or not context.session.is_live:
            return {}
        # The nodes are kept with their plan, so that no other node can come to have the same identity.
        key = (tuple(map(id, nodes)), kind.name, dialect(), shape(operation, variables))
        nothing = Plan((), {}, nodes)

        def compiled() -> Plan:
            arguments = Arguments(operation, variables)
            selections = Selections(self.schema, fragments, variables)
            compiler = Compiler(DIALECTS[dialect()], selections, arguments, self.missing, self._marks)
            text, parameters = compiler.rows(type(rows[0]), kind, nodes).render(dialect())
            return Plan((Statement(b"", text, tuple(parameters)),), arguments.meanings.bindings, nodes)

        try:
            plan = self.plan(key, compiled, nothing)
            if plan is None or not plan.statements:
                return {}
            found = await self._by_row(plan, Request(context.viewer, variables, [row.id for row in rows]))
            found = {key: self._marks.replaced(text, context) for key, text in found.items()}
        except sqlite3.OperationalError as error:
            if not str(error).startswith(TOO_DEEP):
                raise
            self._plans[key] = nothing
            return {}
        except (Unplannable, Refused):
            return {}
        return found

    def gives_up(self, key: Hashable, error: Exception) -> bool:
        """Is a plan's statement more than the database can take? It is not tried again."""
        if not isinstance(error, sqlite3.OperationalError) or not str(error).startswith(TOO_DEEP):
            return False
        self._plans[key] = None
        return True

    async def _spliced(self, plan: Plan, request: Request) -> bytes | None:
        texts = await self._texts(plan, request)
        if texts is None:
            return None
        parts = (b'"%b":%b' % (statement.key, text) for statement, text in zip(plan.statements, texts, strict=True))
        return b'{"data":{%b}}' % b",".join(parts)

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement, whose slots have these values."""
        return await _fetch(statement.text, [_filled(part, values) for part in statement.parameters])

    def is_missing(self, text: bytes) -> bool:
        """Does an answer hold a null that must not be?"""
        return self._missing_bytes in text

    async def _by_row(self, plan: Plan, request: Request) -> Mapping[UUID, bytes]:
        (statement,) = plan.statements
        values = plan.values(request)
        found = await self.fetch(statement, values)
        return {UUID(str(key)): text for key, text in found if not self.is_missing(text)}

    def plan(self, key: Hashable, compiled: Callable[[], Plan], otherwise: Plan | None = None) -> Plan | None:
        """The plan that is kept under a key, or is made now; `otherwise`, where it cannot be made."""
        if key in self._plans:
            self._plans.move_to_end(key)
            return self._plans[key]
        try:
            plan: Plan | None = self._checked(compiled)
        except Unplannable as reason:
            log.debug("not planned", reason=str(reason))
            plan = otherwise
        self._plans[key] = plan
        if len(self._plans) > PLANS_KEPT:
            self._plans.popitem(last=False)
        return plan

    def _checked(self, compiled: Callable[[], Plan]) -> Plan:
        # Compiled twice, with other stand-ins: what then differs in the statements, and is no slot, came from
        # somewhere else than the request, such as a clock, and would be frozen in the plan.
        plan, again = compiled(), compiled()
        if plan.statements != again.statements:
            raise Unplannable("a value that is neither constant nor given by the request")
        return plan

    def _compiled(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> Plan:
        arguments = Arguments(operation, variables)
        selections = Selections(self.schema, fragments_of(document), variables)
        kind = DIALECTS[dialect()]
        compiler = Compiler(kind, selections, arguments, self.missing, self._marks)
        query = self.schema.query_type
        assert query is not None
        statements = []
        for key, nodes in selections.fields(query, [operation.selection_set]).items():
            definition = query.fields.get(nodes[0].name.value)
            if definition is None:
                raise Unplannable("a root of introspection")
            declared = definition.extensions["strawberry-definition"]
            found = _found(declared, arguments.of(definition, nodes[0]), compiler)
            text, parameters = compiler.root(found, definition.type, nodes).render(kind.name)
            statements.append(Statement(key.encode(), text, tuple(parameters)))
        return Plan(tuple(statements), arguments.meanings.bindings)

    async def _texts(self, plan: Plan, request: Request) -> list[bytes] | None:
        texts: list[bytes] = []
        values = plan.values(request)
        for statement in plan.statements:
            if texts:
                # On SQLite a read may be made on the loop: others have their turn between two of them.
                await asyncio.sleep(0)
            rows = await self.fetch(statement, values)
            text = rows[0][0] or b"null"
            if self.is_missing(text):
                return None
            texts.append(text)
        return texts


def _found(field: StrawberryField, given: Mapping[str, Any], compiler: Compiler) -> Any:
    resolver: Any = field.base_resolver.wrapped_func if field.base_resolver else None
    if resolver is None or inspect.iscoroutinefunction(resolver):
        raise Unplannable(f"{field.python_name} is computed in Python")
    info = SimpleNamespace(context=compiler.viewer, python_name=field.python_name)
    return resolver(None, info=info, **given)


async def _fetch(text: str, values: list[Any]) -> Sequence[Sequence[Any]]:
    connection: Any = get_connection(dialect())
    rows: Sequence[Sequence[Any]] = await connection.read_rows(text, values)
    return rows


def _filled(parameter: Parameter, values: Mapping[str, Any]) -> Any:
    if isinstance(parameter, Constant):
        return parameter.value
    value = values[parameter.name]
    return str(value) if parameter.as_text else value
