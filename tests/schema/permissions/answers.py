"""What somebody is told, and what they hear; the texts of every answer are checked."""

import asyncio
from contextlib import aclosing
from typing import Any

import orjson

from models.session import Session
from realtime.bells import Bells
from realtime.ice import IceSettings
from schema.context import Context
from schema.execution import RequestError, prepare, run, stream
from schema.limits import CEILING, Limits
from tests.schema.permissions.reader import reader_of
from tests.schema.permissions.world import World

UNLIMITED = Limits(
    tokens=CEILING,
    source_bytes=CEILING,
    overlaps=CEILING,
    fields=CEILING,
    cost=CEILING,
)
ICE = IceSettings(["stun:stun.example.org"], ["turn:turn.example.org"], "shared")


async def session_of(world: World, name: str) -> Session | None:
    return await Session.of_token(world.tokens[name]) if name in world.tokens else None


async def told(world: World, name: str, document: str, *, ears: str | None = None, **given: Any) -> dict[str, Any]:
    """The answer to somebody, whatever it costs; its texts are checked, for another's `ears` if they are named."""
    context = Context(session=await session_of(world, name), address="192.0.2.1", ice=ICE)
    answer = dict(orjson.loads(await run(prepare(document, given, None, UNLIMITED), context)))
    reader_of(world, ears or name).listen(answer)
    return answer


async def heard(
    world: World, name: str, document: str, many: int | None, *, last: str | None = None, **given: Any
) -> list[dict[str, Any]]:
    """The first answers of a subscription, at most so many, or to the one with the `last` cursor.

    One of errors alone where it cannot begin.
    """
    found: list[dict[str, Any]] = []
    try:
        context = Context(session=await session_of(world, name), bells=Bells())
        async with asyncio.timeout(30), aclosing(stream(prepare(document, given, None, UNLIMITED), context)) as answers:
            async for answer in answers:
                found.append(orjson.loads(answer))
                if len(found) == many or (last and found[-1]["data"]["inbox"]["cursor"] == last):
                    break
    except RequestError as error:
        found.append({"errors": error.errors})
    reader_of(world, name).listen(found)
    return found


def code(answer: dict[str, Any]) -> str | None:
    """The code of the one error of an answer; None without an error."""
    errors = answer.get("errors") or [{"extensions": {"code": None}}]
    assert len({error["extensions"]["code"] for error in errors}) == 1
    found = errors[0]["extensions"]["code"]
    return None if found is None else str(found)
