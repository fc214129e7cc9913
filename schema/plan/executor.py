"""The executor of operations that are not planned whole: mutations, events, and queries with a part made in Python.

Where such an operation comes to a row, one statement reads all that is selected below it, and its JSON goes into the
answer as it is. A selection that the row itself can answer needs no statement.
"""

from functools import partial
from typing import Any

import orjson
from graphql import GraphQLObjectType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from models.base import Base


class RowExecutor(StrawberryGraphQLCoreExecutionContext):
    """Asks the planner of its context for what is selected below a row."""

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

    async def _below(self, row: Base, kind: GraphQLObjectType, details: Any, plainly: Any) -> Any:
        nodes = tuple(detail.node for detail in details)
        planner = self.context_value.planner
        answer = await planner.below(
            row,
            kind,
            nodes,
            self.operation,
            self.fragment_definitions,
            self.variable_values.coerced,
            self.context_value,
        )
        if answer is not None:
            return orjson.Fragment(answer)
        found = plainly()
        return await found if self.is_awaitable(found) else found
