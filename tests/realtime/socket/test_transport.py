"""Over real connections: uvicorn with our transport, and clients that behave and misbehave."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Origin, Subprotocol

from realtime.socket import SUBPROTOCOL, SocketLimits, Sockets
from realtime.socket.transport import Transport
from tests.realtime.socket.actors import PATIENCE, Echo, Results, Source, next_


class Watched(Transport):
    """Tells the test what happens below the endpoint, and gives up sooner."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.close_timeout = 0.1
        self.pings = 0
        self.fullest = 0
        self.most_fragments = 0
        self.blocked = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        made.put_nowait(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        lost.put_nowait(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.blocked.set()

    def handle_ping(self) -> None:
        super().handle_ping()
        self.pings += 1
        self.fullest = max(self.fullest, self.transport.get_write_buffer_size())
        if self.pings == 20_000:
            flooded.set()

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        self.most_fragments = max(self.most_fragments, len(self.frames))


made: asyncio.Queue[Watched]
lost: asyncio.Queue[Watched]
flooded: asyncio.Event


@pytest.fixture(autouse=True)
async def fresh_watch() -> None:
    global made, lost, flooded
    made, lost, flooded = asyncio.Queue(), asyncio.Queue(), asyncio.Event()


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


async def test_an_operation_runs_over_a_real_connection(echo: Echo) -> None:
    async with serving(Sockets(echo)) as url, opened(url) as client:
        assert client.subprotocol == SUBPROTOCOL
        await acknowledged(client)
        await client.send(subscribe("ä", "grüße"))
        assert await receive(client) == next_("ä", {"data": "grüße"})
        assert await receive(client) == {"id": "ä", "type": "complete"}


@pytest.mark.parametrize("offered", [None, [Subprotocol("graphql-ws")]])
async def test_a_client_that_does_not_offer_the_subprotocol_is_closed_with_4406(
    echo: Echo, offered: list[Subprotocol] | None
) -> None:
    async with serving(Sockets(echo)) as url, opened(url, subprotocols=offered) as client:
        assert client.subprotocol is None
        assert await closing(client) == (4406, "Subprotocol not acceptable")


async def test_a_foreign_origin_gets_http_403_and_the_own_host_a_socket(echo: Echo) -> None:
    async with serving(Sockets(echo)) as url:
        for foreign in ("https://evil.example", "null"):
            with pytest.raises(InvalidStatus) as caught:
                async with opened(url, origin=Origin(foreign)):
                    pass
            assert caught.value.response.status_code == 403
        own = url.replace("ws://", "http://").removesuffix("/graphql")
        async with opened(url, origin=Origin(own)) as client:
            await acknowledged(client)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(Opcode.TEXT, b"\xff"), 4400),
        (frame(Opcode.BINARY, b'{"type":"ping"}'), 4400),
        (frame(Opcode.TEXT, b"[" * 65_536), 4400),
        (frame(Opcode.TEXT, b"[" * 65_537), 1009),
        (frame(Opcode.TEXT, b'{"type":"ping"', final=False) + frame(Opcode.CONT, b"]"), 4400),
    ],
    ids=["no UTF-8", "binary", "64 KB", "more than 64 KB", "fragments"],
)
async def test_odd_frames_are_refused_without_a_word_in_the_error_log(
    echo: Echo, caplog: pytest.LogCaptureFixture, sent: bytes, code: int
) -> None:
    async with serving(Sockets(echo)) as url, opened(url) as client:
        await acknowledged(client)
        client.transport.write(sent)
        assert (await closing(client))[0] == code
    assert [record for record in caplog.records if record.levelname == "ERROR" or record.exc_info] == []


async def test_a_drain_reaches_clients_with_1012(echo: Echo, source: Source) -> None:
    sockets = Sockets(echo)
    async with serving(sockets) as url, opened(url) as client:
        await acknowledged(client)
        await client.send(subscribe("a", "source"))
        await source.started.wait()
        await sockets.drain()
        assert source.ended.is_set()
        assert await closing(client) == (1012, "Service restart")
        async with opened(url) as late:
            assert await closing(late) == (1012, "Service restart")


