"""Two workers behind one port: a client meets either of them, and may lose it at any time.

What arrives within three seconds was rung for, as in test_two_servers.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psutil
import pytest

from tests.broker_server import BrokerServer
from tests.journeys import documents
from tests.journeys.client import Client, Live
from tests.journeys.pairs import match, mentoring
from tests.journeys.server import Anew

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("two servers")]

AT_ONCE = 3.0
PATIENCE = 60.0
WELCOME = "Alongside serves GraphQL at"
CURSOR = "query { viewer { inboxCursor } }"


@pytest.fixture
def engine() -> str:
    """Several workers need PostgreSQL."""
    return "postgres"


class Two(Anew):
    """A server with two workers."""

    def __init__(self, database_url: str, log: Path, **settings: str) -> None:
        super().__init__(database_url, log, WORKERS="2", METRICS_TOKEN="x", **settings)

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that listen on the port."""
        assert self.process is not None
        listening = [
            child
            for child in psutil.Process(self.process.pid).children()
            if any(one.status == psutil.CONN_LISTEN for one in child.net_connections("tcp4"))
        ]
        return sorted(listening, key=lambda child: child.pid)

    def worker_of(self, live: Live) -> psutil.Process:
        """Who serves this socket."""
        port = live.socket.local_address[1]
        (found,) = [
            worker
            for worker in self.workers
            if any(one.raddr and one.raddr.port == port for one in worker.net_connections("tcp4"))
        ]
        return found

    async def both(self) -> list[psutil.Process]:
        """The workers, once there are two."""
        async with asyncio.timeout(PATIENCE):
            while len(found := self.workers) < 2:  # noqa: ASYNC110 - a state has no event
                await asyncio.sleep(0.05)
        return found

    def said(self, words: str) -> int:
        """How often the log has these words."""
        return self.log.read_text().count(words)


@asynccontextmanager
async def served(url: str, folder: Path, **settings: str) -> AsyncIterator[Two]:
    """Two workers that serve."""
    with Two(url, folder / "server.log", **settings) as server:
        await server.both()
        try:
            yield server
        finally:
            # Not only the parent: the database could not be dropped.
            if server.process is not None and server.process.poll() is None:
                await asyncio.to_thread(server.stop)


