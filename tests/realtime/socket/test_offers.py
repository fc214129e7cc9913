"""Results that an application offers: sent at once where the server can, and never after the operation's end."""

import asyncio

import pytest
from websockets.frames import Frame, Opcode

from realtime.socket import Sockets
from realtime.socket.outlet import OUTLET, Outlet, text_head
from tests.realtime.socket.actors import Client, Echo, Source, settled


def offering(echo: Echo, outlet: Outlet) -> Client:
    """A client of a server that can send at once."""
    client = Client(Sockets(echo))
    client._scope["extensions"] = {OUTLET: outlet}
    return client


def frame(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


@pytest.fixture
def taken() -> list[bytes]:
    """The frames that the client was sent at once."""
    return []


@pytest.fixture
def outlet(taken: list[bytes]) -> Outlet:
    outlet = Outlet()
    outlet.open(taken.append)
    return outlet


async def test_what_is_offered_is_a_next_message(
    echo: Echo, source: Source, outlet: Outlet, taken: list[bytes]
) -> None:
    async with offering(echo, outlet) as client:
        await client.acknowledged()
        client.subscribe('"ü', "source")
        await source.started.wait()
        assert echo.offers[0](b'{"data" : 1}')
        assert taken == [frame('{"id":"\\"ü","type":"next","payload":{"data" : 1}}')]


async def test_a_server_that_takes_nothing_now_says_so_until_it_takes_something(
    echo: Echo, source: Source, outlet: Outlet, taken: list[bytes]
) -> None:
    async with offering(echo, outlet) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        outlet.shut()
        assert not echo.offers[0](b"1")
        outlet.open(taken.append)
        assert echo.offers[0](b"2")
        assert taken == [frame('{"id":"a","type":"next","payload":2}')]


async def test_a_server_that_cannot_send_at_once_is_offered_nothing(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        assert not echo.offers[0](b"1")


async def test_nothing_is_sent_after_an_operation_was_completed(
    echo: Echo, source: Source, outlet: Outlet, taken: list[bytes]
) -> None:
    async with offering(echo, outlet) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        # Its finally blocks take their time; another operation has its id meanwhile.
        source.may_end.clear()
        client.send(type="complete", id="a")
        await settled()
        client.subscribe("a", "source")
        await settled()
        assert not echo.offers[0](b"1")
        assert echo.offers[1](b"2")
        assert taken == [frame('{"id":"a","type":"next","payload":2}')]
        source.may_end.set()


async def test_nothing_is_sent_after_an_operation_has_ended_by_itself(
    echo: Echo, source: Source, outlet: Outlet, taken: list[bytes]
) -> None:
    async with offering(echo, outlet) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        source.put(None)
        assert (await client.receive())["type"] == "complete"
        await settled()
        assert not echo.offers[0](b"1")
        assert taken == []


async def test_nothing_is_sent_of_an_operation_whose_id_is_used_again_while_it_says_its_last_word(
    echo: Echo, source: Source, outlet: Outlet, taken: list[bytes]
) -> None:
    async with offering(echo, outlet) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.lets_go.clear()
        source.put(None)
        assert (await client.receive())["type"] == "complete"
        client.subscribe("a", "source")
        await settled()
        assert not echo.offers[0](b"1")
        assert echo.offers[1](b"2")
        assert taken == [frame('{"id":"a","type":"next","payload":2}')]
        client.lets_go.set()


async def test_nothing_is_sent_once_the_socket_ends_even_if_its_client_takes_something_again(
    echo: Echo, source: Source, outlet: Outlet, taken: list[bytes]
) -> None:
    async with offering(echo, outlet) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        # Its finally blocks take their time.
        source.may_end.clear()
        assert echo.end_of_admission is not None
        echo.end_of_admission.set_result("revoked")
        await settled()
        outlet.open(taken.append)
        assert not echo.offers[0](b"1")
        source.may_end.set()
        await asyncio.wait_for(source.ended.wait(), 5)
    assert taken == []


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_frame_is_put_together_as_websockets_does(length: int) -> None:
    text = b"x" * length
    assert text_head(length) + text == Frame(Opcode.TEXT, text).serialize(mask=False)
