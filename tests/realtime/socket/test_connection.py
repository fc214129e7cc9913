import asyncio
import gc
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from realtime.socket import Sockets
from tests.realtime.socket.actors import Client, Echo, Guest, settled
from tests.realtime.socket.test_protocol import MALFORMED

Forward = Callable[[float], None]


async def test_an_init_is_acknowledged_and_its_payload_reaches_the_application(echo: Echo) -> None:
    async with Client(Sockets(echo), headers=[("user-agent", "a phone")]) as client:
        assert await client.accepted() == "graphql-transport-ws"
        client.send(type="connection_init", payload={"account": "ann"})
        assert await client.receive() == {"type": "connection_ack"}
    assert [connection.headers["user-agent"] for connection in echo.seen] == ["a phone"]
    assert echo.seen[0].client is not None
    assert echo.seen[0].client.host == "192.0.2.1"


async def test_an_init_that_does_not_come_within_5_seconds_closes_the_socket_with_4408(
    echo: Echo, forward: Forward
) -> None:
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        forward(4.9)
        await settled()
        # A ping does not put the end off.
        assert await client.until_pong() == []
        forward(0.2)
        assert await client.closed() == (4408, "Connection initialisation timeout")


async def test_an_init_in_time_stops_the_clock(echo: Echo, forward: Forward) -> None:
    echo.may_admit.clear()
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.send(type="connection_init")
        await echo.admitting.wait()
        forward(5.1)
        await settled()
        assert await client.until_pong() == []
        echo.may_admit.set()
        assert await client.receive() == {"type": "connection_ack"}


async def test_an_admission_that_takes_too_long_sends_the_client_away_with_1013(echo: Echo, forward: Forward) -> None:
    echo.may_admit.clear()
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.send(type="connection_init")
        await echo.admitting.wait()
        forward(10.1)
        assert await client.closed() == (1013, "Try again later")


async def test_a_second_init_closes_the_socket_with_4429(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.send(type="connection_init")
        assert await client.closed() == (4429, "Too many initialisation requests")


async def test_a_second_init_while_the_first_is_decided_closes_the_socket_with_4429(echo: Echo) -> None:
    echo.may_admit.clear()
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.send(type="connection_init")
        client.send(type="connection_init")
        assert (await client.closed())[0] == 4429


async def test_a_subscribe_before_the_init_closes_the_socket_with_4401(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.subscribe("a", "hello")
        assert await client.closed() == (4401, "Unauthorized")


async def test_a_subscribe_before_the_acknowledgement_closes_the_socket_with_4401(echo: Echo) -> None:
    echo.may_admit.clear()
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.send(type="connection_init")
        client.subscribe("a", "hello")
        assert (await client.closed())[0] == 4401


async def test_a_client_that_is_not_admitted_is_told_why_with_4403(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.send(type="connection_init", payload={"forbidden": "This account is suspended"})
        assert await client.closed() == (4403, "This account is suspended")


async def test_an_admission_that_fails_sends_the_client_away_with_1013_and_is_logged(echo: Echo) -> None:
    with capture_logs() as logs:
        async with Client(Sockets(echo)) as client:
            await client.accepted()
            client.send(type="connection_init", payload={"broken": True})
            assert await client.closed() == (1013, "Try again later")
    assert [entry["exc_info"] for entry in logs if entry["log_level"] == "error"] == [True]


async def test_the_end_of_an_admission_closes_the_socket_with_4401_and_its_reason(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged(account="ann")
        await client.until_pong()
        assert echo.end_of_admission is not None
        echo.end_of_admission.set_result("Signed out")
        assert await client.closed() == (4401, "Signed out")


@pytest.mark.parametrize("end", ["an error", "a foreign cancellation"])
async def test_a_socket_that_can_no_longer_be_revoked_does_not_stay_open(echo: Echo, end: str) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged(account="ann")
        await client.until_pong()
        assert echo.end_of_admission is not None
        if end == "an error":
            echo.end_of_admission.set_exception(ConnectionError("the broker is away"))
        else:
            echo.end_of_admission.cancel()
        assert await client.closed() == (1013, "Try again later")


async def test_a_ping_is_answered_at_any_time_with_its_payload(echo: Echo) -> None:
    echo.may_admit.clear()
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.send(type="ping")
        assert await client.receive() == {"type": "pong"}
        client.send(type="connection_init")
        await echo.admitting.wait()
        client.send(type="ping", payload={"sent": 1})
        assert await client.receive() == {"type": "pong", "payload": {"sent": 1}}
        echo.may_admit.set()
        assert await client.receive() == {"type": "connection_ack"}
        client.send(type="ping", payload={})
        assert await client.receive() == {"type": "pong", "payload": {}}


async def test_a_pong_is_accepted_at_any_time(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.accepted()
        client.send(type="pong", payload={"unasked": True})
        client.send(type="connection_init")
        assert await client.receive() == {"type": "connection_ack"}
        client.send(type="pong")
        assert await client.until_pong() == []


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("acknowledged", [False, True], ids=["before the init", "acknowledged"])
async def test_a_malformed_message_closes_the_socket_with_4400(
    echo: Echo, text: str | None, acknowledged: bool
) -> None:
    with capture_logs() as logs:
        async with Client(Sockets(echo)) as client:
            await (client.acknowledged() if acknowledged else client.accepted())
            if text is None:
                client.send_bytes(b'{"type":"ping","payload":"\xff"}')
            else:
                client.send_text(text)
            assert (await client.closed())[0] == 4400
            await client.ended()
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def test_a_message_longer_than_64_kilobytes_closes_the_socket_with_1009(echo: Echo) -> None:
    async with Client(Sockets(echo)) as client:
        await client.acknowledged()
        client.subscribe("a", "é" * 32_768)
        assert await client.closed() == (1009, "A message has at most 65536 bytes")


async def test_more_messages_than_the_burst_send_the_client_away_with_1013(echo: Echo) -> None:
    now = 0.0
    async with Client(Sockets(echo, clock=lambda: now)) as client:
        await client.acknowledged()
        for _ in range(59):
            client.send(type="pong")
        client.send(type="pong")
        assert await client.closed() == (1013, "Too many messages")


async def test_twenty_messages_a_second_may_go_on_for_ever(echo: Echo) -> None:
    now = 0.0
    async with Client(Sockets(echo, clock=lambda: now)) as client:
        await client.acknowledged()
        for _ in range(200):
            now += 0.05
            client.send(type="ping")
            assert await client.receive() == {"type": "pong"}


@pytest.mark.parametrize("when", ["before the init", "being admitted", "acknowledged"])
async def test_a_client_that_leaves_leaves_no_task_behind(echo: Echo, when: str) -> None:
    before = asyncio.all_tasks()
    sockets = Sockets(echo)
    async with Client(sockets) as client:
        await client.accepted()
        if when == "being admitted":
            echo.may_admit.clear()
        if when != "before the init":
            client.send(type="connection_init")
            await echo.admitting.wait()
        if when == "acknowledged":
            await client.receive()
        client.leave()
        await client.ended()
        assert sockets.open == 0
        assert client.unread == 0
    assert asyncio.all_tasks() == before


async def test_nobody_but_the_socket_keeps_its_tasks_alive(echo: Echo) -> None:
    class Forgetful(Echo):
        async def revoked(self, admission: Guest) -> str:
            # Nothing but the waiting task refers to this future, as to a subscription of a weak registry.
            end: str = await asyncio.get_running_loop().create_future()
            return end

    async with Client(Sockets(Forgetful())) as client:
        await client.acknowledged()
        for _ in range(3):
            gc.collect()
            assert await client.until_pong() == []
