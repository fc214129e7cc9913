"""Asking the schema as somebody, without a server."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson

from models.account import Account
from models.session import Session
from realtime.bells import Bells
from schema.context import Context
from schema.execution import RequestError, prepare, run, stream


async def signed_in(account: Account) -> Session:
    """A new sign-in of the account."""
    return (await Session.open(account, device="test"))[0]


async def ask(document: str, by: Session | None = None, *, address: str = "192.0.2.1", **given: Any) -> dict[str, Any]:
    """The answer of a query or mutation; further arguments are its variables."""
    try:
        operation = prepare(document, given, None)
    except RequestError as error:
        return {"errors": error.errors}
    try:
        return dict(orjson.loads(await run(operation, Context(session=by, address=address))))
    except RequestError as error:
        # As the endpoints answer it: without data.
        return {"errors": error.errors}


async def answers(document: str, by: Session | None = None, **given: Any) -> AsyncGenerator[dict[str, Any], None]:
    """The answers of a subscription; one of errors alone where it cannot begin."""
    try:
        context = Context(session=by, bells=Bells())
        async with aclosing(stream(prepare(document, given, None), context)) as found:
            async for answer in found:
                yield orjson.loads(answer)
    except RequestError as error:
        yield {"errors": error.errors}


def code(answer: dict[str, Any]) -> str:
    """The code of the one error of an answer."""
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])
