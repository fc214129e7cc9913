import asyncio

import pytest
from structlog.testing import capture_logs

from realtime.socket import Rejected, SocketLimits, Sockets
from tests.realtime.socket.actors import Client, Echo, Source, next_


async def test_a_rejected_operation_gets_its_errors_and_no_complete(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        source.put(Rejected([{"message": "Cannot query field", "path": None}]))
        assert await client.receive() == {
            "id": "a",
            "type": "error",
            "payload": [{"message": "Cannot query field", "path": None}],
        }
        assert await client.until_pong() == []
        client.subscribe("a", "hello")
        assert await client.receive() == next_("a", {"data": "hello"})


@pytest.mark.parametrize(
    "failure",
    [ValueError("secret"), OSError("secret"), asyncio.CancelledError(), Rejected([{"message": object()}])],
    ids=["an error", "an I/O error", "a foreign cancellation", "errors that are no JSON"],
)
async def test_an_unexpected_error_is_masked_and_logged_and_the_socket_lives_on(
    echo: Echo, source: Source, failure: BaseException
) -> None:
    with capture_logs() as logs:
        async with Client(Sockets(echo)) as client:
            await client.acknowledged()
            client.subscribe("a", "source")
            source.put(b"1", failure)
            assert await client.receive() == next_("a", 1)
            message = await client.receive()
            [error] = message["payload"]
            assert (message["id"], message["type"], error["message"]) == ("a", "error", "Internal error")
            assert error["extensions"]["code"] == "INTERNAL"
            client.subscribe("a", "hello")
            assert await client.receive() == next_("a", {"data": "hello"})
    [entry] = [entry for entry in logs if entry["log_level"] == "error"]
    assert (entry["reference"], entry["exc_info"]) == (error["extensions"]["reference"], True)


async def test_the_twenty_first_operation_is_refused_and_the_socket_lives_on(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        for number in range(20):
            client.subscribe(str(number), "source")
        client.subscribe("one more", "hello")
        refusal = await client.receive()
        assert (refusal["id"], refusal["type"]) == ("one more", "error")
        assert refusal["payload"][0]["extensions"] == {"code": "RATE_LIMITED"}
        client.complete("7")
        client.subscribe("one more", "hello")
        assert await client.receive() == next_("one more", {"data": "hello"})


async def test_operations_that_still_clean_up_are_bounded(echo: Echo, source: Source) -> None:
    source.may_end.clear()
    async with Client(Sockets(echo, limits=SocketLimits(burst=1000))) as client:
        await client.acknowledged()
        for _ in range(40):
            client.subscribe("a", "source")
            source.put(b"1")
            assert await client.receive() == next_("a", 1)
            client.complete("a")
        client.subscribe("a", "hello")
        assert (await client.receive())["type"] == "error"
        source.may_end.set()
        await source.ended.wait()
        await client.until_pong()
        client.subscribe("a", "hello")
        assert await client.receive() == next_("a", {"data": "hello"})


async def test_a_socket_that_ends_ends_its_operations_and_waits_for_them(echo: Echo, source: Source) -> None:
    source.may_end.clear()
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.leave()
        await asyncio.sleep(0)
        assert client.task is not None
        assert not client.task.done()
        source.may_end.set()
        await client.ended()
        assert source.ended.is_set()


async def test_a_completed_operation_is_not_disturbed_when_the_socket_ends(echo: Echo, source: Source) -> None:
    source.may_end.clear()
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.complete("a")
        await client.until_pong()
        client.leave()
        await asyncio.sleep(0)
        source.may_end.set()
        await client.ended()
        assert source.ended.is_set()
