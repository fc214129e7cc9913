"""Delivery: how a subscription to the inbox shows its events, and whatever else it does not know is left to execution.

What an operation shows of one kind of event is a plan. All who subscribe with the same document, and the same values
of what it selects by, are shown the events of one turn by one statement for each kind.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import structlog
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    value_from_ast,
)
from graphql.language import Visitor, visit

from models.database import dialect, is_outage
from models.inbox import Cursor, Kind
from models.refusal import Refused
from realtime.logs import UNSEEN, UNSHOWN, Delivery
from schema.inbox import SUBJECTS
from schema.plan.arguments import Arguments, shape
from schema.plan.dialect import DIALECTS, Unplannable
from schema.plan.event import EventCompiler
from schema.plan.planner import PLANS_KEPT, Plan, Planner, Request, Statement
from schema.plan.selection import Selections, fragments_of

log = structlog.get_logger()

# So many pairs of an account and an event go into one statement.
PAIRS = 512

# In a text that several events share, it stands where the cursor of each belongs. No client can know it.
CURSOR = f"cursor {secrets.token_hex(16)}"
CURSOR_BYTES = CURSOR.encode()


class Showing:
    """Shows events to everybody who subscribes in one way: it is a `Show` of realtime's."""

    def __init__(self, planner: Planner, key: Hashable, compiled: Callable[[Kind], Plan], request: Request) -> None:
        self._planner = planner
        self._key = key
        self._compiled = compiled
        self._request = request

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Make the bytes of these events, each for the account that it is of."""
        kinds: dict[Kind, list[Delivery]] = {}
        for delivery in deliveries:
            kinds.setdefault(delivery.event.kind, []).append(delivery)
        for kind, found in kinds.items():
            for start in range(0, len(found), PAIRS):
                await self._show(kind, found[start : start + PAIRS])

    async def _show(self, kind: Kind, deliveries: Sequence[Delivery]) -> None:
        key = (dialect(), kind, self._key)
        try:
            plan = self._planner.plan(key, lambda: self._compiled(kind))
            rows = None if plan is None else await self._rows(plan, deliveries)
        except (Unplannable, Refused):
            # Ordinary execution says what is wrong, and where.
            return
        except Exception as error:
            if is_outage(error):
                raise
            if not self._planner.gives_up(key, error):
                log.exception("the planner failed")
            return
        if rows is not None:
            self._write(rows, deliveries)

    async def _rows(self, plan: Plan, deliveries: Sequence[Delivery]) -> Sequence[Sequence[Any]]:
        pairs = [(delivery.event.account_id, delivery.event.subject_id) for delivery in deliveries]
        values = {**plan.values(self._request), **DIALECTS[dialect()].pairs_of(pairs)}
        (statement,) = plan.statements
        return await self._planner.fetch(statement, values)

    def _write(self, rows: Sequence[Sequence[Any]], deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            delivery.shown = UNSEEN
        texts: dict[int, list[bytes]] = {}
        for n, same, text in rows:
            if text is not None:
                texts[same] = [] if self._planner.is_missing(text) else text.split(CURSOR_BYTES)
            if same in texts:
                # Where a null is that must not be, ordinary execution says where.
                parts, delivery = texts[same], deliveries[n]
                delivery.shown = delivery.cursor.encode().join(parts) if parts else UNSHOWN


class Showings:
    """The ways in which the process's subscriptions to the inbox show their events."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._known: WeakValueDictionary[Hashable, Showing] = WeakValueDictionary()
        # The variables by which an operation selects, by its document's text and its name: to look for them takes
        # milliseconds, where the document is long, and after a restart all clients come at once. The values have no say
        # in it: the root of a subscription has no @skip and no @include (the specification, 5.2.4.1).
        self._used: OrderedDict[tuple[str, str | None], frozenset[str]] = OrderedDict()

    def of(
        self,
        source: str,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        given: Mapping[str, Any],
    ) -> tuple[Showing, Cursor | None] | None:
        """How a subscription shows its events, and after which cursor; None where ordinary execution must begin it."""
        variables = self._planner.variables(operation, given)
        if variables is None:
            return None
        try:
            found = _inbox(self._planner.schema, document, operation, variables)
        except (Unplannable, Refused):
            return None
        if found is None:
            return None
        nodes, cursor = found
        name = operation.name.value if operation.name else None
        chosen_by = self._chosen_by(source, name, document, nodes)
        used = {variable: variables[variable] for variable in chosen_by if variable in variables}
        key = (source, name, repr(sorted(used.items())))
        showing = self._known.get(key)
        if showing is None:
            compiled = self._compiled(document, operation, nodes, used)
            plan_key = (source, name, shape(operation, used))
            showing = self._known[key] = Showing(self._planner, plan_key, compiled, Request(None, used))
        return showing, cursor

    def _chosen_by(
        self, source: str, name: str | None, document: DocumentNode, nodes: Sequence[FieldNode]
    ) -> frozenset[str]:
        found = self._used.get((source, name))
        if found is None:
            found = self._used[source, name] = _used(document, nodes)
            if len(self._used) > PLANS_KEPT:
                self._used.popitem(last=False)
        else:
            self._used.move_to_end((source, name))
        return found

    def _compiled(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        nodes: Sequence[FieldNode],
        variables: Mapping[str, Any],
    ) -> Callable[[Kind], Plan]:
        schema = self._planner.schema

        def compiled(kind: Kind) -> Plan:
            if kind not in SUBJECTS:
                raise Unplannable(f"{kind} has no subject")
            model, event, subject = SUBJECTS[kind]
            arguments = Arguments(operation, variables)
            selections = Selections(schema, fragments_of(document), variables)
            compiler = EventCompiler(DIALECTS[dialect()], selections, arguments, self._planner.missing, None)
            of = schema.get_type(event.__name__)
            if not isinstance(of, GraphQLObjectType):
                raise Unplannable(f"no type of the name {event.__name__}")
            text, parameters = compiler.statement(model, of, subject, nodes, CURSOR).render(dialect())
            return Plan((Statement(b"", text, tuple(parameters)),), arguments.meanings.bindings)

        return compiled


def _inbox(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> tuple[list[FieldNode], Cursor | None] | None:
    """The nodes of the operation's one field, where it is the inbox, and the cursor that it is given."""
    assert schema.subscription_type is not None
    selections = Selections(schema, fragments_of(document), variables)
    (nodes,) = selections.fields(schema.subscription_type, [operation.selection_set]).values() or ([],)
    if not nodes or nodes[0].name.value != "inbox":
        return None
    after: Any = None
    for argument in nodes[0].arguments or ():
        if argument.name.value != "after":
            return None
        after = value_from_ast(argument.value, GraphQLString, dict(variables))
    return nodes, None if after in (None, Undefined) else Cursor.parse(after)


def _used(document: DocumentNode, nodes: Sequence[FieldNode]) -> frozenset[str]:
    """The variables by which the events are selected; the cursor to begin after is none of them, as a rule."""
    names: set[str] = set()

    class Variables(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            names.add(node.name.value)

    for node in (*(node.selection_set for node in nodes), *fragments_of(document).values()):
        if node is not None:
            visit(node, Variables())
    return frozenset(names)
