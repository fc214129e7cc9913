"""Every query that a test has answered by the planner is answered by ordinary execution too, and the answers compared.

Likewise what is selected below the rows of mutations and events, and the payloads that plans of mutations write: the
verb runs once, and ordinary execution completes its outcome. A test that counts statements, breaks the database or
writes meanwhile says `@pytest.mark.one_path`.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from schema import execution
from schema.context import Context
from schema.execution import Operation, execute_plainly
from schema.plan.executor import OutcomeExecutor, RowExecutor
from schema.plan.mutations import Mutation

planned = execution._planned
below = RowExecutor._below
written = Mutation.written


@pytest.fixture(autouse=True)
def both_paths(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compares the two paths of each query; what differs fails the test at its end, whoever got the answer."""
    if request.node.get_closest_marker("one_path"):
        yield
        return
    different: list[Any] = []

    async def answered(operation: Operation, context: Context) -> bytes | None:
        answer = await planned(operation, context)
        if answer is not None:
            note(answer, await execute_plainly(operation, context), operation.source, dict(operation.variables))
        return answer

    async def answered_below(executor: Any, row: Any, kind: Any, details: Any, plainly: Any) -> Any:
        answer = await below(executor, row, kind, details, plainly)
        if isinstance(answer, orjson.Fragment):
            found = plainly()
            found = await found if executor.is_awaitable(found) else found
            note(orjson.dumps(answer), orjson.dumps(found), kind.name, row)
        return answer

    async def compared(mutation: Mutation, outcome: Any, context: Context) -> bytes | None:
        answer = await written(mutation, outcome, context)
        if answer is not None:
            name = mutation.operation.name.value if mutation.operation.name else None
            operation = Operation("", mutation.document, mutation.operation, mutation.variables, name)
            note(answer, await execute_plainly(operation, context, OutcomeExecutor), mutation.plan.key)
        return answer

    def note(answer: bytes, plainly: bytes, *of: Any) -> None:
        # Parsed and written again, as only the white space may differ.
        if orjson.dumps(orjson.loads(answer)) != orjson.dumps(orjson.loads(plainly)):
            different.append((*of, answer, plainly))

    monkeypatch.setattr(execution, "_planned", answered)
    monkeypatch.setattr(Mutation, "written", compared)
    monkeypatch.setattr(RowExecutor, "_below", answered_below)
    yield
    assert not different
