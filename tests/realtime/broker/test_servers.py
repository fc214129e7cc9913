"""NATS and Valkey, the real servers: rings and whispers pass between processes, also after the server was away.

No feed looks by itself here: what is heard was rung for, and within the time that each test allows.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from structlog.testing import capture_logs

from models import bell
from realtime.broker import NotInstalled, Refusing, broker, wire, wire_to
from tests.broker_server import BrokerServer
from tests.realtime.broker.process import PATIENCE, Process, hears, overhears, process


@pytest.fixture(params=["nats", "valkey"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str) -> Iterator[BrokerServer]:
    """A server of the test's own."""
    with BrokerServer(kind) as found:
        yield found


@pytest.fixture(autouse=True)
def _reconnect_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "RECONNECT_SECONDS", (0.01, 0.02))


def one_process(server: BrokerServer, *, connects: bool = True) -> AbstractAsyncContextManager[Process]:
    """A process with this broker."""
    return process(wire_to(server.url), connects=connects)


async def keeps(one: Process, topic: str) -> None:
    """Its carrier has noticed that nobody takes the ring, and keeps it for later."""
    async with asyncio.timeout(PATIENCE):
        while topic not in one.wire._outgoing:  # noqa: ASYNC110 - a state has no event
            await asyncio.sleep(0.01)


async def test_a_ring_does_not_come_late(server: BrokerServer) -> None:
    async with one_process(server) as one, one_process(server) as two:
        lags = []
        with two.bells.listen("topic") as there:
            for _ in range(50):
                began = time.monotonic()
                one.wire.ring(["topic"])
                assert await hears(there)
                lags.append(time.monotonic() - began)
        # A hundredth of a second would do on a machine that is not busy.
        assert sorted(lags)[25] < 0.1


async def test_the_domains_bells_go_over_the_wire_until_the_broker_closes(server: BrokerServer) -> None:
    async with one_process(server) as other:
        with other.bells.listen("topic") as there, other.bells.overhear("topic") as ear:
            async with broker("postgres://ana@nowhere.invalid/none", server.url) as bells:
                with bells.listen("topic") as here:
                    bell.ring("topic")
                    assert await hears(here)
                    assert await hears(there)
                    bell.whisper("topic", "psst")
                    assert await overhears(ear) == ("topic", "psst")
            bell.ring("topic")
            await asyncio.sleep(0)
            assert not there.rung


async def test_it_heals_when_the_server_is_killed_and_comes_back(server: BrokerServer) -> None:
    async with one_process(server) as one, one_process(server) as two:
        with two.bells.listen("topic") as there, two.bells.listen("meanwhile") as meanwhile:
            for _ in range(2):
                server.kill()
                one.wire.ring(["meanwhile"])
                await keeps(one, "meanwhile")
                await asyncio.to_thread(server.start)
                # Who was away looks everywhere, as nobody knows what it missed.
                assert await hears(there)
                assert await hears(meanwhile)
                one.wire.ring(["topic"])
                assert await hears(there)


async def test_a_ring_that_the_server_did_not_take_goes_out_again(server: BrokerServer) -> None:
    async with one_process(server) as one, one_process(server) as two:
        with two.bells.listen("topic") as there, two.bells.listen("any") as anything:
            server.kill()
            one.wire.ring(["topic"])
            await keeps(one, "topic")
            two.wire.ready.clear()
            await asyncio.to_thread(server.start)
            await asyncio.wait_for(two.wire.ready.wait(), PATIENCE)
            there.hush()
            anything.hush()
            one.wire.ring(["any"])
            assert await hears(anything)
            async with asyncio.timeout(PATIENCE):
                while one.wire._outgoing:  # noqa: ASYNC110 - a state has no event
                    await asyncio.sleep(0.01)


async def test_a_server_that_says_nothing_any_more_is_noticed(
    server: BrokerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(wire, "LOOK_SECONDS", 0.2)
    async with one_process(server) as one, one_process(server) as two:
        with two.bells.listen("topic") as there:
            with capture_logs() as logs:
                server.pause()
                one.wire.ring(["topic"])
                async with asyncio.timeout(PATIENCE):
                    while {entry["work"] for entry in logs} != {"carrying", "hearing"}:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
            server.resume()
            assert await hears(there)
            one.wire.ring(["topic"])
            assert await hears(there)


async def test_a_process_that_starts_without_its_broker_goes_on_and_is_connected_when_it_comes(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "START_SECONDS", 0.1)
    server = BrokerServer(kind)
    with capture_logs() as logs:
        async with broker("postgres://ana@nowhere.invalid/none", server.url) as bells:
            with bells.listen("topic") as here:
                bell.ring("topic")
                assert await hears(here)
                with server:
                    async with one_process(server) as other:
                        # Its first connection rings for everybody.
                        assert await hears(here)
                        other.wire.ring(["topic"])
                        assert await hears(here)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "the broker is away; until it comes, what others do is seen with a delay"
    ]
    assert "canary" not in str(logs)


async def test_a_password_that_is_wrong_is_told_and_not_shown(server: BrokerServer) -> None:
    await wire_to(server.url).greet()
    for url in (server.url_with("canard"), f"{server.kind}://127.0.0.1:{server.port}"):
        with pytest.raises(Refusing) as refused:
            await wire_to(url).greet()
        assert "canard" not in str(refused.value)
        with capture_logs() as logs:
            async with process(wire_to(url), connects=False) as one:
                async with asyncio.timeout(PATIENCE):
                    while len(logs) < 4:  # noqa: ASYNC110 - a state has no event
                        await asyncio.sleep(0.01)
                assert not one.wire.ready.is_set()
        assert "Refusing" in logs[0]["error"]


async def test_a_server_that_is_away_is_no_refusal(kind: str) -> None:
    with pytest.raises(Exception, match=r"Connect") as failed:
        await wire_to(BrokerServer(kind).url).greet()
    assert not isinstance(failed.value, Refusing)


@pytest.mark.parametrize(("url", "extra"), [("nats://x", "nats"), ("tls://x", "nats"), ("rediss://x", "redis")])
def test_a_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, url: str, extra: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, f"realtime.broker.{extra}", None)
    with pytest.raises(NotInstalled, match=rf"pip install 'alongside\[{extra}\]'"):
        wire_to(url)
