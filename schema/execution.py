"""Execution: from the text of an operation to the bytes of its answer.

A document is parsed, measured and validated once and kept.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    TokenKind,
    execute,
    get_operation_ast,
    subscribe,
    validate,
)
from graphql.execution import Executor

from models.database import is_outage
from models.inbox import Cursor
from realtime import feed
from realtime.logs import UNSEEN, UNSHOWN, Delivery, Offer
from schema.context import Context
from schema.delivery import Showing, Showings
from schema.errors import Formatted, bad_input, formatted
from schema.inbox import event_of
from schema.limits import DEFAULT_LIMITS, Limits, measure, parse_within
from schema.plan.executor import OutcomeExecutor, RowExecutor
from schema.plan.mutations import Mutations
from schema.plan.planner import Planner
from schema.root import schema

log = structlog.get_logger()

planner = Planner(schema._schema)
showings = Showings(planner)
mutations = Mutations(planner)

# Each may be up to 20 KB of source, which makes a tree of a few hundred KB.
DOCUMENTS_KEPT = 256

LONGEST_NUMBER = 100


class RequestError(Exception):
    """The operation did not run at all; `errors` say why, as the specification formats them."""

    def __init__(self, errors: Sequence[Formatted]) -> None:
        super().__init__(errors)
        self.errors = list(errors)


class Unavailable(Exception):
    """The database cannot be reached; the request may be sent again, soon."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that may run: within the limits, valid, and of a known kind."""

    source: str
    document: DocumentNode
    node: OperationDefinitionNode
    variables: Mapping[str, Any]
    name: str | None

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation


def prepare(
    source: str, variables: Mapping[str, Any] | None, name: str | None, limits: Limits = DEFAULT_LIMITS
) -> Operation:
    """The operation of a request. Raises `RequestError` where it is malformed, invalid or too complex."""
    given = variables or {}
    try:
        document = _parsed(source, limits)
        node = get_operation_ast(document, name)
        if node is not None:
            _measured(source, name, _sizes(node, given), limits)
        errors = _violations(source, limits)
    except GraphQLError as error:
        raise RequestError([formatted(error)]) from None
    if errors:
        raise RequestError([formatted(error) for error in errors])
    if node is None:
        raise RequestError([bad_input("Name the operation to run in operationName; this document does not hold it.")])
    return Operation(source, document, node, given, name)


@lru_cache(maxsize=DOCUMENTS_KEPT)
def _parsed(source: str, limits: Limits) -> DocumentNode:
    document = parse_within(source, limits)
    token = document.loc.start_token if document.loc else None
    while token is not None:
        # Python converts no integer of more than 4,300 digits, and no type of ours takes one of a hundred.
        if token.kind in (TokenKind.INT, TokenKind.FLOAT) and len(token.value or "") > LONGEST_NUMBER:
            raise GraphQLError(f"A number has at most {LONGEST_NUMBER} digits.", extensions={"code": "BAD_INPUT"})
        token = token.next
    return document


@lru_cache(maxsize=DOCUMENTS_KEPT * 4)
def _measured(source: str, name: str | None, sizes: tuple[tuple[str, Any], ...], limits: Limits) -> None:
    # A document that is within the limits is remembered as such; one that is not raises, and is measured each time.
    measure(_parsed(source, limits), name, dict(sizes), limits)


