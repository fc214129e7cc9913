"""`POST /graphql`: GraphQL over HTTP (the GraphQL Foundation's specification, draft of 2025), as a bare ASGI endpoint.

The body must be exactly JSON: a page of another origin can then not post without asking first (CORS).
"""

from time import perf_counter
from typing import NamedTuple

import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.documents import Documents
from api.ide import ide_page
from api.metrics import Metrics
from api.request import (
    JSON_TYPE,
    RESPONSE_TYPE,
    Failed,
    Gone,
    accepted,
    bearer,
    body_of,
    headers_of,
    parameters_of,
    require_json,
)
from models.database import is_outage
from realtime.bells import Bells
from realtime.ice import IceSettings
from realtime.presence import Roster
from realtime.sign_ins import SignIns
from realtime.typing import Typists
from schema.context import Context
from schema.errors import Formatted, formatted
from schema.execution import RequestError, Unavailable, prepare, run

log = structlog.get_logger()

RawHeaders = list[tuple[bytes, bytes]]

HEADERS: dict[str, RawHeaders] = {
    media: [(b"content-type", f"{media}; charset=utf-8".encode()), (b"cache-control", b"no-store")]
    for media in (RESPONSE_TYPE, JSON_TYPE)
}


class Answer(NamedTuple):
    """What is sent back."""

    status: int
    body: bytes
    headers: RawHeaders


class GraphQL:
    """The HTTP endpoint. `GET` shows the IDE to a browser. What rings, and who is signed in, the application sets."""

    bells: Bells
    sign_ins: SignIns
    roster: Roster
    typists: Typists

    def __init__(self, ice: IceSettings, documents: Documents, metrics: Metrics) -> None:
        self._ice = ice
        self._documents = documents
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = headers_of(scope)
        if scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b""):
            page = await ide_page(Request(scope))
            await page(scope, receive, send)
            return
        began = perf_counter()
        status, body, named = await self._answer(scope, headers, receive)
        self._metrics.observe(status, perf_counter() - began)
        named = [*named, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        media = JSON_TYPE
        try:
            media = accepted(headers.get(b"accept", b"*/*").decode("latin-1"))
            return Answer(200, await self._executed(scope, headers, receive), HEADERS[media])
        except RequestError as error:
            # Without the new media type, 200 says that the server understood the request (specification, 6.4.1).
            status = 400 if media == RESPONSE_TYPE else 200
            return Answer(status, orjson.dumps({"errors": error.errors}), HEADERS[media])
        except Failed as failure:
            return _refused(failure.status, failure.error, media, *failure.headers)
        except Gone:
            # nginx's status; nobody hears it.
            return Answer(499, b"", [])
        except Exception as error:
            return _failed(error, media)

    async def _executed(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        if scope["method"] != "POST":
            raise Failed(405, "Send a POST.", (b"allow", b"POST"))
        require_json(headers.get(b"content-type", b"").decode("latin-1"))
        parameters = parameters_of(await body_of(headers, receive))
        token = bearer(headers.get(b"authorization", b"").decode("latin-1"))
        text = self._documents.text_of(parameters)
        operation = prepare(text, parameters.get("variables"), parameters.get("operationName"))
        if operation.kind is OperationType.SUBSCRIPTION:
            raise Failed(400, "Subscriptions are served over the WebSocket at this address (graphql-transport-ws).")
        client = scope.get("client")
        context = Context(
            # Whoever comes with an old token is a stranger: they can sign in again.
            session=await self.sign_ins.of_token(token) if token else None,
            address=client[0] if client else "",
            device=headers.get(b"user-agent", b"").decode("latin-1"),
            bells=self.bells,
            ice=self._ice,
            roster=self.roster,
            typists=self.typists,
        )
        return await run(operation, context)


def _refused(status: int, error: Formatted, media: str, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(status, orjson.dumps({"errors": [error]}), [*HEADERS[media], *headers])


def _failed(error: Exception, media: str) -> Answer:
    if isinstance(error, Unavailable) or is_outage(error):
        log.warning("the database is away", error=repr(error.__cause__ or error))
        away = {"message": "The database cannot be reached; try again soon.", "extensions": {"code": "INTERNAL"}}
        return _refused(503, away, media, (b"retry-after", b"1"))
    return _refused(500, formatted(GraphQLError("", original_error=error)), media)
