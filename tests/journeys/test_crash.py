"""Crashes: people write and read over bad networks while the server is killed and started again, several times.

Afterwards each message that was acknowledged is stored once, in one order that everybody saw, and each reader who
came back with their last cursor has heard each event once.
"""

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from websockets.exceptions import WebSocketException

from models.conversation import Message
from models.database import connect
from models.inbox import Cursor, Inbox, InboxEvent, Kind
from models.profile import Profile
from tests.journeys import documents
from tests.journeys.client import Client, Live, Rejected
from tests.journeys.pairs import match, mentoring
from tests.journeys.server import Server

pytestmark = pytest.mark.timeout(120)

KILLS = 4
AFTERWARDS = 5

LOST = (OSError, WebSocketException, httpx2.TransportError)


@dataclass
class World:
    """What everybody shares: the server, and whether it is up; what was acknowledged."""

    server: Server
    chance: random.Random
    up: asyncio.Event = field(default_factory=asyncio.Event)
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list["Sent"] = field(default_factory=list)
    acknowledged: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def nemesis(self) -> None:
        """Kill the server in the middle of everything, and start it again, several times."""
        for _ in range(KILLS):
            enough = len(self.sent) + self.chance.randint(15, 40)
            async with self.acknowledged:
                while len(self.sent) < enough:
                    await self.acknowledged.wait()
            self.up.clear()
            self.server.kill()
            await asyncio.to_thread(self.server.start)
            self.up.set()
        self.calm.set()


@dataclass(frozen=True)
class Sent:
    """A message that was acknowledged: its key is its body too. Times are of when it was first tried, and answered."""

    key: str
    number: int
    tried: float
    answered: float


@dataclass
class Person:
    """Somebody with an app that sends until it is answered, and that reads on from where it was."""

    world: World
    client: Client
    account: Any
    live: Live | None = None
    heard: list[Any] = field(default_factory=list)

    @property
    def cursor(self) -> str:
        """Where to resume."""
        return str(self.heard[-1]["cursor"] if self.heard else self.account["inboxCursor"])

    async def write(self, conversation_id: str, prefix: str) -> None:
        """Send messages one after the other, until some time after the last crash."""
        number, left = 0, AFTERWARDS
        while left:
            left -= self.world.calm.is_set()
            number += 1
            key = f"{prefix}-{number}"
            message = {"conversationId": conversation_id, "body": key, "clientId": key}
            tried = time.monotonic()
            while (answer := await self._try(message)) is None:
                pass
            assert answer["sent"]["body"] == key
            self.world.sent.append(Sent(key, answer["sent"]["number"], tried, time.monotonic()))
            async with self.world.acknowledged:
                self.world.acknowledged.notify_all()

    async def _try(self, message: dict[str, str]) -> Any:
        """One try to send, in any way that a client has, or half of it. None where no answer came."""
        await self.world.up.wait()
        try:
            match self.world.chance.randrange(6):
                case 0 if self.live is not None:
                    return await self.live.call(documents.SEND, input=message)
                case 1 if self.live is not None:
                    return await self._change_my_mind(self.live, message)
                case 2:
                    # An app that is closed half-way, or a network that is gone.
                    async with asyncio.timeout(self.world.chance.uniform(0, 0.03)):
                        return await self.client.call(documents.SEND, input=message)
                case _:
                    return await self.client.call(documents.SEND, input=message)
        except LOST:
            return None
        except Rejected as rejected:
            if rejected.code != "INTERNAL":
                raise
            return None

    async def _change_my_mind(self, live: Live, message: dict[str, str]) -> None:
        """Send over the socket, and cancel that at once."""
        request = {"query": documents.SEND, "variables": {"input": message}}
        await live.socket.send(orjson.dumps({"id": "mind", "type": "subscribe", "payload": request}).decode())
        await live.socket.send(orjson.dumps({"id": "mind", "type": "complete"}).decode())

    async def read(self) -> None:
        """Listen for ever; leave now and then, with or without a goodbye, and come back."""
        while True:
            await self.world.up.wait()
            with suppress(*LOST):
                async with self.client.live() as self.live:
                    await self._listen(self.live)
            self.live = None

    async def _listen(self, live: Live) -> None:
        stay = self.world.chance.randint(1, 40)
        async for event in live.subscribe(documents.INBOX, after=self.cursor):
            self.heard.append(event)
            stay -= 1
            if stay == 0:
                if self.world.chance.random() < 0.5:
                    live.socket.transport.abort()
                return

    async def caught_up(self) -> None:
        """Return when everything was heard."""
        last = await self.client.call("query { viewer { inboxCursor } }")
        while self.cursor != last["inboxCursor"]:  # noqa: ASYNC110 - a state has no event
            await asyncio.sleep(0.01)

    def messages(self, conversation: str = "") -> list[str]:
        """The keys of the messages that were heard, in order: of all, or of one conversation by its name."""
        bodies = [event["message"]["body"] for event in self.heard if event["__typename"] == "MessageCreated"]
        return [body for body in bodies if body.startswith(conversation)]


