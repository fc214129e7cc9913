"""Clients that know nothing of the server but its addresses: GraphQL over HTTP, and over graphql-transport-ws."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Self

import httpx2
import orjson
from websockets.asyncio.client import ClientConnection, connect

from tests.journeys.server import Server


class Rejected(Exception):
    """The answer has errors at its top."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors

    @property
    def code(self) -> str:
        """The code of the first error."""
        return str(self.errors[0].get("extensions", {}).get("code"))


class Client:
    """One person's app on one server. `call` returns the data of the only root field."""

    def __init__(self, server: Server, token: str | None = None) -> None:
        self.server = server
        self.token = token
        self.http = httpx2.AsyncClient(timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def call(self, document: str, **variables: Any) -> Any:
        """Run a query or mutation over HTTP. Raises `Rejected`."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await self.http.post(
            self.server.url, json={"query": document, "variables": variables}, headers=headers
        )
        return only(answer.json())

    async def sign_up(self, name: str) -> Any:
        """Open an account and keep its token. Returns the account."""
        payload = await self.call(
            """mutation($input: SignUpInput!) { signUp(input: $input) {
                ... on SignUpPayload { token account { id inboxCursor profile { id name } } }
                ... on Refusal { code message field }
            } }""",
            input={
                "email": f"{name.lower()}.{next(_numbers)}@example.org",
                "password": "correct horse battery",
                "name": name,
            },
        )
        self.token = payload["token"]
        return payload["account"]

    @asynccontextmanager
    async def live(self) -> AsyncIterator["Live"]:
        """A WebSocket, signed in as this client."""
        async with connect(self.server.socket_url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
            payload = {"authorization": f"Bearer {self.token}"} if self.token else {}
            await socket.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
            assert orjson.loads(await socket.recv())["type"] == "connection_ack"
            live = Live(socket)
            reader = asyncio.create_task(live.read())
            try:
                yield live
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)


class Live:
    """One socket, on which several operations run at once."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._answers: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}
        self.closed = asyncio.Event()

    async def read(self) -> None:
        """Sort what comes by operation, until the socket closes."""
        try:
            async for text in self.socket:
                message = orjson.loads(text)
                answers = self._answers.get(message.get("id", ""))
                if answers is not None:
                    await answers.put(message)
        finally:
            self.closed.set()
            for answers in self._answers.values():
                answers.put_nowait(None)

    async def subscribe(self, document: str, **variables: Any) -> AsyncIterator[Any]:
        """The data of the only root field of each answer. Ends when the server completes, or the socket closes."""
        # Nobody reads any more: an answer would be waited for in vain.
        if self.closed.is_set():
            raise ConnectionError("the socket has closed")
        key = str(next(_numbers))
        answers = self._answers[key] = asyncio.Queue()
        request = {"query": document, "variables": variables}
        await self.socket.send(orjson.dumps({"id": key, "type": "subscribe", "payload": request}).decode())
        while (message := await answers.get()) is not None:
            match message["type"]:
                case "next":
                    yield only(message["payload"])
                case "error":
                    raise Rejected(message["payload"])
                case "complete":
                    return

    async def call(self, document: str, **variables: Any) -> Any:
        """Run a query or mutation over the socket."""
        async for data in self.subscribe(document, **variables):
            return data
        raise ConnectionError("the socket closed before the answer")


def only(answer: dict[str, Any]) -> Any:
    """The data of the only root field. Raises `Rejected`."""
    if answer.get("errors"):
        raise Rejected(answer["errors"])
    (data,) = answer["data"].values()
    return data


_numbers = count(1)
