"""A device: one WebSocket after the other, on which the inbox is followed from its own cursor."""

import asyncio
import socket
import struct
import time
from contextlib import suppress
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from models.inbox import Cursor
from tests.journeys.client import Rejected, only
from tests.journeys.nemesis import history
from tests.journeys.nemesis.documents import INBOX

if TYPE_CHECKING:
    from tests.journeys.nemesis.people import Person

# Abrupt: the other side gets a reset, no goodbye.
NO_GOODBYE = struct.pack("ii", 1, 0)

OPENING_SECONDS = 3.0


class Device:
    """Follows its owner's inbox for as long as `follow` runs, over any server, and keeps what it has heard."""

    def __init__(self, name: str, owner: "Person", chance: Random) -> None:
        self.name = name
        self.owner = owner
        self.chance = chance
        self.cursor = ""
        self.heard: list[history.Event] = []
        self.sockets = 0
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._ids = count(1)
        self._following: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        """How far it has heard."""
        return self.heard[-1].position if self.heard else Cursor.parse(self.cursor).position

    def start(self) -> None:
        """Follow, until `stop`."""
        self._following = asyncio.create_task(self.follow())

    def stop(self) -> None:
        """Follow no more."""
        if self._following is not None:
            self._following.cancel()

    def check(self) -> None:
        """Raise what has ended the following, which nothing should."""
        if self._following is not None and self._following.done():
            self._following.result()

    async def follow(self) -> None:
        """Come back as soon as the socket is lost, with the last cursor, to any server."""
        while True:
            with suppress(OSError, WebSocketException, TimeoutError):
                await self._connected(self.chance.choice(self.owner.servers).socket_url)
            await asyncio.sleep(self.chance.uniform(0, 0.3))

    async def _connected(self, url: str) -> None:
        async with connect(
            url,
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            open_timeout=OPENING_SECONDS,
            ping_interval=None,
            close_timeout=0.5,
            proxy=None,
        ) as opened:
            greeting = {"type": "connection_init", "payload": {"authorization": f"Bearer {self.owner.token}"}}
            await opened.send(orjson.dumps(greeting).decode())
            async with asyncio.timeout(OPENING_SECONDS):
                if orjson.loads(await opened.recv())["type"] != "connection_ack":
                    return
            # Before the acknowledgement nothing may be asked.
            self._socket = opened
            self.sockets += 1
            try:
                await self._read()
            finally:
                self._lose()

    async def _read(self) -> None:
        inbox = await self._subscribe_to_inbox()
        stay = self.chance.randint(20, 120)
        assert self._socket is not None
        async for text in self._socket:
            message = orjson.loads(text)
            if message.get("id") == inbox:
                if message["type"] != "next":
                    # The subscription has failed, as when the database is away: the socket may live on.
                    inbox = await self._subscribe_to_inbox()
                    continue
                try:
                    self._hear(only(message["payload"]))
                except Rejected as rejected:
                    self._fail(rejected.code)
                stay -= 1
                if stay == 0:
                    # Leave the inbox, but not the socket; what was under way is not for us any more.
                    await self._send(id=inbox, type="complete")
                    inbox = await self._subscribe_to_inbox()
                    stay = self.chance.randint(20, 120)
            elif (answer := self._answers.pop(message.get("id"), None)) and not answer.done():
                self._answer(answer, message)

    async def _subscribe_to_inbox(self) -> str:
        identifier = f"inbox-{next(self._ids)}"
        request = {"query": INBOX, "variables": {"after": self.cursor}}
        await self._send(id=identifier, type="subscribe", payload=request)
        return identifier

    def _hear(self, seen: dict[str, Any]) -> None:
        kind, self.cursor = seen.pop("__typename"), seen.pop("cursor")
        place = Cursor.parse(self.cursor)
        subject = next((one["id"] for one in seen.values()), "")
        self.heard.append(history.Event(place.position, place.epoch, kind, subject, seen, time.monotonic()))
        self.owner.hear(kind, seen)

    def _fail(self, code: str) -> None:
        """What says nothing but that it failed is no event: nobody can tell which one it was."""
        self.heard.append(history.Event(self.position, "", "Failed", code, {}, time.monotonic()))

    def _answer(self, answer: asyncio.Future[Any], message: dict[str, Any]) -> None:
        try:
            match message["type"]:
                case "next":
                    answer.set_result(only(message["payload"]))
                case "error":
                    raise Rejected(message["payload"])
                case _:
                    answer.set_exception(ConnectionError("completed without an answer"))
        except Rejected as rejected:
            answer.set_exception(rejected)

    async def ask(self, document: str, variables: dict[str, Any]) -> Any:
        """The answer to a mutation over the socket. Raises OSError where the socket is not there, or is lost."""
        if self._socket is None:
            raise ConnectionError("there is no socket")
        identifier = f"ask-{next(self._ids)}"
        answer = self._answers[identifier] = asyncio.get_running_loop().create_future()
        try:
            await self._send(id=identifier, type="subscribe", payload={"query": document, "variables": variables})
            return await answer
        finally:
            self._answers.pop(identifier, None)
            if answer.done() and not answer.cancelled():
                # Where the sending has failed, nobody else looks at what became of it.
                answer.exception()

    async def _send(self, **message: Any) -> None:
        if self._socket is None:
            raise ConnectionError("there is no socket")
        await self._socket.send(orjson.dumps(message).decode())

    def drop(self) -> None:
        """The network is gone from one moment to the next: the server gets a reset."""
        if self._socket is not None and (connection := self._socket.transport.get_extra_info("socket")):
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_GOODBYE)
            self._socket.transport.abort()

    def _lose(self) -> None:
        self._socket = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the socket was lost"))
        self._answers.clear()
