"""The two sides of a socket: an application whose operations a test writes, and an in-process ASGI client."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import orjson
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from realtime.socket import SUBPROTOCOL, Forbidden, Offer

Results = AsyncGenerator[bytes, None]
PATIENCE = 5.0


@dataclass(frozen=True)
class Guest:
    """Whoever the test's `connection_init` named, or a stranger."""

    account: str | None = None


class Echo:
    """An application: `operations` maps a query to what it runs; any other query is answered with itself, once."""

    def __init__(self) -> None:
        self.operations: dict[str, Callable[[Mapping[str, Any]], Results]] = {}
        self.admitting = asyncio.Event()
        self.may_admit = asyncio.Event()
        self.may_admit.set()
        self.end_of_admission: asyncio.Future[str] | None = None
        self.seen: list[HTTPConnection] = []
        self.offers: list[Offer] = []

    async def admit(self, payload: dict[str, Any], connection: HTTPConnection) -> Guest:
        self.seen.append(connection)
        self.admitting.set()
        await self.may_admit.wait()
        if "forbidden" in payload:
            raise Forbidden(payload["forbidden"])
        if "broken" in payload:
            raise ConnectionError("the database is away")
        return Guest(payload.get("account"))

    async def revoked(self, admission: Guest) -> str:
        self.end_of_admission = asyncio.get_running_loop().create_future()
        return await self.end_of_admission

    async def run(self, admission: Guest, request: Mapping[str, Any], offer: Offer) -> Results:
        self.offers.append(offer)
        operation = self.operations.get(request["query"])
        if operation is None:
            yield orjson.dumps({"data": request["query"]})
            return
        async for result in operation(request):
            yield result


class Source:
    """An operation that yields what is put into it, and tells how it goes."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        self.started = asyncio.Event()
        self.ended = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.pulled = 0

    async def __call__(self, _: Mapping[str, Any]) -> Results:
        self.started.set()
        try:
            while True:
                self.pulled += 1
                item = await self.queue.get()
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    return
                yield item
        finally:
            await self.may_end.wait()
            self.ended.set()

    def put(self, *items: bytes | BaseException | None) -> None:
        for item in items:
            self.queue.put_nowait(item)


class Client:
    """Drives an ASGI endpoint.

    While `reads` is not set, it takes nothing and the endpoint's sends wait. While `lets_go` is not set, it takes
    what is sent, but the sends do not return.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        headers: Iterable[tuple[str, str]] = (),
        subprotocols: Iterable[str] = (SUBPROTOCOL,),
        address: str | None = "192.0.2.1",
    ) -> None:
        self._app = app
        self._scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/graphql",
            "query_string": b"",
            "subprotocols": list(subprotocols),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
            "client": (address, 4711) if address else None,
        }
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self.blocked = asyncio.Event()
        self.lets_go = asyncio.Event()
        self.lets_go.set()
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._to_server.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reads.set()
        self.leave()
        await self.ended()

    async def _run(self) -> None:
        await self._app(self._scope, self._to_server.get, self._send)

    async def _send(self, message: Any) -> None:
        if not self.reads.is_set():
            self.blocked.set()
            await self.reads.wait()
        self._from_server.put_nowait(message)
        await self.lets_go.wait()

    def send(self, **message: Any) -> None:
        self.send_text(orjson.dumps(message).decode())

    def send_text(self, text: str) -> None:
        self._to_server.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        self._to_server.put_nowait({"type": "websocket.receive", "bytes": data})

    def subscribe(self, identifier: str, query: str, **variables: Any) -> None:
        self.send(type="subscribe", id=identifier, payload={"query": query, "variables": variables})

    def complete(self, identifier: str) -> None:
        self.send(type="complete", id=identifier)

    def leave(self) -> None:
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def accepted(self) -> str | None:
        """The subprotocol that was chosen."""
        message = await self.frame()
        assert message["type"] == "websocket.accept", message
        subprotocol: str | None = message["subprotocol"]
        return subprotocol

    async def acknowledged(self, **payload: Any) -> None:
        """Open the socket as far as the acknowledgement."""
        await self.accepted()
        self.send(type="connection_init", payload=payload)
        assert await self.receive() == {"type": "connection_ack"}

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return await self._from_server.get()

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        frame = await self.frame()
        assert frame["type"] == "websocket.send", frame
        message: dict[str, Any] = orjson.loads(frame["text"])
        return message

    async def until_pong(self) -> list[dict[str, Any]]:
        """All messages up to now: those before the answer to a ping that is sent now."""
        self.send(type="ping", payload={"until": "now"})
        messages: list[dict[str, Any]] = []
        while (message := await self.receive())["type"] != "pong":
            messages.append(message)
        return messages

    async def closed(self) -> tuple[int, str]:
        """The code and reason of the close frame, which must come next."""
        frame = await self.frame()
        assert frame["type"] == "websocket.close", frame
        return frame["code"], frame["reason"]

    async def ended(self) -> None:
        """The endpoint has returned."""
        assert self.task is not None
        async with asyncio.timeout(PATIENCE):
            await self.task

    @property
    def unread(self) -> int:
        return self._from_server.qsize()


def next_(identifier: str, payload: Any) -> dict[str, Any]:
    return {"id": identifier, "type": "next", "payload": payload}


def complete(identifier: str) -> dict[str, Any]:
    return {"id": identifier, "type": "complete"}


async def settled() -> None:
    """Everything that was ready, or due, has had its turns."""
    for _ in range(10):
        await asyncio.sleep(0)