@asynccontextmanager
async def apart(server: Two, one: Client, other: Client) -> AsyncIterator[tuple[Live, Live]]:
    """A socket of each of them, on different workers."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(one.live())
        while True:
            async with AsyncExitStack() as tried:
                there = await tried.enter_async_context(other.live())
                if server.worker_of(there) != server.worker_of(here):
                    await stack.enter_async_context(tried.pop_all())
                    break
        yield here, there


async def body(events: AsyncIterator[Any], within: float = AT_ONCE) -> str:
    """The body of the next event, a message."""
    async with asyncio.timeout(within):
        return str((await anext(events))["message"]["body"])


async def settle(live: Live) -> None:
    """Let the worker do a few other things: its feeds have nothing more to read then, and sleep."""
    for _ in range(5):
        await live.call(CURSOR)


class Pair:
    """A mentor and a mentee."""

    def __init__(self, mara: Client, theo: Client, conversation_id: str) -> None:
        self.mara = mara
        self.theo = theo
        self.conversation_id = conversation_id

    async def send(self, by: Client | Live, text: str) -> None:
        """Send a message."""
        message = {"conversationId": self.conversation_id, "body": text, "clientId": uuid4().hex}
        assert (await by.call(documents.SEND, input=message))["sent"]["body"] == text

    async def cursors(self) -> list[str]:
        """Where both inboxes end."""
        return [(await client.call(CURSOR))["inboxCursor"] for client in (self.mara, self.theo)]


@asynccontextmanager
async def pair(server: Two) -> AsyncIterator[Pair]:
    """Two people who have found each other."""
    async with Client(server) as mara, Client(server) as theo:
        profile = (await mentoring(mara, "Mara"))["profile"]
        await theo.sign_up("Theo")
        yield Pair(mara, theo, (await match(mara, profile["id"], theo)).conversation_id)


async def test_clients_of_a_worker_that_is_killed_resume_elsewhere_and_another_takes_its_place(
    database_url: str, tmp_path: Path
) -> None:
    async with served(database_url, tmp_path) as server, pair(server) as people:
        cursor, _ = await people.cursors()
        async with apart(server, people.mara, people.theo) as (mara, theo):
            events = mara.subscribe(documents.INBOX, after=cursor)
            await people.send(theo, "one")
            first = await anext(events)
            assert first["message"]["body"] == "one"
            await settle(mara)
            await people.send(theo, "two")
            assert await body(events) == "two"
            lost, stays = server.worker_of(mara), server.worker_of(theo)
            lost.kill()
            async with asyncio.timeout(AT_ONCE):
                await mara.closed.wait()
            await people.send(theo, "three")
            # Who comes back at once comes to the one that is left: nobody waits for the new one.
            async with people.mara.live() as back:
                assert server.worker_of(back) == stays
                resumed = back.subscribe(documents.INBOX, after=first["cursor"])
                assert [await body(resumed) for _ in range(2)] == ["two", "three"]
                await settle(back)
                await people.send(theo, "four")
                assert await body(resumed) == "four"
            workers = await server.both()
            assert stays in workers
            assert lost not in workers
        async with apart(server, people.mara, people.theo) as (mara, theo):
            events = mara.subscribe(documents.INBOX, after=(await people.cursors())[0])
            await settle(mara)
            await people.send(theo, "five")
            assert await body(events) == "five"
    assert server.said("a worker has died") == 1


async def test_a_signal_to_stop_reaches_all_sockets_and_leaves_no_process(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path) as server, pair(server) as people:
        workers = server.workers
        async with apart(server, people.mara, people.theo) as (mara, theo):
            events = mara.subscribe(documents.INBOX)
            reading = asyncio.ensure_future(anext(events, None))
            await settle(mara)
            assert await asyncio.to_thread(server.stop) == 0
            assert await reading is None
            for live in (mara, theo):
                async with asyncio.timeout(AT_ONCE):
                    await live.closed.wait()
                assert live.socket.close_code == 1012
        assert not any(worker.is_running() for worker in workers)
    assert server.said(WELCOME) == 1
    assert server.said("a worker has died") == 0


async def test_workers_whose_parent_is_killed_say_goodbye_and_stop(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path) as server, pair(server) as people:
        workers = server.workers
        async with people.mara.live() as live:
            server.kill()
            async with asyncio.timeout(AT_ONCE):
                await live.closed.wait()
            assert live.socket.close_code == 1012
        _, left = await asyncio.to_thread(psutil.wait_procs, workers, PATIENCE)
        assert left == []


async def test_a_worker_that_cannot_start_is_told_once_and_nothing_spins(database_url: str, tmp_path: Path) -> None:
    server = Two(database_url, tmp_path / "server.log", PERSISTED_DOCUMENTS=str(tmp_path / "nowhere"))
    with pytest.raises(AssertionError, match="did not start"):
        await asyncio.to_thread(server.start)
    assert server.process is not None
    assert server.process.poll() == 1
    assert server.said("alongside serve: ") == 1
    assert server.said(WELCOME) == 0


async def test_metrics_tell_of_both_workers(database_url: str, tmp_path: Path) -> None:
    async with (
        served(database_url, tmp_path) as server,
        pair(server) as people,
        apart(server, people.mara, people.theo),
        httpx2.AsyncClient() as http,
        asyncio.timeout(PATIENCE),
    ):
        page, text = server.url.replace("/graphql", "/metrics"), ""
        while not all(f'alongside_sockets{{worker="{number}"}} 1.0' in text for number in (1, 2)):
            text = (await http.get(page, headers={"authorization": "Bearer x"})).text
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("kind", ["nats", "valkey"])
async def test_with_a_broker_of_its_own_what_happens_on_the_one_is_live_on_the_other_also_after_it_was_killed(
    database_url: str, tmp_path: Path, kind: str
) -> None:
    with BrokerServer(kind) as broker:
        async with served(database_url, tmp_path, BROKER_URL=broker.url) as server, pair(server) as people:
            cursor, _ = await people.cursors()
            async with apart(server, people.mara, people.theo) as (mara, theo):
                events = mara.subscribe(documents.INBOX, after=cursor)
                for text in ("one", "two"):
                    await people.send(theo, text)
                    assert await body(events) == text
                    await settle(mara)
                broker.kill()
                # The message is stored all the same.
                await people.send(theo, "three")
                await asyncio.to_thread(broker.start)
                assert await body(events, within=10) == "three"
                await settle(mara)
                await people.send(theo, "four")
                assert await body(events, within=10) == "four"
                await settle(mara)
                await people.send(theo, "five")
                assert await body(events) == "five"
    assert "canary" not in server.log.read_text()
