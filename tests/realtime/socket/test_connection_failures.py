import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from realtime.socket import Rejected, SocketLimits, Sockets, Unavailable
from tests.realtime.socket.actors import Client, Echo, Guest, Results, Source, complete, next_


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


@pytest.mark.parametrize("ends_with", [None, ValueError("while cleaning up")])
async def test_a_generator_that_ends_otherwise_than_by_its_cancellation_does_not_end_its_successor(
    echo: Echo, source: Source, ends_with: Exception | None
) -> None:
    async def slow_to_go(_: Mapping[str, Any]) -> Results:
        try:
            yield b"1"
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            if ends_with is not None:
                raise ends_with from None

    echo.operations["slow to go"] = slow_to_go
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "slow to go")
        assert await client.receive() == next_("a", 1)
        client.complete("a")
        client.subscribe("a", "source")
        assert await client.until_pong() == []
        source.put(b"2", None)
        assert await client.receive() == next_("a", 2)
        assert await client.receive() == complete("a")


async def test_an_outage_behind_an_operation_sends_the_client_away_to_come_back(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        source.put(b"1", Unavailable())
        assert await client.receive() == next_("a", 1)
        assert await client.closed() == (1013, "Try again later")
    assert source.ended.is_set()


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


async def test_nothing_is_delivered_from_the_moment_that_the_admission_ends(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await client.until_pong()
        assert echo.end_of_admission is not None
        echo.end_of_admission.set_result("Signed out")
        source.put(b'"what a revoked client must not see"')
        assert await client.closed() == (4401, "Signed out")


async def opened(sockets: Sockets[Guest], query: str) -> tuple[Client, asyncio.Task[None]]:
    client = await Client(sockets).__aenter__()
    await client.acknowledged()
    client.subscribe("a", query)
    await client.until_pong()
    assert client.task is not None
    return client, client.task


async def test_a_cancelled_endpoint_ends_its_operations_and_passes_the_cancellation_on(
    echo: Echo, source: Source
) -> None:
    sockets = Sockets(echo)
    client, endpoint = await opened(sockets, "source")
    endpoint.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client.ended()
    assert source.ended.is_set()
    assert sockets.open == 0


async def test_a_cancelled_endpoint_ends_a_generator_that_ignores_its_cancellation(echo: Echo) -> None:
    async def stubborn(_: Mapping[str, Any]) -> Results:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
            yield b'"still here"'

    echo.operations["stubborn"] = stubborn
    client, endpoint = await opened(Sockets(echo), "stubborn")
    endpoint.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client.ended()
    assert client.unread == 0


async def test_an_endpoint_that_is_cancelled_while_it_waits_for_a_finally_block_cuts_that_short(
    echo: Echo,
) -> None:
    cleaning, cut_short = asyncio.Event(), asyncio.Event()

    async def thorough(_: Mapping[str, Any]) -> Results:
        try:
            await asyncio.get_running_loop().create_future()
            yield b""
        finally:
            cleaning.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                cut_short.set()

    echo.operations["thorough"] = thorough
    client, endpoint = await opened(Sockets(echo), "thorough")
    client.leave()
    await cleaning.wait()
    endpoint.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client.ended()
    assert cut_short.is_set()
