"""The executor of operations that are not planned whole: mutations, events, and queries with a part made in Python.

Where such an operation comes to rows, one statement reads all that is selected below them, and its JSON goes into the
answer as it is. A selection that the rows themselves can answer needs no statement. A list of records is read at once.
"""

import asyncio
from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import orjson
import structlog
from graphql import GraphQLList, GraphQLObjectType, get_named_type
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from models.base import Base
from models.database import is_outage

log = structlog.get_logger()

T = TypeVar("T")


class _Together:
    """The rows that an execution has come to in one turn of the loop, under the same selection."""

    def __init__(self) -> None:
        self.rows: list[Base] = []
        self.read: asyncio.Task[Mapping[UUID, bytes]] | None = None


class Records(list[T]):
    """Objects of one type, whose fields are all plain: scalars that are there, and as their types say.

    A selection on them is made once for all. Field by field, a page of suggestions would take longer to tell of its
    components than to be found.
    """


class RowExecutor(StrawberryGraphQLCoreExecutionContext):
    """Asks the planner of its context for what is selected below rows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._coming: dict[Hashable, _Together] = {}

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """The JSON of a row's selection; of any other object, what ordinary execution makes of it."""
        plainly = partial(
            super().complete_object_value, return_type, field_details_list, info, path, result, position_context
        )
        if not isinstance(result, Base):
            return plainly()
        return self._below(result, return_type, field_details_list, plainly)

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """The selections on records, as they stand; of any other list, what ordinary execution makes of it."""
        if not isinstance(result, Records):
            return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)
        kind: Any = get_named_type(return_type)
        selected, *_ = self.collect_subfields(kind, field_details_list)
        names = {key: details[0].node.name.value for key, details in selected.items()}
        # Selections were validated: what is no field of the type is its name.
        plain = {
            key: kind.fields[name].extensions["strawberry-definition"].python_name if name in kind.fields else None
            for key, name in names.items()
        }
        return [
            {key: kind.name if name is None else getattr(record, name) for key, name in plain.items()}
            for record in result
        ]

    async def _below(self, row: Base, kind: GraphQLObjectType, details: Any, plainly: Any) -> Any:
        nodes = tuple(detail.node for detail in details)
        together = self._coming.setdefault((nodes, kind.name, type(row)), _Together())
        together.rows.append(row)
        if together.read is None:
            together.read = asyncio.create_task(self._read(kind, nodes, type(row)))
        # Shielded, as others wait for it too.
        answer = (await asyncio.shield(together.read)).get(row.id)
        if answer is not None:
            return orjson.Fragment(answer)
        found = plainly()
        return await found if self.is_awaitable(found) else found

    async def _read(self, kind: GraphQLObjectType, nodes: Any, model: type[Base]) -> Mapping[UUID, bytes]:
        # This begins once all have come that come in this turn of the loop; who comes later is read later.
        together = self._coming.pop((nodes, kind.name, model))
        try:
            found: Mapping[UUID, bytes] = await self.context_value.planner.below(
                together.rows,
                kind,
                nodes,
                self.operation,
                self.fragment_definitions,
                self.variable_values.coerced,
                self.context_value,
            )
        except Exception as error:
            if is_outage(error):
                raise
            # A mutation may be stored already: its answer must not fail for a fault of the planner.
            log.exception("the planner failed")
            return {}
        return found


class OutcomeExecutor(RowExecutor):
    """Goes on from a mutation whose verb has run already: the outcome in its context is that of its root field."""

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        """Complete the outcome, where this is the root; any other field is resolved."""
        if path.prev is not None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        nodes = [details.node for details in field_details_list]
        definition = parent_type.fields[nodes[0].name.value]
        info = self.build_resolve_info(definition, nodes, parent_type, path)
        return self.complete_awaitable_value(
            definition.type, field_details_list, info, path, _outcome(self.context_value.outcome), position_context
        )


async def _outcome(outcome: Any) -> Any:
    if outcome.error is not None:
        raise outcome.error
    return outcome.payload