async def test_no_crash_loses_or_doubles_what_was_acknowledged(database_url: str, tmp_path: Path) -> None:
    server = Server(database_url, tmp_path / "server.log")
    world = World(server, random.Random(7))
    async with AsyncExitStack() as stack:
        stack.enter_context(server)
        world.up.set()
        people = {}
        for name in ("Mara", "Nils", "Theo", "Uma", "Vera"):
            client = await stack.enter_async_context(Client(server))
            people[name] = Person(world, client, await mentoring(client, name))
        pairs = {"mt": ("Mara", "Theo"), "mu": ("Mara", "Uma"), "nv": ("Nils", "Vera")}
        async with asyncio.TaskGroup() as readers:
            reading = [readers.create_task(person.read()) for person in people.values()]
            async with asyncio.TaskGroup() as writers:
                for pair, names in pairs.items():
                    mentor, mentee = (people[name] for name in names)
                    found = await match(mentor.client, mentor.account["profile"]["id"], mentee.client)
                    writers.create_task(mentor.write(found.conversation_id, f"{pair}-0"))
                    writers.create_task(mentee.write(found.conversation_id, f"{pair}-1"))
                # Once they know each other: to ask and to accept is not tried again.
                writers.create_task(world.nemesis())
            async with asyncio.timeout(30):
                await asyncio.gather(*(person.caught_up() for person in people.values()))
            for task in reading:
                task.cancel()
        server.kill()
    for pair, (one, other) in pairs.items():
        assert people[one].messages(pair) == people[other].messages(pair)
    async with connect(database_url):
        await check_messages(world.sent, pairs)
        for person in people.values():
            await check_log(person)


async def check_messages(sent: list[Sent], pairs: Iterable[str]) -> None:
    """Raise AssertionError unless each acknowledged message is stored once, under the number that was answered."""
    assert len(sent) >= KILLS * 15
    stored = {message.body: message for message in await Message.all()}
    assert len(stored) == await Message.all().count(), "a message was doubled"
    assert {one.key: one.number for one in sent} == {key: message.number for key, message in stored.items()}
    assert all(message.client_id == key for key, message in stored.items())
    for pair in pairs:
        of_pair = sorted((one for one in sent if one.key.startswith(pair)), key=lambda one: one.number)
        assert [one.number for one in of_pair] == list(range(1, len(of_pair) + 1))
        check_real_time(of_pair)


async def check_log(person: Person) -> None:
    """Raise AssertionError unless the log is dense, and the person has heard all of it, once and in order."""
    profile = await Profile.get(name=person.account["profile"]["name"])
    account = await Inbox.get(id=profile.id)
    log = await InboxEvent.filter(account_id=profile.id).order_by("position")
    assert [event.position for event in log] == list(range(1, account.position + 1)), "the log is not dense"
    heard = [Cursor.parse(event["cursor"]).position for event in person.heard]
    assert heard == list(range(1, account.position + 1)), "the reader missed or doubled something"
    bodies = {message.id: message.body for message in await Message.all()}
    logged = [bodies[event.subject_id] for event in log if event.kind is Kind.MESSAGE_CREATED]
    assert logged == person.messages()
    by_key = {one.key: one for one in person.world.sent}
    check_real_time([by_key[key] for key in logged])


def check_real_time(order: Iterable[Sent]) -> None:
    """Raise AssertionError where one was answered before another was first tried, and yet stands behind it."""
    latest_try = 0.0
    for one in order:
        assert one.answered >= latest_try, f"{one} stands behind one that was tried later"
        latest_try = max(latest_try, one.tried)
