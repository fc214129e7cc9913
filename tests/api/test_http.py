"""Connections that are slow, large or many, on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

import api.http
from api.http import HEADER_SECONDS, LARGEST_HEAD, Http

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody"


async def echo(_: Any, receive: Any, send: Any) -> None:
    """Answers with the body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Peer:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, *pieces: bytes, every: float = 0.0) -> None:
        """Send the pieces, one after the other."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(every)

    async def answer(self) -> bytes:
        """The body of an answer of four bytes."""
        await self.reader.readuntil(b"\r\n\r\n")
        return await self.reader.readexactly(4)

    async def rest(self) -> bytes:
        """What comes until the server ends the connection."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def serving(most: int = 0) -> AsyncIterator[Any]:
    """What connects to a server with at most so many connections of one address."""
    config = uvicorn.Config(echo, lifespan="off", log_config=None)
    config.load()
    state, loop, protocol = ServerState(), asyncio.get_running_loop(), Http.bounded(most)
    server = await loop.create_server(lambda: protocol(config, state, {}), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return Peer(reader, writer)

    yield connect
    for writer in writers:
        writer.close()
    server.close()
    await asyncio.sleep(0.05)
    assert protocol.connected == {}


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """The block must not take longer."""
    start = asyncio.get_running_loop().time()
    yield
    assert asyncio.get_running_loop().time() - start < seconds


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HEADER_SECONDS == 10
    monkeypatch.setattr(api.http, "HEADER_SECONDS", 0.2)


async def test_requests_of_one_connection_are_answered_however_they_are_cut() -> None:
    async with serving() as connect:
        peer = await connect()
        for size in (1, 7, len(REQUEST) - 2, len(REQUEST), 3 * len(REQUEST)):
            pieces = [(REQUEST * 3)[at : at + size] for at in range(0, 3 * len(REQUEST), size)]
            await peer.say(*pieces)
            assert [await peer.answer() for _ in range(3)] == [b"body"] * 3


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("before", "piece"),
    [
        (b"", b""),
        (b"", b"\r\n"),
        (b"POST / HTTP/1.1\r\n", b"a: b\r\n"),
        (REQUEST, b"a: b\r\n"),
        (REQUEST, b"P"),
        (REQUEST, b""),
    ],
)
async def test_headers_that_do_not_come_in_time_end_the_connection(before: bytes, piece: bytes) -> None:
    async with serving() as connect:
        peer = await connect()
        await peer.say(before)
        if before == REQUEST:
            assert await peer.answer() == b"body"
            await peer.say(b"POST / HTTP/1.1\r\n")
        with at_most(1.5):
            # The server resets the connection; what is said after that comes back as an error.
            say = asyncio.create_task(peer.say(*[piece] * 20, every=0.05))
            assert await peer.rest() == b""
            await asyncio.gather(say, return_exceptions=True)


@pytest.mark.usefixtures("hurried")
async def test_a_slow_body_is_not_a_slow_header() -> None:
    async with serving() as connect:
        peer = await connect()
        await peer.say(REQUEST[:-4], *(REQUEST[-4 + at : len(REQUEST) - 3 + at] for at in range(4)), every=0.1)
        assert await peer.answer() == b"body"
        await peer.say(REQUEST)
        assert await peer.answer() == b"body"


async def test_headers_of_more_than_64_kb_end_the_connection() -> None:
    async with serving() as connect:
        peer = await connect()
        line = b"a: " + b"b" * 1021
        await peer.say(b"GET / HTTP/1.1\r\n", *[line + b"\r\n"] * 60)
        await peer.say(b"\r\n")
        await peer.reader.readuntil(b"\r\n\r\n")
        peer = await connect()
        await peer.say((b"GET / HTTP/1.1\r\n" + (line + b"\r\n") * 64)[: LARGEST_HEAD + 1])
        assert b"400 Bad Request" in await peer.rest()
    assert LARGEST_HEAD == 64 * 1024


async def test_an_address_has_so_many_connections_and_not_one_more() -> None:
    async with serving(most=2) as connect:
        first, second, third = await connect(), await connect(), await connect()
        assert await third.rest() == b""
        for peer in (first, second):
            await peer.say(REQUEST)
            assert await peer.answer() == b"body"
        first.writer.close()
        await asyncio.sleep(0.05)
        fourth = await connect()
        await fourth.say(REQUEST)
        assert await fourth.answer() == b"body"
