"""PostgreSQL's notifications: what is rung in one process is heard in the others, also after an outage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from models import bell
from realtime.bells import Bells
from realtime.broker import broker, wire
from realtime.broker.postgres import CHANNEL, PostgresWire
from tests.realtime.broker.process import PATIENCE, Process, hears, overhears, process


def one_process(url: str) -> AbstractAsyncContextManager[Process]:
    """A process on this database."""
    return process(PostgresWire(url, Bells()))


@pytest.fixture
def engine() -> str:
    """These tests are about PostgreSQL alone."""
    return "postgres"


@pytest.fixture(autouse=True)
def _reconnect_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "RECONNECT_SECONDS", (0.01, 0.02))


@pytest.fixture
async def direct(database_url: str) -> AsyncIterator[Any]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def cut(direct: Any, doing: str = "%") -> int:
    """End the other connections whose last statement is like this; how many those were."""
    rows = await direct.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE $1",
        doing,
    )
    return len(rows)


async def test_a_process_does_not_wait_with_whispers_until_it_is_connected(database_url: str) -> None:
    """Who typed a while ago types no more."""
    async with one_process(database_url) as two:
        late = PostgresWire(database_url, Bells())
        late.whisper("topic", "long ago")
        async with process(late) as one:
            with two.bells.overhear("topic") as there:
                one.wire.whisper("topic", "now")
                assert await overhears(there) == ("topic", "now")


async def test_whispers_that_wait_are_bounded(database_url: str) -> None:
    late = PostgresWire(database_url, Bells())
    for number in range(3_000):
        late.whisper("topic", str(number))
    assert len(late._whispers) == wire.WHISPERS_WAITING == 1_000
    assert late._whispers[-1] == ("topic", "2999")


async def test_a_process_does_not_hear_its_own_notification_again(database_url: str) -> None:
    async with one_process(database_url) as one, one_process(database_url) as two:
        with one.bells.listen("topic") as here, two.bells.listen("topic") as there, one.bells.listen("end") as end:
            one.wire.ring(["topic"])
            here.hush()
            assert await hears(there)
            # Notifications arrive in the order of commits: after this one, the first would have come.
            two.wire.ring(["end"])
            assert await hears(end)
            assert not here.rung


async def test_the_domains_bells_go_over_the_wire_until_the_broker_closes(database_url: str) -> None:
    async with one_process(database_url) as other:
        with other.bells.listen("topic") as there:
            async with broker(database_url) as bells:
                with bells.listen("topic") as here, other.bells.overhear("topic") as ear:
                    bell.ring("topic")
                    assert await hears(here)
                    assert await hears(there)
                    bell.whisper("topic", "psst")
                    assert await overhears(ear) == ("topic", "psst")
            bell.ring("topic")
            other.wire.ring(["something else"])
            assert not there.rung


@pytest.mark.parametrize("doing", ["%LISTEN%", "%pg_notify%", "%"], ids=["the listener", "the carrier", "both"])
async def test_it_heals_when_a_connection_is_cut(database_url: str, direct: Any, doing: str) -> None:
    async with one_process(database_url) as one, one_process(database_url) as two:
        with two.bells.listen("topic") as there, one.bells.listen("back") as back:
            # Each has carried something, so that the carriers' connections are known by it.
            one.wire.ring(["topic"])
            two.wire.ring(["back"])
            assert await hears(there)
            assert await hears(back)
            assert await cut(direct, doing) >= 2
            if doing != "%pg_notify%":
                # A listener that was away rings for everybody, as nobody knows what it missed.
                assert await hears(there)
                assert await hears(back)
            one.wire.ring(["topic"])
            two.wire.ring(["back"])
            assert await hears(there)
            assert await hears(back)


async def test_what_is_rung_while_the_wire_is_down_is_carried_afterwards(
    database_url: str, direct: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with one_process(database_url) as two:
        down, tried, connect = asyncio.Event(), asyncio.Event(), asyncpg.connect

        async def refusing(*args: Any, **kwargs: Any) -> Any:
            if not down.is_set():
                return await connect(*args, **kwargs)
            tried.set()
            raise ConnectionRefusedError("the database is away")

        async with one_process(database_url) as one:
            with two.bells.listen("first") as first, two.bells.listen("second") as second:
                one.wire.ring(["warm"])
                monkeypatch.setattr(asyncpg, "connect", refusing)
                down.set()
                assert await cut(direct, "%pg_notify%") <= 1
                one.wire.ring(["first"])
                await cut(direct)
                one.wire.ring(["second"])
                async with asyncio.timeout(PATIENCE):
                    await tried.wait()
                first.hush()
                second.hush()
                down.clear()
                assert await hears(first)
                assert await hears(second)


async def test_a_notification_that_is_not_ours_is_ignored_and_the_next_one_heard(
    database_url: str, direct: Any
) -> None:
    async with one_process(database_url) as one:
        with one.bells.listen("topic") as here:
            await direct.execute("SELECT pg_notify($1, $2)", CHANNEL, "hello")
            await direct.execute("SELECT pg_notify($1, $2)", CHANNEL, '["somebody", "topic"]')
            assert await hears(here)


async def test_a_notification_on_another_channel_is_not_heard(database_url: str, direct: Any) -> None:
    async with one_process(database_url) as one:
        with one.bells.listen("topic") as here, one.bells.listen("end") as end:
            await direct.execute("SELECT pg_notify($1, $2)", "another", '["somebody", "topic"]')
            await direct.execute("SELECT pg_notify($1, $2)", CHANNEL, '["somebody", "end"]')
            assert await hears(end)
            assert not here.rung


async def test_a_broker_that_closes_leaves_no_connection_and_no_ringer(database_url: str, direct: Any) -> None:
    hung = list(bell._ringers)
    async with broker(database_url):
        assert len(bell._ringers) == len(hung) + 1
    assert bell._ringers == hung
    async with asyncio.timeout(PATIENCE):
        while await direct.fetchval(  # noqa: ASYNC110 - the server tells nobody
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0)


class Relay:
    """Passes bytes to a server and back. `freeze` passes nothing more on what is open, and tells nobody."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._frozen: set[int] = set()
        self._open: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.port)
        self._writers += [writer, back]
        number = len(self._writers)
        self._open.add(number)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass(number, source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, number: int, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if number not in self._frozen:
                    sink.write(data)
            if number not in self._frozen:
                sink.close()

    def freeze(self) -> None:
        self._frozen |= self._open

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def relayed(url: str) -> AsyncIterator[tuple[Relay, str]]:
    """A relay to the database's server, and the URL through it."""
    parts = urlsplit(url)
    relay = Relay(str(parts.hostname), int(parts.port or 5432))
    server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield relay, parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}").geturl()
    finally:
        server.close()
        await relay.close()


async def test_connections_that_were_lost_without_a_word_are_noticed_and_made_anew(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (wire.PATIENCE_SECONDS, wire.LOOK_SECONDS) == (5, 10)
    monkeypatch.setattr(wire, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(wire, "LOOK_SECONDS", 0.1)
    async with relayed(database_url) as (relay, url), one_process(url) as one, one_process(database_url) as two:
        with one.bells.listen("back") as back, two.bells.listen("topic") as there:
            one.wire.ring(["topic"])
            assert await hears(there)
            relay.freeze()
            one.wire.ring(["topic"])
            # The carrier's ring goes out with its next connection; the listener rings for everybody with its next one.
            assert await hears(there)
            assert await hears(back)
            two.wire.ring(["back"])
            assert await hears(back)