async def flood(request: Mapping[str, Any]) -> Results:
    result = orjson.dumps("x" * 60_000)
    while True:
        yield result


async def test_a_reader_that_takes_nothing_is_cut_off(echo: Echo) -> None:
    sockets = Sockets(echo, limits=SocketLimits(write=0.1))
    echo.operations["flood"] = flood
    async with serving(sockets) as url, opened(url, max_queue=1) as client:
        await acknowledged(client)
        connection = await made.get()
        await client.send(subscribe("a", "flood"))
        # The client's queue is full after two messages: from then on it reads nothing.
        assert await lost.get() is connection
        assert sockets.open == 0


async def test_a_closed_client_that_takes_nothing_is_cut_off(echo: Echo) -> None:
    sockets = Sockets(echo, limits=SocketLimits(goodbye=0.01))
    echo.operations["flood"] = flood
    async with serving(sockets) as url, opened(url, max_queue=1) as client:
        await acknowledged(client)
        connection = await made.get()
        await client.send(subscribe("a", "flood"))
        await connection.blocked.wait()
        await sockets.drain()
        assert await lost.get() is connection


async def test_a_client_that_answers_no_pings_is_cut_off_with_what_it_has_not_read(echo: Echo) -> None:
    sockets = Sockets(echo)
    echo.operations["flood"] = flood
    options = {"ws_ping_interval": 0.1, "ws_ping_timeout": 0.1}
    async with serving(sockets, **options) as url, opened(url, max_queue=1) as client:
        await acknowledged(client)
        connection = await made.get()
        await client.send(subscribe("a", "flood"))
        assert await lost.get() is connection


def frugal_socket(url: str) -> socket.socket:
    """A connection whose client end takes little before its reader does."""
    host, port = url.removeprefix("ws://").removesuffix("/graphql").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect((host, int(port)))
    connection.setblocking(False)
    return connection


async def test_pings_of_a_client_that_reads_nothing_fill_no_buffer(echo: Echo) -> None:
    async with serving(Sockets(echo)) as url, opened(url, sock=frugal_socket(url)) as client:
        connection = await made.get()
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        client.transport.pause_reading()
        client.transport.write(frame(Opcode.PING, b"x" * 125) * 20_000)
        await flooded.wait()
        assert connection.blocked.is_set()
        # The transport's 64 KB and the answers to one read of 256 KB, not the 2.5 MB of all answers.
        assert connection.fullest < 400_000
        client.transport.abort()


async def test_empty_fragments_are_not_collected(echo: Echo) -> None:
    async with serving(Sockets(echo)) as url, opened(url) as client:
        connection = await made.get()
        start, middle = b'{"type":"ping",', frame(Opcode.CONT, b"", final=False)
        client.transport.write(frame(Opcode.TEXT, start, final=False) + middle * 1_000)
        client.transport.write(frame(Opcode.CONT, b'"payload":{"a":1}', final=False) + middle * 1_000)
        client.transport.write(frame(Opcode.CONT, b"}"))
        assert await receive(client) == {"type": "pong", "payload": {"a": 1}}
        assert connection.most_fragments == 2


async def test_whoever_knocks_when_the_server_stops_is_refused_without_a_word_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sockets, open_the_door = Sockets(Echo()), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await open_the_door.wait()
        await sockets(scope, receive, send)

    async with serving(slow) as url:
        knocking = asyncio.create_task(connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)]).__aenter__())
        transport = await made.get()
        async with asyncio.timeout(PATIENCE):
            while not transport.tasks:  # noqa: ASYNC110 - a state has no event
                await asyncio.sleep(0)
        await sockets.drain()
        transport.shutdown()
        open_the_door.set()
        with pytest.raises(InvalidStatus):
            await knocking
        async with asyncio.timeout(PATIENCE):
            await lost.get()
            await asyncio.gather(*transport.tasks)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
