import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from realtime.socket import Sockets
from realtime.socket.protocol import CloseCode
from realtime.socket.writer import Gone, Writer
from tests.realtime.socket.actors import Client, Echo, Source, settled

Forward = Callable[[float], None]


class Reader:
    """The other end of a writer: takes each frame when it is let, one after the other."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.at_once = self.most_at_once = 0
        self.takes = asyncio.Event()
        self.takes.set()
        self.refusal: Exception | None = None
        self.lost: list[str] = []

    async def send(self, message: Any) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            await self.takes.wait()
            if self.refusal is not None:
                raise self.refusal
            self.frames.append(message.get("text") or message["type"])
        finally:
            self.at_once -= 1


@pytest.fixture
def reader() -> Reader:
    return Reader()


def writer_to(reader: Reader) -> Writer:
    return Writer(reader.send, 15.0, reader.lost.append)


async def test_only_one_writes_at_a_time_and_in_order(reader: Reader) -> None:
    writer = writer_to(reader)
    await asyncio.gather(*(writer.write(str(number)) for number in range(20)))
    assert reader.frames == [str(number) for number in range(20)]
    assert reader.most_at_once == 1


async def test_a_reader_that_takes_nothing_is_lost(reader: Reader, forward: Forward) -> None:
    reader.takes.clear()
    writing = asyncio.create_task(writer_to(reader).write("never taken"))
    await settled()
    forward(14.9)
    await settled()
    assert reader.lost == []
    forward(0.2)
    await settled()
    assert reader.lost == ["the reader takes nothing"]
    writing.cancel()


async def test_each_write_has_its_own_time(reader: Reader, forward: Forward) -> None:
    writer = writer_to(reader)
    await writer.write("the watch begins with this one")
    forward(10)
    reader.takes.clear()
    writing = asyncio.create_task(writer.write("never taken"))
    await settled()
    for seconds, lost in [(5.1, 0), (9.7, 0), (0.3, 1)]:
        forward(seconds)
        await settled()
        assert len(reader.lost) == lost
    writing.cancel()


async def test_a_watch_that_found_nobody_waiting_comes_back(reader: Reader, forward: Forward) -> None:
    writer = writer_to(reader)
    await writer.write("taken")
    forward(100)
    await settled()
    assert reader.lost == []
    reader.takes.clear()
    writing = asyncio.create_task(writer.write("never taken"))
    await settled()
    forward(15.1)
    await settled()
    assert len(reader.lost) == 1
    writing.cancel()


@pytest.mark.parametrize("refusal", [OSError("gone"), RuntimeError("already closed")])
async def test_a_failed_write_tells_that_the_client_is_lost(reader: Reader, refusal: Exception) -> None:
    reader.refusal = refusal
    with pytest.raises(Gone):
        await writer_to(reader).write("to nobody")
    assert reader.lost == ["gone"]


async def test_after_the_end_only_the_close_frame_is_sent(reader: Reader) -> None:
    writer = writer_to(reader)
    reader.takes.clear()
    first = asyncio.create_task(writer.write("first"))
    second = asyncio.create_task(writer.write("second"))
    await asyncio.sleep(0)
    writer.shut()
    reader.takes.set()
    await first
    with pytest.raises(Gone):
        await second
    await writer.close(CloseCode.UNAUTHORIZED, "Signed out", 1)
    assert reader.frames == ["first", "websocket.close"]


async def test_the_close_frame_waits_only_for_so_long(reader: Reader, forward: Forward) -> None:
    reader.takes.clear()
    closing = asyncio.create_task(writer_to(reader).close(CloseCode.SERVICE_RESTART, "Service restart", 5))
    await settled()
    assert not closing.done()
    forward(5.1)
    await closing
    assert reader.frames == []


async def test_a_socket_whose_reader_takes_nothing_for_15_seconds_is_cut_and_its_operations_end(
    echo: Echo, source: Source, forward: Forward
) -> None:
    sockets = Sockets(echo)
    async with Client(sockets) as client:
        await client.acknowledged()
        client.reads.clear()
        client.subscribe("a", "source")
        source.put(b"1", b"2")
        await client.blocked.wait()
        forward(14.9)
        await settled()
        assert sockets.open == 1
        forward(0.2)
        await client.ended()
        assert source.ended.is_set()
        assert (source.pulled, sockets.open, client.unread) == (1, 0, 0)


async def test_a_revoked_client_that_takes_nothing_does_not_hold_its_socket(
    echo: Echo, source: Source, forward: Forward
) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        await client.until_pong()
        client.reads.clear()
        client.subscribe("a", "source")
        source.put(b"1")
        await client.blocked.wait()
        assert echo.end_of_admission is not None
        echo.end_of_admission.set_result("Signed out")
        # The operation is silenced at once, whatever the reader does.
        await source.ended.wait()
        await settled()
        forward(5.1)
        await client.ended()
        assert client.unread == 0
