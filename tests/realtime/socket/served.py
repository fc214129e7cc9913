"""A real server with our transport, which a test can watch, and clients of `websockets`."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import orjson
import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from realtime.socket import SUBPROTOCOL
from realtime.socket.transport import Transport
from tests.realtime.socket.actors import PATIENCE


class Watch:
    """The connections that a test has seen, in order."""

    def __init__(self) -> None:
        self.made: asyncio.Queue[Watched] = asyncio.Queue()
        self.lost: asyncio.Queue[Watched] = asyncio.Queue()
        self.flooded = asyncio.Event()


class Watched(Transport):
    """Tells the test what happens below the endpoint, and gives up sooner."""

    # The running test's.
    watch: ClassVar[Watch]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.close_timeout = 0.1
        self.pings = 0
        self.fullest = 0
        self.most_fragments = 0
        self.blocked = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.watch.made.put_nowait(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.watch.lost.put_nowait(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.blocked.set()

    def handle_ping(self) -> None:
        super().handle_ping()
        self.pings += 1
        self.fullest = max(self.fullest, self.transport.get_write_buffer_size())
        if self.pings == 20_000:
            self.watch.flooded.set()

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        self.most_fragments = max(self.most_fragments, len(self.frames))


@asynccontextmanager
async def serving(sockets: ASGIApp, **options: Any) -> AsyncIterator[str]:
    """Serve on a free port. The parts of `uvicorn.Server.serve` without its signal handlers and its waiting."""
    config = uvicorn.Config(
        sockets,
        port=0,
        ws=Watched,
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=3,
        **options,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"ws://{host}:{port}/graphql"
    finally:
        await server.shutdown()


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    offered = {"subprotocols": [Subprotocol(SUBPROTOCOL)], "proxy": None, "close_timeout": 0.1}
    async with asyncio.timeout(2 * PATIENCE), connect(url, **(offered | options)) as client:
        yield client


async def acknowledged(client: ClientConnection) -> None:
    await client.send('{"type":"connection_init"}')
    assert await receive(client) == {"type": "connection_ack"}


async def receive(client: ClientConnection) -> Any:
    message = await client.recv()
    assert isinstance(message, str), "a binary frame"
    return orjson.loads(message)


async def closing(client: ClientConnection) -> tuple[int, str]:
    """The close code and reason that the server sends."""
    await client.wait_closed()
    assert client.close_code is not None
    assert client.close_reason is not None
    return client.close_code, client.close_reason


def subscribe(identifier: str, query: str) -> str:
    return orjson.dumps({"type": "subscribe", "id": identifier, "payload": {"query": query}}).decode()


def frame(opcode: Opcode, data: bytes, *, final: bool = True) -> bytes:
    return Frame(opcode, data, fin=final).serialize(mask=True)


def frugal_socket(url: str) -> socket.socket:
    """A connection whose client end takes little before its reader does."""
    host, port = url.removeprefix("ws://").removesuffix("/graphql").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect((host, int(port)))
    connection.setblocking(False)
    return connection
