"""Results that an application offers: sent at once where the server can, and never after the operation's end."""

import asyncio

import pytest
from websockets.frames import Frame, Opcode

from realtime.socket import Sockets
from realtime.socket.application import OFFER
from realtime.socket.transport import text_head
from tests.realtime.socket.actors import Client, Echo, Source, settled


def offering(echo: Echo, taken: list[bytes], *, takes: bool = True) -> Client:
    """A client of a server that can send at once."""

    def take(text: bytes) -> bool:
        taken.append(text)
        return takes

    client = Client(Sockets(echo))
    client._scope["extensions"] = {OFFER: take}
    return client


async def test_what_is_offered_is_a_next_message(echo: Echo, source: Source) -> None:
    taken: list[bytes] = []
    async with offering(echo, taken) as client:
        await client.acknowledged()
        client.subscribe('"ü', "source")
        await source.started.wait()
        assert echo.offers[0](b'{"data" : 1}')
        assert taken == ['{"id":"\\"ü","type":"next","payload":{"data" : 1}}'.encode()]


async def test_a_server_that_takes_nothing_now_says_so(echo: Echo, source: Source) -> None:
    taken: list[bytes] = []
    async with offering(echo, taken, takes=False) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        assert not echo.offers[0](b"1")
        assert len(taken) == 1


async def test_a_server_that_cannot_send_at_once_is_offered_nothing(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        assert not echo.offers[0](b"1")


async def test_nothing_is_sent_after_an_operation_was_completed(echo: Echo, source: Source) -> None:
    taken: list[bytes] = []
    async with offering(echo, taken) as client:
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
        assert taken == [b'{"id":"a","type":"next","payload":2}']
        source.may_end.set()


async def test_nothing_is_sent_once_the_socket_ends(echo: Echo, source: Source) -> None:
    taken: list[bytes] = []
    async with offering(echo, taken) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        assert echo.end_of_admission is not None
        echo.end_of_admission.set_result("revoked")
        await asyncio.wait_for(source.ended.wait(), 5)
        assert not echo.offers[0](b"1")
    assert taken == []


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_frame_is_put_together_as_websockets_does(length: int) -> None:
    text = b"x" * length
    assert text_head(length) + text == Frame(Opcode.TEXT, text).serialize(mask=False)
