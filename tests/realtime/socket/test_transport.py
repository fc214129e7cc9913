"""Over real connections: uvicorn with our transport, and clients that behave and misbehave."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Opcode
from websockets.typing import Origin, Subprotocol

from realtime.socket import SUBPROTOCOL, SocketLimits, Sockets
from tests.realtime.socket.actors import PATIENCE, Echo, Results, Source, next_
from tests.realtime.socket.served import (
    Watch,
    acknowledged,
    closing,
    frame,
    frugal_socket,
    opened,
    receive,
    serving,
    subscribe,
)


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


async def test_a_reader_that_takes_nothing_is_cut_off(echo: Echo, watch: Watch) -> None:
    sockets = Sockets(echo, limits=SocketLimits(write=0.1))
    echo.operations["flood"] = flood
    async with serving(sockets) as url, opened(url, max_queue=1) as client:
        await acknowledged(client)
        connection = await watch.made.get()
        await client.send(subscribe("a", "flood"))
        # The client's queue is full after two messages: from then on it reads nothing.
        assert await watch.lost.get() is connection
        assert sockets.open == 0


async def test_a_closed_client_that_takes_nothing_is_cut_off(echo: Echo, watch: Watch) -> None:
    sockets = Sockets(echo, limits=SocketLimits(goodbye=0.01))
    echo.operations["flood"] = flood
    async with serving(sockets) as url, opened(url, max_queue=1) as client:
        await acknowledged(client)
        connection = await watch.made.get()
        await client.send(subscribe("a", "flood"))
        await connection.blocked.wait()
        await sockets.drain()
        assert await watch.lost.get() is connection


async def test_a_client_that_answers_no_pings_is_cut_off_with_what_it_has_not_read(echo: Echo, watch: Watch) -> None:
    sockets = Sockets(echo)
    echo.operations["flood"] = flood
    options = {"ws_ping_interval": 0.1, "ws_ping_timeout": 0.1}
    async with serving(sockets, **options) as url, opened(url, max_queue=1) as client:
        await acknowledged(client)
        connection = await watch.made.get()
        await client.send(subscribe("a", "flood"))
        assert await watch.lost.get() is connection


async def test_pings_of_a_client_that_reads_nothing_fill_no_buffer(echo: Echo, watch: Watch) -> None:
    async with serving(Sockets(echo)) as url, opened(url, sock=frugal_socket(url)) as client:
        connection = await watch.made.get()
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        client.transport.pause_reading()
        client.transport.write(frame(Opcode.PING, b"x" * 125) * 20_000)
        await watch.flooded.wait()
        assert connection.blocked.is_set()
        # The transport's 64 KB and the answers to one read of 256 KB, not the 2.5 MB of all answers.
        assert connection.fullest < 400_000
        client.transport.abort()


async def test_empty_fragments_are_not_collected(echo: Echo, watch: Watch) -> None:
    async with serving(Sockets(echo)) as url, opened(url) as client:
        connection = await watch.made.get()
        start, middle = b'{"type":"ping",', frame(Opcode.CONT, b"", final=False)
        client.transport.write(frame(Opcode.TEXT, start, final=False) + middle * 1_000)
        client.transport.write(frame(Opcode.CONT, b'"payload":{"a":1}', final=False) + middle * 1_000)
        client.transport.write(frame(Opcode.CONT, b"}"))
        assert await receive(client) == {"type": "pong", "payload": {"a": 1}}
        assert connection.most_fragments == 2


async def test_whoever_knocks_when_the_server_stops_is_refused_without_a_word_in_the_log(
    caplog: pytest.LogCaptureFixture, watch: Watch
) -> None:
    sockets, open_the_door = Sockets(Echo()), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await open_the_door.wait()
        await sockets(scope, receive, send)

    async with serving(slow) as url:
        knocking = asyncio.create_task(connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)]).__aenter__())
        transport = await watch.made.get()
        async with asyncio.timeout(PATIENCE):
            while not transport.tasks:  # noqa: ASYNC110 - a state has no event
                await asyncio.sleep(0)
        await sockets.drain()
        transport.shutdown()
        open_the_door.set()
        with pytest.raises(InvalidStatus):
            await knocking
        async with asyncio.timeout(PATIENCE):
            await watch.lost.get()
            await asyncio.gather(*transport.tasks)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
