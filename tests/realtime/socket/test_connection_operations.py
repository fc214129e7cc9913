import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.socket import SocketLimits, Sockets
from tests.realtime.socket.actors import Client, Echo, Results, Source, complete, next_, settled


async def test_a_single_result_comes_as_next_and_complete(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "hello")
        assert await client.receive() == next_("a", {"data": "hello"})
        assert await client.receive() == complete("a")


async def test_results_are_sent_as_the_application_encoded_them(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe('"\\ü', "source")
        source.put(b'{"data" : 1.50,  "e":"\xc3\xa9"}')
        frame = await client.frame()
        assert frame["text"] == '{"id":"\\"\\\\ü","type":"next","payload":{"data" : 1.50,  "e":"é"}}'


async def test_the_application_gets_the_whole_request(echo: Echo) -> None:
    requests: list[Mapping[str, Any]] = []

    async def operation(request: Mapping[str, Any]) -> Results:
        requests.append(request)
        yield b"1"

    echo.operations["{ a }"] = operation
    payload = {"query": "{ a }", "variables": {"b": 1}, "operationName": "C", "extensions": {"d": 2}}
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.send(type="subscribe", id="a", payload=payload)
        await client.receive()
    assert requests == [payload]


async def test_operations_run_side_by_side(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("slow", "source")
        client.subscribe("quick", "hello")
        assert await client.receive() == next_("quick", {"data": "hello"})
        assert await client.receive() == complete("quick")
        source.put(b"1", None)
        assert await client.receive() == next_("slow", 1)
        assert await client.receive() == complete("slow")


async def test_an_id_in_flight_cannot_be_used_again(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        client.subscribe("a", "hello")
        assert await client.closed() == (4409, "Subscriber for a already exists")


async def test_an_id_can_be_used_again_after_the_server_completed_it(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        for _ in range(3):
            client.subscribe("a", "hello")
            assert await client.receive() == next_("a", {"data": "hello"})
            assert await client.receive() == complete("a")


async def test_an_id_can_be_used_again_as_soon_as_the_client_has_the_last_message(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.lets_go.clear()
        source.put(None)
        assert await client.receive() == complete("a")
        client.subscribe("a", "hello")
        await settled()
        client.lets_go.set()
        assert await client.receive() == next_("a", {"data": "hello"})
        assert await client.receive() == complete("a")


async def test_finished_operations_free_their_places(echo: Echo) -> None:
    async with Client(Sockets(echo, limits=SocketLimits(operations=1))) as client:
        await client.acknowledged()
        for number in "123":
            client.subscribe(number, "hello")
            assert await client.receive() == next_(number, {"data": "hello"})
            assert await client.receive() == complete(number)


async def test_completing_closes_the_generator_and_nothing_more_is_sent(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        source.put(b"1")
        await client.receive()
        client.complete("a")
        source.put(b"2", None)
        assert await client.until_pong() == []
        await source.ended.wait()
        assert await client.until_pong() == []


async def test_a_result_that_waits_for_the_reader_is_not_sent_once_the_client_completed(
    echo: Echo, source: Source
) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.reads.clear()
        source.put(b"1")
        await client.blocked.wait()
        client.complete("a")
        await source.ended.wait()
        client.reads.set()
        assert await client.until_pong() == []


async def test_the_last_message_is_not_sent_once_the_client_completed(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.reads.clear()
        source.put(None)
        await client.blocked.wait()
        client.complete("a")
        # A complete message of the former operation would end this one at the client.
        client.subscribe("a", "hello")
        client.send(type="ping")
        client.reads.set()
        seen = [await client.receive() for _ in range(3)]
        assert [message for message in seen if message["type"] != "pong"] == [
            next_("a", {"data": "hello"}),
            complete("a"),
        ]


async def test_an_id_can_be_used_again_at_once_after_the_client_completed_it(echo: Echo, source: Source) -> None:
    source.may_end.clear()
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.complete("a")
        client.subscribe("a", "hello")
        assert await client.receive() == next_("a", {"data": "hello"})
        assert await client.receive() == complete("a")
        assert not source.ended.is_set()
        source.may_end.set()


async def test_a_generator_that_ignores_its_cancellation_is_not_heard(echo: Echo) -> None:
    async def stubborn(_: Mapping[str, Any]) -> Results:
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                yield b'"still here"'

    echo.operations["stubborn"] = stubborn
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "stubborn")
        await client.until_pong()
        client.complete("a")
        assert await client.until_pong() == []
        assert await client.until_pong() == []


async def test_completing_what_nobody_runs_is_ignored(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.complete("never there")
        client.send(type="connection_init")
        assert await client.receive() == {"type": "connection_ack"}
        client.subscribe("a", "hello")
        await client.receive()
        await client.receive()
        client.complete("a")
        assert await client.until_pong() == []


async def test_the_next_result_is_asked_for_when_the_last_was_sent(echo: Echo, source: Source) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "source")
        await source.started.wait()
        client.reads.clear()
        source.put(b"1", b"2", b"3")
        await client.blocked.wait()
        await asyncio.sleep(0)
        assert source.pulled == 1
        client.reads.set()
        assert [(await client.receive())["payload"] for _ in range(3)] == [1, 2, 3]


async def test_an_operation_that_never_waits_does_not_hold_up_the_others(echo: Echo) -> None:
    async def endless(_: Mapping[str, Any]) -> Results:
        while True:
            yield b"1"

    echo.operations["endless"] = endless
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "endless")
        await client.receive()
        client.complete("a")
        await client.until_pong()
        assert await client.until_pong() == []


class Script:
    """What the client asked for and what it has got. A message that it must not get fails the test."""

    def __init__(self) -> None:
        self.running: dict[str, tuple[int, int]] = {}
        self.got: dict[str, int] = {}

    def subscribed(self, identifier: str, serial: int, most: int) -> None:
        self.running[identifier] = (serial, most)
        self.got[identifier] = 0

    def take(self, messages: list[dict[str, Any]], completed: str = "") -> None:
        for message in messages:
            identifier = message["id"]
            # What was under way when the client completed; after that, such an id is unknown here.
            if identifier == completed:
                continue
            serial, most = self.running[identifier]
            if message["type"] == "next":
                assert message["payload"] == [serial, self.got[identifier]]
                self.got[identifier] += 1
            else:
                assert (message["type"], self.got[identifier]) == ("complete", most)
                del self.running[identifier]


async def counts(request: Mapping[str, Any]) -> Results:
    serial, most = request["variables"]["serial"], request["variables"]["most"]
    for number in range(most):
        await asyncio.sleep(0)
        yield orjson.dumps([serial, number])


actions = st.lists(
    st.tuples(st.sampled_from(["subscribe", "complete", "ping"]), st.sampled_from("abc"), st.integers(0, 3)),
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(actions)
async def test_each_operation_gets_its_results_in_order_and_one_end(steps: list[tuple[str, str, int]]) -> None:
    echo, script = Echo(), Script()
    echo.operations["counts"] = counts
    async with Client(Sockets(echo, limits=SocketLimits(burst=1000))) as client:
        await client.acknowledged()
        for serial, (action, identifier, most) in enumerate(steps):
            if action == "subscribe" and identifier not in script.running:
                script.subscribed(identifier, serial, most)
                client.subscribe(identifier, "counts", serial=serial, most=most)
            elif action == "complete" and identifier in script.running:
                del script.running[identifier]
                client.complete(identifier)
                script.take(await client.until_pong(), completed=identifier)
            elif action == "ping":
                script.take(await client.until_pong())
        while script.running:
            script.take([await client.receive()])
        assert await client.until_pong() == []
