"""Connections that are slow, large or many, on real sockets."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

import api.http
from api.http import HEADER_SECONDS, LARGEST_HEAD, MOST_FIELDS, READER_SECONDS, Http
from models.address import neighbourhood
from realtime.socket.transport import Transport

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody"
CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body, or with as many bytes as the path says. A WebSocket stays open."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] != "/":
        body = bytes(int(scope["path"][1:]))
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Peer:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, open: set[Any]) -> None:
        self.reader = reader
        self.writer = writer
        self._open = open

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

    async def dropped(self) -> None:
        """The server has no connection any more; the peer need not read for this."""
        while self._open:  # noqa: ASYNC110 - the protocol tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(most: int = 0, proxies: str = "", buffers: int = 0) -> AsyncIterator[Any]:
    """What connects to a server with at most so many connections of one address; `buffers` are the kernel's."""
    config = uvicorn.Config(echo, lifespan="off", log_config=None, ws=Transport)
    config.load()
    state, loop, protocol = ServerState(), asyncio.get_running_loop(), Http.bounded(most, proxies)
    listener = socket.socket()
    if buffers:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
    listener.bind(("127.0.0.1", 0))
    server = await loop.create_server(lambda: protocol(config, state, {}), sock=listener)
    address = listener.getsockname()
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Peer:
        client = socket.socket()
        if buffers:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        client.setblocking(False)
        await loop.sock_connect(client, address)
        # A small limit: a stream that is not read from takes nothing from the kernel.
        reader, writer = await asyncio.open_connection(sock=client, limit=1024 if buffers else 2**16)
        writers.append(writer)
        return Peer(reader, writer, state.connections)

    try:
        yield connect
    finally:
        for writer in writers:
            writer.transport.abort()
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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    assert READER_SECONDS == 15
    monkeypatch.setattr(api.http, "READER_SECONDS", 0.3)


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
        with at_most(2):
            assert await third.rest() == b""
        for peer in (first, second):
            await peer.say(REQUEST)
            assert await peer.answer() == b"body"
        first.writer.close()
        await asyncio.sleep(0.05)
        fourth = await connect()
        await fourth.say(REQUEST)
        assert await fourth.answer() == b"body"


async def test_a_websocket_keeps_its_connections_seat_until_it_is_gone() -> None:
    async with serving(most=2) as connect:
        first, second = await connect(), await connect()
        for peer in (first, second):
            await peer.say(UPGRADE)
            assert b"101 Switching" in await peer.reader.readuntil(b"\r\n\r\n")
        # At once, not when its headers are late.
        with at_most(2):
            assert await (await connect()).rest() == b""
        first.writer.close()
        await asyncio.sleep(0.05)
        third = await connect()
        await third.say(REQUEST)
        assert await third.answer() == b"body"


async def test_an_open_websocket_keeps_nothing_of_the_http_connection_that_it_was() -> None:
    async with serving(most=1) as connect:
        peer = await connect()
        await peer.say(UPGRADE)
        assert b"101 Switching" in await peer.reader.readuntil(b"\r\n\r\n")
        gc.collect()
        assert not [one for one in gc.get_objects() if isinstance(one, Http)]


async def test_a_websocket_that_is_refused_gives_its_seat_back() -> None:
    async with serving(most=1) as connect:
        peer = await connect()
        await peer.say(UPGRADE.replace(b"sec-websocket-version: 13", b"sec-websocket-version: 7"))
        assert b"HTTP/1.1 4" in await peer.rest()
        peer.writer.close()
        await asyncio.sleep(0.05)
        other = await connect()
        await other.say(REQUEST)
        assert await other.answer() == b"body"


