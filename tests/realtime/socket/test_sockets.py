import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from realtime.socket import SocketLimits, Sockets
from realtime.socket.sockets import origin_allowed
from tests.realtime.socket.actors import Client, Echo, Source, settled

ALLOWED = ["https://app.example.org", "http://localhost:5173"]


@pytest.mark.parametrize(
    ("origin", "host", "welcome"),
    [
        (None, "api.example.org", True),
        ("https://app.example.org", "api.example.org", True),
        ("HTTPS://App.Example.org", "api.example.org", True),
        ("http://localhost:5173", "localhost:8000", True),
        ("https://api.example.org", "api.example.org", True),
        ("https://api.example.org:443", "api.example.org", True),
        ("https://api.example.org", "api.example.org:443", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("null", "api.example.org", False),
        ("null", "null", False),
        ("", "api.example.org", False),
        ("https://", "", False),
        ("https://:443", "", False),
        ("https://evil.example", "api.example.org", False),
        ("https://app.example.org.evil.example", "api.example.org", False),
        ("https://evil-app.example.org", "api.example.org", False),
        ("https://app.example.org:8443", "api.example.org", False),
        ("http://app.example.org", "api.example.org", False),
        ("http://127.0.0.1:5173", "127.0.0.1:8000", False),
        ("http://api.example.org:443", "api.example.org", False),
        ("file://api.example.org", "api.example.org", False),
        ("api.example.org", "api.example.org", False),
        ("https://api.example.org", None, False),
    ],
)
async def test_only_pages_of_known_origins_or_of_the_same_host_may_open_a_socket(
    echo: Echo, origin: str | None, host: str | None, welcome: bool
) -> None:
    headers = [(name, value) for name, value in (("origin", origin), ("host", host)) if value is not None]
    async with Client(Sockets(echo, allowed_origins=ALLOWED), headers=headers) as client:
        frame = await client.frame()
    assert frame["type"] == ("websocket.accept" if welcome else "websocket.close")


def test_two_origins_are_none() -> None:
    headers = Headers(raw=[(b"host", b"a"), (b"origin", b"https://a"), (b"origin", b"https://a")])
    assert not origin_allowed(headers, {"https://a"})


def test_two_hosts_are_none() -> None:
    headers = Headers(raw=[(b"host", b"a"), (b"host", b"b"), (b"origin", b"https://a")])
    assert not origin_allowed(headers, set())


def test_a_configured_origin_may_end_with_a_slash(echo: Echo) -> None:
    app = Starlette(routes=[WebSocketRoute("/graphql", Sockets(echo, allowed_origins=["https://App.example.org/"]))])
    client = TestClient(app, headers={"origin": "https://app.example.org"})
    with client.websocket_connect("/graphql", subprotocols=["graphql-transport-ws"]) as websocket:
        assert websocket.accepted_subprotocol == "graphql-transport-ws"


def test_the_endpoint_stands_in_a_starlette_route(echo: Echo) -> None:
    client = TestClient(Starlette(routes=[WebSocketRoute("/graphql", Sockets(echo))]))
    with client.websocket_connect("/graphql", subprotocols=["graphql-transport-ws"]) as websocket:
        websocket.send_json({"type": "connection_init"})
        assert websocket.receive_json() == {"type": "connection_ack"}
        websocket.send_json({"type": "subscribe", "id": "a", "payload": {"query": "hello"}})
        assert websocket.receive_json() == {"id": "a", "type": "next", "payload": {"data": "hello"}}
        assert websocket.receive_json() == {"id": "a", "type": "complete"}


def test_a_foreign_origin_gets_no_websocket(echo: Echo) -> None:
    client = TestClient(Starlette(routes=[WebSocketRoute("/graphql", Sockets(echo))]))
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/graphql", headers={"origin": "https://evil.example"}),
    ):
        pass


@pytest.mark.parametrize("offered", [[], ["graphql-ws"], ["GraphQL-Transport-WS"]])
async def test_without_the_subprotocol_the_socket_is_closed_with_4406(echo: Echo, offered: Sequence[str]) -> None:
    async with Client(Sockets(echo), subprotocols=offered) as client:
        assert await client.accepted() is None
        assert await client.closed() == (4406, "Subprotocol not acceptable")


