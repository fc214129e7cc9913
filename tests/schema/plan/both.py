"""A query by both paths: the planner's, and ordinary execution of each field over the models."""

from collections.abc import Sequence
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
        refused = {"data": b"null", "errors": [(each["extensions"]["code"], ()) for each in error.errors]}
        return refused, refused
    return await answered(run, operation, asking), await answered(execute_plainly, operation, asking)


async def answered(execute: Any, operation: Operation, asking: Context) -> dict[str, Any]:
    """One path's answer: the bytes of its data as orjson writes them, and the code and the place of each error."""
    try:
        answer = orjson.loads(await execute(operation, asking))
    except RequestError as error:
        answer = {"errors": error.errors}
    errors = {
        (error["extensions"]["code"], null_of(error.get("path", ()), answer.get("data")))
        for error in answer.get("errors", ())
    }
    return {"data": orjson.dumps(answer.get("data")), "errors": sorted(errors, key=str)}


def null_of(path: Sequence[str | int], data: Any) -> tuple[str | int, ...]:
    """The null that an error left: of several errors that leave the same one, the first in time is reported."""
    walked: list[str | int] = []
    for key in path:
        if data is None:
            break
        walked.append(key)
        data = data[key]
    return tuple(walked)
