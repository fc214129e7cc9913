"""A query by both paths: the planner's, and ordinary execution of each field over the models."""

from typing import Any

import orjson

from schema.context import Context
from schema.execution import Operation, RequestError, execute_plainly, prepare, run
from schema.limits import Limits

# A generated query may be of any size: its limits are tested elsewhere.
UNLIMITED = Limits(
    tokens=10**6, source_bytes=10**7, overlaps=10**7, depth=100, aliases=10**5, directives=10**5, fragments=10**5,
    fields=10**5, root_fields=100, cost=10**9,
)  # fmt: skip


async def both(source: str, variables: dict[str, Any], asking: Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer as a client gets it, and as ordinary execution makes it. Each can be compared as it is."""
    try:
        operation = prepare(source, variables, None, UNLIMITED)
    except RequestError as error:
        return {"refused": error.errors}, {"refused": error.errors}
    return await answered(run, operation, asking), await answered(execute_plainly, operation, asking)


async def answered(execute: Any, operation: Operation, asking: Context) -> dict[str, Any]:
    """One path's answer: the bytes of its data as orjson writes them, and its errors in the order of their paths."""
    try:
        answer = orjson.loads(await execute(operation, asking))
    except RequestError as error:
        answer = {"errors": error.errors}
    errors = sorted((comparable(error) for error in answer.get("errors", ())), key=str)
    return {"data": orjson.dumps(answer.get("data")), "errors": errors}


def comparable(error: dict[str, Any]) -> dict[str, Any]:
    """An error without its reference, which is drawn by lot."""
    extensions = {name: value for name, value in error.get("extensions", {}).items() if name != "reference"}
    return {**error, "extensions": extensions}
