"""A request of GraphQL over HTTP: the headers that matter, and the JSON of the body, within bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Generator, Mapping
from typing import Any

import orjson
from starlette.types import Message, Receive, Scope

LARGEST_BODY = 256 * 1024
BODY_SECONDS = 30.0

RESPONSE_TYPE = "application/graphql-response+json"
JSON_TYPE = "application/json"

READ = frozenset({b"accept", b"authorization", b"content-length", b"content-type", b"user-agent"})

PARAMETERS: tuple[tuple[str, type, str], ...] = (
    ("query", str, "a string"),
    ("documentId", str, "a string"),
    ("variables", dict, "an object"),
    ("operationName", str, "a string"),
    ("extensions", dict, "an object"),
)


class Failed(Exception):
    """The request is answered with this status and message, before any GraphQL."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "extensions": {"code": "BAD_INPUT"}}
        self.headers = headers


class Gone(Exception):
    """The client left before its request was whole."""


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The headers that the endpoint reads, by their names in lower case. Of one that comes twice, the first."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in READ and name not in found:
            found[name] = value
    return found


def accepted(accept: str) -> str:
    """The media type to answer with. Raises `Failed` (406) where the client takes neither of ours."""
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if RESPONSE_TYPE in wanted:
        return RESPONSE_TYPE
    if not wanted[0] or {JSON_TYPE, "*/*", "application/*"} & set(wanted):
        return JSON_TYPE
    raise Failed(406, f"The answer is {RESPONSE_TYPE} or {JSON_TYPE}; accept one of them.")


def require_json(content_type: str) -> None:
    """Raise `Failed` (415) unless the body is `application/json` in UTF-8."""
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON_TYPE or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise Failed(415, f"Send the request as {JSON_TYPE} in UTF-8.")


def parameters_of(body: bytes) -> Mapping[str, Any]:
    """The parameters in a JSON body, each null or of its type. Raises `Failed` (400)."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Failed(400, "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Failed(400, "The body must be one JSON object; batches are not served.")
    for name, kind, words in PARAMETERS:
        value = found.get(name)
        if value is not None and not isinstance(value, kind):
            raise Failed(400, f"The parameter {name} must be {words}.")
    if found.get("query") is None and found.get("documentId") is None:
        raise Failed(400, "The parameter query must be a string; or send a documentId.")
    return found


async def body_of(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body. Raises `Failed` (413, 408) where it is too large or too slow, and `Gone`."""
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced[:12]) > LARGEST_BODY:
        raise _too_large()
    first = Begun(receive())
    if first.result is not None and not first.result.get("more_body"):
        return _piece(first.result)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _pieces(first, receive)
    except TimeoutError:
        raise Failed(408, f"The body did not come within {BODY_SECONDS:.0f} seconds.") from None


async def _pieces(first: Awaitable[Message], receive: Receive) -> bytes:
    message = await first
    body = bytearray(_piece(message))
    while message.get("more_body"):
        message = await receive()
        body += _piece(message)
        if len(body) > LARGEST_BODY:
            raise _too_large()
    return bytes(body)


def _piece(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Gone
    piece: bytes = message.get("body", b"")
    if len(piece) > LARGEST_BODY:
        raise _too_large()
    return piece


def _too_large() -> Failed:
    return Failed(413, f"A request has at most {LARGEST_BODY // 1024} KB.")


class Begun:
    """A message that is being received: what is there already is there without waiting, as `result`.

    Nearly every body comes with its headers, and to arm a deadline for one that is there costs more than to read it.
    """

    __slots__ = ("_steps", "_waits_for", "result")

    def __init__(self, coming: Awaitable[Message]) -> None:
        self.result: Message | None = None
        self._steps = coming.__await__()
        try:
            self._waits_for = next(self._steps)
        except StopIteration as end:
            self.result = end.value

    def __await__(self) -> Generator[Any, Any, Message]:
        """Go on from where it waits, in the same step of the same task."""
        if self.result is not None:
            return self.result
        try:
            yield self._waits_for
        except BaseException as error:
            self._steps.throw(error)
            raise
        return (yield from self._steps)


def bearer(authorization: str | None) -> str | None:
    """The token of an `Authorization` value (RFC 6750); None where it holds none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
