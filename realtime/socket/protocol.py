"""The messages and close codes of `graphql-transport-ws` (PROTOCOL.md of enisdenjo/graphql-ws)."""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple, NoReturn

import orjson

SUBPROTOCOL: Final = "graphql-transport-ws"

# The specification sets no length, but a long id would be multiplied: every message of its operation has it.
MOST_ID_CHARACTERS: Final = 256

# RFC 6455, 5.5: a control frame carries 125 bytes, two of which are the code.
MOST_REASON_BYTES: Final = 123

# The levels that orjson writes; it reads 1,024. So whatever is let in can be echoed and written again.
_DEEP: Final = 254


class CloseCode(IntEnum):
    """How the server ends a socket. Clients of graphql-ws come back after 1012, 1013, 4403 and 4408 only."""

    MESSAGE_TOO_BIG = 1009
    """A message is longer than the limit (RFC 6455)."""
    SERVICE_RESTART = 1012
    """The server drains: come back, to the next process (IANA registry)."""
    TRY_AGAIN_LATER = 1013
    """Too many sockets or messages, or admission failed for a reason of ours (IANA registry).

    Waiting cures each of these. A sixth socket often follows a dead one that still counts, and 4403 would look
    like a failed sign-in. 4429 would end a graphql-ws client for good, and the specification has it for a
    second `connection_init`; somebody who sends a full outbox at once has done no such wrong.
    """
    BAD_REQUEST = 4400
    """A malformed message."""
    UNAUTHORIZED = 4401
    """A `subscribe` before the acknowledgement, or a sign-in that has ended."""
    FORBIDDEN = 4403
    """The application did not admit the client."""
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALISATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITIALISATIONS = 4429


class Violation(Exception):
    """The client broke the protocol; the socket is closed with this code and reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class ConnectionInit(NamedTuple):
    payload: dict[str, Any]


class Ping(NamedTuple):
    payload: dict[str, Any] | None


class Pong(NamedTuple):
    pass


class Subscribe(NamedTuple):
    id: str
    request: dict[str, Any]


class Complete(NamedTuple):
    id: str


Message = ConnectionInit | Ping | Pong | Subscribe | Complete


def parse(text: str | None, most_bytes: int) -> Message:
    """Read a client's message; None is a binary one. Raises `Violation` with 4400, or 1009 if it is too long."""
    if text is None:
        _bad("The message must be text")
    if _longer(text, most_bytes):
        raise Violation(CloseCode.MESSAGE_TOO_BIG, f"A message has at most {most_bytes} bytes")
    try:
        message = orjson.loads(text)
        if text.count("{") + text.count("[") > _DEEP:
            orjson.dumps(message)
    except orjson.JSONDecodeError:
        _bad("The message must be JSON")
    except orjson.JSONEncodeError:
        _bad("The message is nested too deeply")
    if not isinstance(message, dict):
        _bad("The message must be an object")
    kind = message.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        _bad("The message has no type that a client may send")
    return read(message)


def _longer(text: str, most_bytes: int) -> bool:
    if len(text) > most_bytes:
        return True
    return not text.isascii() and len(text.encode(errors="surrogatepass")) > most_bytes


def _connection_init(message: dict[str, Any]) -> Message:
    return ConnectionInit(_object_or_null(message, "payload") or {})


def _ping(message: dict[str, Any]) -> Message:
    return Ping(_object_or_null(message, "payload"))


def _pong(message: dict[str, Any]) -> Message:
    _object_or_null(message, "payload")
    return Pong()


def _subscribe(message: dict[str, Any]) -> Message:
    identifier = _id(message)
    request = message.get("payload")
    if not isinstance(request, dict):
        _bad("payload must be an object")
    if not isinstance(request.get("query"), str):
        _bad("payload.query must be a string")
    if not isinstance(request.get("operationName"), str | None):
        _bad("payload.operationName must be a string or null")
    _object_or_null(request, "variables")
    _object_or_null(request, "extensions")
    return Subscribe(identifier, request)


def _complete(message: dict[str, Any]) -> Message:
    return Complete(_id(message))


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Message]]] = {
    "connection_init": _connection_init,
    "ping": _ping,
    "pong": _pong,
    "subscribe": _subscribe,
    "complete": _complete,
}


def _id(message: dict[str, Any]) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str) or not identifier:
        _bad("id must be a string that is not empty")
    if len(identifier) > MOST_ID_CHARACTERS:
        _bad(f"id has at most {MOST_ID_CHARACTERS} characters")
    return identifier


def _object_or_null(holder: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = holder.get(name)
    if not isinstance(value, dict | None):
        _bad(f"{name} must be an object or null")
    return value


def _bad(reason: str) -> NoReturn:
    raise Violation(CloseCode.BAD_REQUEST, reason) from None


CONNECTION_ACK: Final = '{"type":"connection_ack"}'


def pong(payload: dict[str, Any] | None) -> str:
    """The answer to a ping, with the ping's payload where it had one."""
    if payload is None:
        return '{"type":"pong"}'
    return f'{{"type":"pong","payload":{_json(payload)}}}'


def next_prefix(identifier: str) -> str:
    """A `next` message up to its payload; the payload's JSON and a closing brace complete it."""
    return f'{{"id":{_json(identifier)},"type":"next","payload":'


def error(identifier: str, errors: Sequence[Mapping[str, Any]]) -> str:
    """An `error` message, which ends its operation."""
    return f'{{"id":{_json(identifier)},"type":"error","payload":{_json(errors)}}}'


def complete(identifier: str) -> str:
    """A `complete` message, which ends its operation."""
    return f'{{"id":{_json(identifier)},"type":"complete"}}'


def close_frame(code: int, reason: str) -> dict[str, Any]:
    """The ASGI message that closes a socket, its reason cut to what a control frame holds."""
    short = reason.encode(errors="replace")[:MOST_REASON_BYTES].decode(errors="ignore")
    return {"type": "websocket.close", "code": int(code), "reason": short}


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
