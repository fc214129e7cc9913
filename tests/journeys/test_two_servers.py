"""Two server processes on one PostgreSQL: what happens through the one is live on the other.

A feed reads again every 30 seconds by itself, and a socket looks after its sign-in every 15: so what arrives within
three was rung for by the broker.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.journeys import documents
from tests.journeys.caller import Caller
from tests.journeys.client import Client, Live, Rejected
from tests.journeys.pairs import Mentorship, match, mentoring
from tests.journeys.server import Server
from tests.postgres import create_database, drop_database, execute, identifier

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("two servers")]

AT_ONCE = 3.0


class Inbox:
    """What one person's inbox brings from now on."""

    def __init__(self, live: Live, after: str) -> None:
        self.live = live
        self._events = live.subscribe(documents.INBOX, after=after)

    async def next(self, kind: str, within: float = AT_ONCE) -> Any:
        """The next event, which comes in time and is of this kind."""
        async with asyncio.timeout(within):
            event = await anext(self._events)
        assert event["__typename"] == kind
        return event

    async def message(self, within: float = AT_ONCE) -> str:
        """The body of the next event, a message."""
        return str((await self.next("MessageCreated", within))["message"]["body"])


class Two:
    """A mentor on the one server, a mentee on the other, and the database of both."""

    def __init__(self, postgres_url: str, database: str, mara: Client, theo: Client, mentorship: Mentorship) -> None:
        self.postgres_url = postgres_url
        self.database = database
        self.mara = mara
        self.theo = theo
        self.mentorship = mentorship

    async def send(self, by: Client, body: str) -> None:
        """Send a message; again, under the same key, where the server has lost its database meanwhile."""
        message = {"conversationId": self.mentorship.conversation_id, "body": body, "clientId": uuid4().hex}
        while True:
            try:
                assert (await by.call(documents.SEND, input=message))["sent"]["body"] == body
                return
            except Rejected as rejected:
                if rejected.code != "INTERNAL":
                    raise

    @asynccontextmanager
    async def inboxes(self) -> AsyncIterator[tuple[Inbox, Inbox]]:
        """The inboxes of both, each on their own server, when both have heard something and wait for more."""
        query = "query { viewer { inboxCursor } }"
        cursors = [(await client.call(query))["inboxCursor"] for client in (self.mara, self.theo)]
        async with self.mara.live() as mara_live, self.theo.live() as theo_live:
            inboxes = Inbox(mara_live, cursors[0]), Inbox(theo_live, cursors[1])
            await self.send(self.mara, "Are you there?")
            for inbox in inboxes:
                assert await inbox.message() == "Are you there?"
                await settle(inbox.live)
            yield inboxes

    async def backends(self, of: str = "") -> set[int]:
        """The process ids of the servers' connections; of those only that are named like this."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE $2"
        return set(await self._fetch(query, self.database, f"{of}%"))

    async def end(self, backends: set[int]) -> None:
        """End these connections at the database's side."""
        assert all(await self._fetch("SELECT pg_terminate_backend(pid, 5000) FROM unnest($1::int[]) AS pid", backends))

    @asynccontextmanager
    async def closed_to_newcomers(self) -> AsyncIterator[None]:
        """The database takes no new connections meanwhile."""
        alter = f"ALTER DATABASE {identifier(self.database)} ALLOW_CONNECTIONS"
        await execute(self.postgres_url, f"{alter} false")
        try:
            yield
        finally:
            await execute(self.postgres_url, f"{alter} true")

    async def _fetch(self, query: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(self.postgres_url)
        try:
            return [row[0] for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()


async def settle(live: Live) -> None:
    """Let the server do a few other things: its feeds have nothing more to read then, and sleep."""
    for _ in range(5):
        await live.call("query { viewer { inboxCursor } }")


@pytest.fixture(scope="module")
async def two(
    postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Two]:
    name = f"two_{uuid4().hex[:12]}"
    url = await create_database(postgres_url, name, postgres_template)
    logs = tmp_path_factory.mktemp("servers")
    one, other = Server(url, logs / "one.log"), Server(url, logs / "other.log")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(drop_database, postgres_url, name)
        for server in (one, other):
            stack.push(server)
        await asyncio.gather(asyncio.to_thread(one.start), asyncio.to_thread(other.start))
        mara = await stack.enter_async_context(Client(one))
        theo = await stack.enter_async_context(Client(other))
        profile = (await mentoring(mara, "Mara"))["profile"]
        await theo.sign_up("Theo")
        yield Two(postgres_url, name, mara, theo, await match(mara, profile["id"], theo))


async def test_a_message_through_the_one_arrives_live_from_the_other(two: Two) -> None:
    async with two.inboxes() as (mara, theo):
        for number in range(5):
            await two.send(two.mara, f"From Mara {number}")
            assert await theo.message() == await mara.message() == f"From Mara {number}"
            await settle(mara.live)
            await two.send(two.theo, f"From Theo {number}")
            assert await mara.message() == await theo.message() == f"From Theo {number}"
            await settle(theo.live)


async def test_who_is_there_and_who_types_at_the_one_is_told_at_the_other(two: Two) -> None:
    there = "subscription($ids: [ID!]!) { presence(profileIds: $ids) { state } }"
    types = "subscription($id: ID!) { typing(conversationId: $id) { typing profile { name } } }"
    profile = (await two.mara.call("query { viewer { profile { id } } }"))["profile"]["id"]
    async with two.theo.live() as theo, asyncio.timeout(20):
        states = theo.subscribe(there, ids=[profile])
        # Where an earlier test has just closed her socket, its grace passes first.
        if await anext(states) != [{"state": "OFFLINE"}]:
            assert await anext(states) == [{"state": "OFFLINE"}]
        async with two.mara.live() as mara:
            assert await anext(states) == [{"state": "ONLINE"}]
            await mara.call("mutation { setPresence(input: {away: true}) { __typename } }")
            assert await anext(states) == [{"state": "AWAY"}]
            typing = theo.subscribe(types, id=two.mentorship.conversation_id)
            began = asyncio.create_task(anext(typing))
            await settle(theo)
            say = "mutation($id: ID!) { setTyping(input: {conversationId: $id}) { __typename } }"
            await mara.call(say, id=two.mentorship.conversation_id)
            assert await began == {"typing": True, "profile": {"name": "Mara"}}
        assert await anext(states) == [{"state": "OFFLINE"}]


async def test_signing_out_at_the_one_closes_the_sockets_on_the_other(two: Two) -> None:
    async with Client(two.mara.server) as ana, Client(two.theo.server) as elsewhere:
        await ana.sign_up("Ana")
        elsewhere.token = ana.token
        async with elsewhere.live() as live:
            await settle(live)
            await ana.call(documents.SIGN_OUT, input={})
            async with asyncio.timeout(2):
                await live.closed.wait()
            assert live.socket.close_code == 4401
        assert await elsewhere.call("query { viewer { id } }") is None


async def test_a_call_across_the_two_connects_and_ends(two: Two) -> None:
    async with two.inboxes() as (mara_inbox, theo_inbox):
        mara_live, theo_live = mara_inbox.live, theo_inbox.live
        started = await mara_live.call(documents.START_VIDEO, input={"mentorshipId": two.mentorship.id})
        ringing = (await theo_inbox.next("VideoSessionChanged"))["session"]
        assert ringing == started["session"]
        mara, theo = Caller(mara_live, brightness=60), Caller(theo_live, brightness=200)
        try:
            await mara.join(ringing["id"], "laptop")
            await theo.join(ringing["id"], "phone")
            async with asyncio.timeout(60):
                await asyncio.gather(mara.peer.frames(video=2, audio=2), theo.peer.frames(video=2, audio=2))
            assert mara.peer.brightness == pytest.approx(200, abs=10)
            assert theo.peer.brightness == pytest.approx(60, abs=10)
            await theo_live.call(documents.END_VIDEO, input={"sessionId": ringing["id"]})
            async with asyncio.timeout(AT_ONCE):
                await asyncio.gather(mara.over.wait(), theo.over.wait())
            assert (mara.heard[0], mara.heard[-1]) == ("ParticipantJoined", "SessionEnded")
        finally:
            await asyncio.gather(mara.close(), theo.close())


async def test_what_was_rung_while_the_broker_did_not_listen_is_heard_when_it_does_again(two: Two) -> None:
    async with two.inboxes() as (mara, theo):
        listening = await two.backends(of="alongside listens")
        assert len(listening) == 2
        async with two.closed_to_newcomers():
            await two.end(listening)
            await two.send(two.mara, "Can you hear me?")
        # Coming back may take a few tries.
        assert await theo.message(within=10) == "Can you hear me?"
        assert await mara.message() == "Can you hear me?"
        assert not await two.backends(of="alongside listens") & listening


async def test_a_broker_that_has_lost_its_connections_rings_again(two: Two) -> None:
    async with two.inboxes() as (mara, theo):
        lost = await two.backends(of="alongside listens")
        await two.end(lost | await two.backends(of="alongside rings"))
        async with asyncio.timeout(10):
            while len(await two.backends(of="alongside listens")) < 2:  # noqa: ASYNC110 - a state has no event
                await asyncio.sleep(0.05)
        for body in ("Can you hear me?", "And now?"):
            await settle(theo.live)
            await two.send(two.mara, body)
            assert await theo.message() == await mara.message() == body


async def test_servers_that_lose_every_connection_to_the_database_heal(two: Two) -> None:
    async with two.inboxes() as (mara, theo):
        await two.end(await two.backends())
        await two.send(two.theo, "Still there?")
        assert await mara.message() == await theo.message() == "Still there?"
        await two.send(two.mara, "Yes")
        assert await theo.message() == await mara.message() == "Yes"