def _sizes(node: OperationDefinitionNode, given: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    # Only numbers can be sizes of pages; of the rest it matters that they are there. What is not declared is nothing:
    # it may have any name, and these are kept.
    names = (definition.variable.name.value for definition in node.variable_definitions or ())
    found = ((name, given[name]) for name in names if name in given)
    return tuple((name, value if isinstance(value, (int, float)) or value is None else "") for name, value in found)


@lru_cache(maxsize=DOCUMENTS_KEPT)
def _violations(source: str, limits: Limits) -> list[GraphQLError]:
    return validate(schema._schema, _parsed(source, limits), max_errors=5, hide_suggestions=True)


async def run(operation: Operation, context: Context) -> bytes:
    """The JSON of a query's or mutation's answer. Raises `Unavailable` while the database is away."""
    planned = await _planned(operation, context)
    if planned is not None:
        return planned
    context.planner = planner
    if operation.kind is OperationType.MUTATION:
        return await _mutated(operation, context)
    return await execute_plainly(operation, context, RowExecutor)


async def _mutated(operation: Operation, context: Context) -> bytes:
    mutation = mutations.mutation(operation.source, operation.document, operation.node, operation.variables)
    if mutation is None:
        return await execute_plainly(operation, context, RowExecutor)
    # From here on the verb has run: it never runs again.
    context.outcome = await mutation.outcome(context)
    try:
        answer = await mutation.written(context.outcome, context)
    except Exception as error:
        raise Unavailable from error
    return answer if answer is not None else await execute_plainly(operation, context, OutcomeExecutor)


async def _planned(operation: Operation, context: Context) -> bytes | None:
    try:
        return await planner.answer(operation.source, operation.document, operation.node, operation.variables, context)
    except Exception as error:
        if is_outage(error):
            raise Unavailable from error
        # Ordinary execution will meet the same trouble, if it is one, and say where; a fault of the planner it heals.
        log.exception("the planner failed")
        return None


async def execute_plainly(
    operation: Operation, context: Context, executor: type[Executor[Any]] = schema.execution_context_class
) -> bytes:
    """The same by ordinary execution, field by field."""
    answer = await _executed(operation, context, executor)
    _raise_outage(answer)
    if answer.data is None and answer.errors and all(error.path is None for error in answer.errors):
        # Nothing ran: a variable has no value that its type can take.
        raise RequestError([formatted(error) for error in answer.errors])
    return encoded(answer)


async def _executed(
    operation: Operation, context: Context, executor: type[Executor[Any]], root: Any = None
) -> ExecutionResult:
    # A resolver of the executor class reads `operation_extensions`; we have none.
    result = execute(
        schema._schema,
        operation.document,
        root_value=root,
        context_value=context,
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        executor_class=executor,
        operation_extensions=None,
        hide_suggestions=True,
    )
    return result if isinstance(result, ExecutionResult) else await result


async def stream(operation: Operation, context: Context, offer: Offer | None = None) -> AsyncGenerator[bytes, None]:
    """The JSON of each answer of a subscription, but for what `offer` takes. Raises `RequestError` if it cannot begin.

    Raises `Unavailable` while the database is away: a client comes back with the last cursor that it has.
    """
    context.planner = planner
    showing = None
    if context.session is not None and context.session.is_live:
        showing = showings.of(operation.source, operation.document, operation.node, operation.variables)
    results = await _subscribed(operation, context) if showing is None else _shown(operation, context, *showing, offer)
    try:
        async for result in results:
            if isinstance(result, ExecutionResult):
                _raise_outage(result)
                yield encoded(result)
            else:
                yield result
    except Unavailable:
        raise
    except Exception as error:
        if is_outage(error):
            raise Unavailable from error
        # The source of events failed: it is the last thing that this operation says.
        yield orjson.dumps({"data": None, "errors": [formatted(GraphQLError(str(error), original_error=error))]})
    finally:
        await results.aclose()


async def _subscribed(operation: Operation, context: Context) -> AsyncGenerator[Any, None]:
    source = subscribe(
        schema._schema,
        operation.document,
        context_value=context,
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        executor_class=RowExecutor,
        operation_extensions=None,
        hide_suggestions=True,
    )
    results = source if isinstance(source, (ExecutionResult, AsyncIterable)) else await source
    if isinstance(results, ExecutionResult):
        _raise_outage(results)
        raise RequestError([formatted(error) for error in results.errors or ()])
    return results  # type: ignore[return-value]


async def _shown(
    operation: Operation, context: Context, showing: Showing, after: Cursor | None, offer: Offer | None
) -> AsyncGenerator[bytes | ExecutionResult, None]:
    """The inbox's events: each as it was shown to all who asked together, or executed for this one subscription."""
    # What is offered is not asked for here, where a sign-in that has expired is noticed; its socket ends with it.
    source = feed.inbox(context.bells, context.viewer, after, show=showing, offer=offer)
    async with aclosing(source) as items:
        async for item in items:
            viewer = context.viewer
            shown = item.shown if isinstance(item, Delivery) else UNSHOWN
            if shown is UNSEEN:
                continue
            if shown is not UNSHOWN:
                yield shown
            elif (event := await event_of(item, viewer)) is not None:
                yield await _executed(operation, context, RowExecutor, event)


def _raise_outage(result: ExecutionResult) -> None:
    for error in result.errors or ():
        if is_outage(error.original_error):
            raise Unavailable from error.original_error


def encoded(result: ExecutionResult) -> bytes:
    """The JSON of an answer."""
    answer: Formatted = {}
    if result.errors:
        answer["errors"] = [formatted(error) for error in result.errors]
    answer["data"] = result.data
    return orjson.dumps(answer)