async def test_the_subprotocol_is_found_among_others(echo: Echo) -> None:
    async with Client(Sockets(echo), subprotocols=["graphql-ws", "graphql-transport-ws"]) as client:
        assert await client.accepted() == "graphql-transport-ws"


async def open_sockets(stack: AsyncExitStack, sockets: Any, count: int, **init: Any) -> list[Client]:
    clients = [await stack.enter_async_context(Client(sockets)) for _ in range(count)]
    for client in clients:
        await client.acknowledged(**init)
    return clients


async def refusal(sockets: Any, address: str | None = "192.0.2.1", **init: Any) -> tuple[int, str]:
    async with Client(sockets, address=address) as client:
        await client.accepted()
        client.send(type="connection_init", payload=init)
        return await client.closed()


async def test_a_sixth_socket_of_an_account_is_sent_away_with_1013(echo: Echo) -> None:
    sockets = Sockets(echo)
    async with AsyncExitStack() as stack:
        clients = await open_sockets(stack, sockets, 5, account="ann")
        assert await refusal(sockets, account="ann") == (1013, "Too many sockets")
        # Neither another account nor a stranger is Ann, wherever they are.
        await open_sockets(stack, sockets, 1, account="ben")
        await open_sockets(stack, sockets, 1)
        clients[2].leave()
        await clients[2].ended()
        await open_sockets(stack, sockets, 1, account="ann")
        assert await refusal(sockets, account="ann") == (1013, "Too many sockets")
    assert sockets.open == 0


async def test_strangers_are_counted_by_address(echo: Echo) -> None:
    sockets = Sockets(echo, limits=SocketLimits(sockets_per_address=3))
    async with AsyncExitStack() as stack:
        await open_sockets(stack, sockets, 3)
        assert await refusal(sockets) == (1013, "Too many sockets")
        async with Client(sockets, address="192.0.2.2") as client:
            await client.acknowledged()
        # An account's name is not an address.
        await open_sockets(stack, sockets, 1, account="192.0.2.1")


async def test_strangers_without_an_address_are_counted_together(echo: Echo) -> None:
    sockets = Sockets(echo, limits=SocketLimits(sockets_per_address=0))
    assert await refusal(sockets, address=None) == (1013, "Too many sockets")


async def test_a_drain_closes_every_socket_with_1012_and_waits_for_the_operations(echo: Echo, source: Source) -> None:
    sockets = Sockets(echo)
    async with AsyncExitStack() as stack:
        source.may_end.clear()
        [busy] = await open_sockets(stack, sockets, 1, account="ann")
        busy.subscribe("a", "source")
        await source.started.wait()
        [idle] = await open_sockets(stack, sockets, 1)
        fresh = await stack.enter_async_context(Client(sockets))
        await fresh.accepted()
        draining = asyncio.create_task(sockets.drain())
        for client in (busy, idle, fresh):
            assert await client.closed() == (1012, "Service restart")
        assert not draining.done()
        source.may_end.set()
        await draining
        assert source.ended.is_set()
        assert sockets.open == 0


async def test_a_draining_endpoint_sends_new_sockets_away_with_1012(echo: Echo) -> None:
    sockets = Sockets(echo)
    await sockets.drain()
    async with Client(sockets) as client:
        assert await client.accepted() == "graphql-transport-ws"
        assert await client.closed() == (1012, "Service restart")
    assert sockets.open == 0


async def test_a_drain_waits_5_seconds_for_a_client_that_reads_nothing(
    echo: Echo, source: Source, forward: Callable[[float], None]
) -> None:
    sockets = Sockets(echo)
    async with Client(sockets) as client:
        await client.acknowledged()
        client.reads.clear()
        client.subscribe("a", "source")
        source.put(b"1")
        await client.blocked.wait()
        draining = asyncio.create_task(sockets.drain())
        await source.ended.wait()
        await settled()
        assert not draining.done()
        forward(5.1)
        await draining


async def test_a_client_that_leaves_during_the_handshake_is_no_error(echo: Echo) -> None:
    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(_: Any) -> None:
        raise OSError("gone")

    sockets = Sockets(echo)
    await sockets({"type": "websocket", "headers": [], "subprotocols": []}, receive, send)
    assert sockets.open == 0
