"""The outlet over real connections: what is offered arrives, while the client takes something, and never after."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection
from websockets.frames import Opcode

from realtime.socket import Sockets
from realtime.socket.outlet import OUTLET, Outlet
from tests.realtime.socket.actors import PATIENCE, Echo, Source
from tests.realtime.socket.served import (
    Watch,
    Watched,
    acknowledged,
    frame,
    frugal_socket,
    opened,
    receive,
    serving,
    subscribe,
)


@asynccontextmanager
async def subscribed(source: Source, url: str, **options: Any) -> AsyncIterator[tuple[ClientConnection, Watched]]:
    """A client with a subscription, whose results can be offered."""
    async with opened(url, **options) as client:
        await acknowledged(client)
        connection = await Watched.watch.made.get()
        await client.send(subscribe("a", "source"))
        async with asyncio.timeout(PATIENCE):
            await source.started.wait()
        yield client, connection


async def test_what_is_offered_arrives_in_order_between_what_is_sent(echo: Echo, source: Source) -> None:
    async with serving(Sockets(echo)) as url, subscribed(source, url) as (client, _):
        assert echo.offers[0](b"1")
        assert echo.offers[0](orjson.dumps("x" * 70_000))
        await client.send('{"type":"ping"}')
        payloads = [(await receive(client)).get("payload") for _ in range(3)]
        assert payloads == [1, "x" * 70_000, None]
        assert echo.offers[0](b"2")
        assert (await receive(client))["payload"] == 2


async def test_a_reader_that_takes_nothing_is_offered_no_more_than_its_buffer_holds_until_it_reads_on(
    echo: Echo, source: Source
) -> None:
    async with serving(Sockets(echo)) as url, subscribed(source, url, sock=frugal_socket(url)) as (client, connection):
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        client.transport.pause_reading()
        result, taken = orjson.dumps("x" * 1_000), 0
        while echo.offers[0](result):
            taken += 1
            assert taken < 1_000
        # The transport's 64 KB, and what the kernel holds.
        assert connection.transport.get_write_buffer_size() < 70_000
        client.transport.resume_reading()
        for _ in range(taken):
            assert (await receive(client))["payload"] == "x" * 1_000
        assert echo.offers[0](b"1")
        assert (await receive(client))["payload"] == 1


async def test_a_client_that_says_goodbye_is_offered_nothing_after_it(echo: Echo, source: Source, watch: Watch) -> None:
    async with serving(Sockets(echo)) as url, subscribed(source, url) as (client, connection):
        before = connection.conn.state
        client.transport.write(frame(Opcode.CLOSE, b"\x03\xe8"))
        async with asyncio.timeout(PATIENCE):
            while connection.conn.state is before:  # noqa: ASYNC110 - a state has no event
                await asyncio.sleep(0)
        assert watch.lost.empty()
        assert not echo.offers[0](b"1")


async def test_a_client_that_answers_no_pings_is_offered_nothing(echo: Echo, source: Source, watch: Watch) -> None:
    async with serving(Sockets(echo)) as url, subscribed(source, url) as (_, connection):
        connection.keepalive_timeout()
        assert watch.lost.empty()
        assert not echo.offers[0](b"1")


async def greeted(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})


async def test_an_endpoints_goodbye_shuts_the_outlet(watch: Watch) -> None:
    states = []

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        await greeted(receive, send)
        for message in ({"type": "websocket.send", "text": "a"}, {"type": "websocket.close"}):
            await send(message)
            states.append(scope["extensions"][OUTLET].write is not None)

    async with serving(endpoint) as url, opened(url, subprotocols=None) as client:
        await client.wait_closed()
    assert states == [True, False]


@pytest.mark.parametrize("the_server_ends", [True, False])
async def test_the_end_of_a_connection_shuts_the_outlet_whatever_its_endpoint_does(
    watch: Watch, *, the_server_ends: bool
) -> None:
    outlets: asyncio.Queue[Outlet] = asyncio.Queue()
    may_end = asyncio.Event()

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        await greeted(receive, send)
        outlets.put_nowait(scope["extensions"][OUTLET])
        await may_end.wait()

    async with serving(endpoint) as url, opened(url, subprotocols=None) as client:
        outlet, connection = await outlets.get(), await watch.made.get()
        assert outlet.write is not None
        if the_server_ends:
            connection.shutdown()
            assert watch.lost.empty()
        else:
            client.transport.abort()
            await watch.lost.get()
        assert outlet.write is None
        may_end.set()
