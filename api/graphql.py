"""`POST /graphql`: GraphQL over HTTP (the GraphQL Foundation's specification, draft of 2025), as a bare ASGI endpoint.

The body must be exactly JSON: a page of another origin can then not post without asking first (CORS).
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from graphql import OperationType
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.ide import ide_page
from models.database import is_outage
from models.session import Session
from realtime.bells import Bells
from realtime.ice import IceSettings
from schema.context import Context
from schema.execution import RequestError, Unavailable, prepare, run

log = structlog.get_logger()

LARGEST_BODY = 256 * 1024
BODY_SECONDS = 30.0

RESPONSE_TYPE = "application/graphql-response+json"
JSON_TYPE = "application/json"


class Failed(Exception):
    """The request is answered with this status and message, before any GraphQL."""

    def __init__(self, status: int, message: str, code: str = "BAD_INPUT", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers


class GraphQL:
    """The HTTP endpoint. `GET` shows the IDE to a browser."""

    def __init__(self, ice: IceSettings) -> None:
        self.bells = Bells()
        self._ice = ice

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            response = await ide_page(request)
        else:
            response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        media = JSON_TYPE
        try:
            media = accepted(request.headers)
            return _json(await self._executed(request), 200, media)
        except RequestError as error:
            # Without the new media type, 200 says that the server understood the request (specification, 6.4.1).
            status = 400 if media == RESPONSE_TYPE else 200
            return _json(orjson.dumps({"errors": error.errors}), status, media)
        except Failed as failure:
            refused = {"message": failure.message, "extensions": {"code": failure.code}}
            return _json(orjson.dumps({"errors": [refused]}), failure.status, media, failure.headers)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            if not isinstance(error, Unavailable) and not is_outage(error):
                raise
            log.warning("the database is away", error=repr(error.__cause__ or error))
            answer = {"message": "The database cannot be reached; try again soon.", "extensions": {"code": "INTERNAL"}}
            return _json(orjson.dumps({"errors": [answer]}), 503, media, {"retry-after": "1"})

    async def _executed(self, request: Request) -> bytes:
        if request.method != "POST":
            raise Failed(405, "Send a POST.", Allow="POST")
        require_json(request.headers)
        parameters = await _parameters(request)
        session = await signed_in(request.headers.get("authorization"))
        operation = prepare(parameters["query"], parameters.get("variables"), parameters.get("operationName"))
        if operation.kind is OperationType.SUBSCRIPTION:
            raise Failed(400, "Subscriptions are served over the WebSocket at this address (graphql-transport-ws).")
        context = Context(
            session=session,
            address=request.client.host if request.client else "",
            device=request.headers.get("user-agent", ""),
            bells=self.bells,
            ice=self._ice,
        )
        return await run(operation, context)


async def signed_in(authorization: str | None) -> Session | None:
    """The sign-in of an `Authorization` value; None without one, and for a token that is worth nothing (any more).

    Whoever comes with an old token is a stranger: they can sign in again, and are told UNAUTHENTICATED for the rest.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return await Session.of_token(token.strip())


def accepted(headers: Headers) -> str:
    """The media type to answer with. Raises `Failed` (406) where the client takes neither of ours."""
    wanted = [part.partition(";")[0].strip().lower() for part in headers.get("accept", "*/*").split(",")]
    if RESPONSE_TYPE in wanted:
        return RESPONSE_TYPE
    if not wanted[0] or {JSON_TYPE, "*/*", "application/*"} & set(wanted):
        return JSON_TYPE
    raise Failed(406, f"The answer is {RESPONSE_TYPE} or {JSON_TYPE}; accept one of them.")


def require_json(headers: Headers) -> None:
    """Raise `Failed` (415) unless the body is `application/json` in UTF-8."""
    kind, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON_TYPE or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise Failed(415, f"Send the request as {JSON_TYPE} in UTF-8.")


async def _parameters(request: Request) -> dict[str, Any]:
    try:
        found = orjson.loads(await _body(request))
    except orjson.JSONDecodeError:
        raise Failed(400, "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Failed(400, "The body must be one JSON object; batches are not served.")
    if not isinstance(found.get("query"), str):
        raise Failed(400, "The parameter query must be a string.")
    for name, kind, words in (
        ("variables", Mapping, "an object"),
        ("operationName", str, "a string"),
        ("extensions", Mapping, "an object"),
    ):
        if found.get(name) is not None and not isinstance(found[name], kind):
            raise Failed(400, f"The parameter {name} must be {words}.")
    return found


async def _body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:12]) > LARGEST_BODY:
        raise Failed(413, f"A request has at most {LARGEST_BODY // 1024} KB.")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise Failed(413, f"A request has at most {LARGEST_BODY // 1024} KB.")
    except TimeoutError:
        raise Failed(408, f"The body did not come within {BODY_SECONDS:.0f} seconds.") from None
    return bytes(body)


def _json(body: bytes, status: int, media: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, {**(headers or {}), "cache-control": "no-store"}, f"{media}; charset=utf-8")