@pytest.mark.parametrize("proxies", ["127.0.0.1", "192.0.2.1, 127.0.0.0/8", "*"])
async def test_the_connections_of_a_proxy_are_not_counted(proxies: str) -> None:
    async with serving(most=1, proxies=proxies) as connect:
        for peer in [await connect() for _ in range(3)]:
            await peer.say(REQUEST)
            assert await peer.answer() == b"body"


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_of_ipv6_a_customers_64_bits_are_counted_together(one: str, other: str, together: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is together


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "requests",
    [
        b"GET /1000000 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /1000000 HTTP/1.1\r\nhost: x\r\n\r\n" * 20,
        # Less than what makes a transport pause, in a connection that is being closed.
        b"GET /40000 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /100 HTTP/1.1\r\nhost: x\r\n\r\n" * 400,
    ],
    ids=["one", "pipelined", "closing", "small ones"],
)
async def test_who_takes_nothing_is_cut_off(requests: bytes) -> None:
    async with serving(buffers=4096) as connect:
        peer = await connect()
        async with asyncio.timeout(2):
            await peer.say(requests)
            await peer.dropped()


@pytest.mark.usefixtures("impatient")
async def test_who_takes_a_little_at_a_time_gets_everything() -> None:
    async with serving(buffers=4096) as connect:
        peer, taken = await connect(), 0
        await peer.say(b"GET /600000 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        began = asyncio.get_running_loop().time()
        while piece := await peer.reader.read(8_000):
            taken += len(piece)
            await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - began > 1
        assert taken > 600_000


async def test_a_request_has_a_hundred_header_fields_and_not_one_more() -> None:
    assert MOST_FIELDS == 100
    async with serving() as connect:
        for fields, answer in ((99, b"200 OK"), (100, b"400 Bad Request")):
            peer = await connect()
            await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a:b\r\n" * fields + b"\r\n")
            assert answer in await peer.reader.readuntil(b"\r\n")


async def test_trailers_are_read_over_and_not_kept() -> None:
    async with serving() as connect:
        peer = await connect()
        for fields in (0, 1, 500):
            await peer.say(CHUNKED, b"4\r\n", b"body\r\n", b"0\r\n", b"a: b\r\n" * fields, b"\r\n")
            assert await peer.answer() == b"body"


@pytest.mark.parametrize("trailers", [b"a: b\r\n" * 1_000, b"b" * 8_000], ids=["many", "one that is long"])
async def test_trailers_of_more_than_64_kb_end_the_connection(trailers: bytes) -> None:
    async with serving() as connect:
        peer = await connect()
        await peer.say(CHUNKED, b"4\r\nbody\r\n", b"0\r\na: ", every=0.02)
        with at_most(5):
            say = asyncio.create_task(peer.say(*[trailers] * 100, every=0.002))
            assert await peer.rest() == b""
            await asyncio.gather(say, return_exceptions=True)


async def test_a_long_body_in_chunks_is_no_trailer() -> None:
    async with serving() as connect:
        peer = await connect()
        chunk = b"x" * 8_000
        await peer.say(CHUNKED, *[b"1f40\r\n", chunk, b"\r\n"] * 20, b"0\r\n\r\n")
        await peer.reader.readuntil(b"\r\n\r\n")
        assert await peer.reader.readexactly(160_000) == chunk * 20


async def test_the_next_request_may_begin_behind_a_long_body() -> None:
    body = bytes(100_000)
    long = b"POST /4 HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    async with serving() as connect:
        peer = await connect()
        await peer.say(long + REQUEST[:20])
        assert await peer.answer() == bytes(4)
        await peer.say(REQUEST[20:])
        assert await peer.answer() == b"body"


async def test_a_chunk_that_begins_and_ends_with_a_piece_is_no_trailer() -> None:
    chunk = bytes(70_000)
    async with serving() as connect:
        peer = await connect()
        await peer.say(CHUNKED + b"%x\r\n" % len(chunk), every=0.05)
        await peer.say(chunk + b"\r\n4\r\n", every=0.05)
        await peer.say(b"body\r\n0\r\n\r\n")
        head = await peer.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")


async def test_the_rest_of_a_body_that_nobody_reads_has_a_deadline(
    monkeypatch: pytest.MonkeyPatch, hurried: None
) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"long"})

    monkeypatch.setattr("tests.api.test_http.echo", refuse)
    async with serving() as connect:
        peer = await connect()
        await peer.say(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n", every=0.05)
        assert await peer.answer() == b"long"
        await peer.say(b"x")
        with at_most(5):
            await peer.rest()
