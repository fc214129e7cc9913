"""A world: servers on one PostgreSQL, people in pairs, and the history of what they do."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from models.account import Account
from models.conversation import Message
from models.database import connect
from models.inbox import Cursor, Inbox, InboxEvent
from models.session import Session
from schema.inbox import SUBJECTS
from schema.node import global_id_of
from tests import people as community
from tests.journeys.nemesis import documents, history
from tests.journeys.nemesis.deeds import SEND, Plan
from tests.journeys.nemesis.people import LOST, Person
from tests.journeys.server import Server
from tests.postgres import create_database, drop_database

# Two mentees in three people, each with two mentors: so that inboxes are of several conversations.
MENTORS_EACH = 2


class World:
    """Who and what is there. `begin` and `record` are called when nothing else happens."""

    def __init__(self, postgres_url: str, database: str, url: str, servers: Sequence[Server], seed: int) -> None:
        self.postgres_url = postgres_url
        self.database = database
        self.url = url
        self.servers = servers
        self.chance = Random(seed)
        self.people: list[Person] = []
        self.history = history.History(seed)

    async def populate(self, number: int) -> None:
        """Make so many people, a third of them mentors, and their mentorships."""
        async with connect(self.url):
            names = [f"Person{place}" for place in range(number)]
            accounts = [await community.person(name, capacity=number) for name in names]
            mentors = accounts[: max(1, number // 3)]
            for place, mentee in enumerate(accounts[len(mentors) :]):
                for turn in range(min(MENTORS_EACH, len(mentors))):
                    await community.pair(mentors[(place + turn) % len(mentors)], mentee)
            self.people = [await self._person(*one) for one in zip(names, accounts, strict=True)]

    async def _person(self, name: str, account: Account) -> Person:
        _, token = await Session.open(account)
        # Everybody's chance is their own: what one meets does not change what another does.
        return Person(name, token, self.servers, Random(self.chance.random()))

    async def begin(self) -> None:
        """Read what everybody sees at first, and follow from there on, on every device."""
        for person in self.people:
            viewer = await person.ask(self.servers[0], documents.VIEWER)
            person.id = viewer["profile"]["id"]
            cursor = Cursor.parse(viewer["inboxCursor"])
            self.history.logs[person.id] = history.Log(cursor.epoch, cursor.position, cursor.position)
            state = self.history.before[person.id] = await self._state(person, self.servers[0])
            person.conversations = list(state["conversations"])
            person.counterparts = {key: one.pop("counterpart")["id"] for key, one in state["conversations"].items()}
            for conversation in person.conversations:
                self.history.conversations.setdefault(conversation, []).append(person.id)
            self.history.mentorships.update({key: one["conversation"] for key, one in state["mentorships"].items()})
            for device in person.devices:
                device.cursor = viewer["inboxCursor"]
                device.start()
        await self.until(lambda: all(device.sockets for person in self.people for device in person.devices), 20)
        # Some pairs may end; the first that each mentee has goes on, so that everybody keeps one.
        for person in self.people[len(self.people) // 3 :]:
            person.endable = list(self.mentorships_of(person)[1:])

    def mentorships_of(self, person: Person) -> list[tuple[str, str]]:
        """The person's mentorships, each with its conversation, in the order of their ids: the oldest first."""
        found = self.history.mentorships.items()
        return sorted(pair for pair in found if person.id in self.history.conversations[pair[1]])

    async def until(self, condition: Any, seconds: float) -> bool:
        """Wait until something is so. False where it was not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def settle(self) -> None:
        """Let the servers do other things for every device: its feed has nothing more to read then, and sleeps."""
        for device in (device for person in self.people for device in person.devices):
            for _ in range(5):
                await device.ask(documents.VIEWER, {})

    async def last_words(self) -> None:
        """A message in every conversation that is open: what it rings for is all that had no bell before."""
        for conversation, (one, *_) in self.history.conversations.items():
            person = next(person for person in self.people if person.id == one)
            said = {"conversationId": conversation, "body": f"{person.next_key()}: That was all."}
            await person.do(SEND, Plan(conversation, said))

    async def record(self, patience: float) -> history.History:
        """The history, when every device has heard all that there is, or `patience` seconds are over."""
        self.history.attempts, self.history.devices = [], []
        async with connect(self.url):
            await self._read_logs()
            await self.until(self._caught_up, patience)
            await self._read_messages()
        for person in self.people:
            server = self.chance.choice(self.servers)
            state = self.history.after[person.id] = await self._state(person, server)
            for conversation in state["conversations"].values():
                del conversation["counterpart"]
            self.history.attempts.extend(person.attempts)
            for device in person.devices:
                device.check()
                self.history.devices.append(history.Device(person.id, device.name, list(device.heard)))
        return self.history

    def _caught_up(self) -> bool:
        return all(
            device.position >= self.history.logs[person.id].end for person in self.people for device in person.devices
        )

    async def _read_logs(self) -> None:
        for who, log in self.history.logs.items():
            account_id = who.partition(":")[2]
            place = await Inbox.get(id=account_id)
            log.epoch, log.end = place.epoch, place.position
            log.events = []
            for event in await InboxEvent.filter(account_id=account_id, position__gt=log.start).order_by("position"):
                model, seen_as, _ = SUBJECTS[event.kind]
                subject = global_id_of(model, event.subject_id)
                log.events.append(history.Event(event.position, place.epoch, seen_as.__name__, subject))

    async def _read_messages(self) -> None:
        self.history.stored = [
            history.Stored(
                f"Message:{one.id}",
                f"Conversation:{one.conversation_id}",
                one.number,
                f"Profile:{one.author_id}",
                one.client_id,
                one.body,
            )
            for one in await Message.all()
        ]

    async def _state(self, person: Person, server: Server) -> history.State:
        conversations = {}
        for node in await self._nodes(person, server, documents.CONVERSATIONS):
            shown = {name: value for name, value in node.items() if name != "id"}
            conversations[node["id"]] = {**shown, "messages": await self._messages(person, server, node["id"])}
        mentorships = {
            node["id"]: {"status": node["status"], "conversation": node["conversation"]["id"]}
            for node in await self._nodes(person, server, documents.MENTORSHIPS)
        }
        return {"conversations": conversations, "mentorships": mentorships}

    async def _nodes(self, person: Person, server: Server, document: str) -> list[Any]:
        answer = await patiently(person, server, document)
        return [edge["node"] for edge in answer["edges"]]

    async def _messages(self, person: Person, server: Server, conversation: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        page: dict[str, Any] = {"endCursor": None, "hasNextPage": True}
        while page["hasNextPage"]:
            answer = await patiently(person, server, documents.MESSAGES, id=conversation, after=page["endCursor"])
            page = answer["messages"]["pageInfo"]
            found.update({edge["node"]["id"]: edge["node"] for edge in answer["messages"]["edges"]})
        return found


async def patiently(person: Person, server: Server, document: str, **variables: Any) -> Any:
    """A read that is tried again where the network or the machine is slow."""
    for _ in range(5):
        try:
            return await person.ask(server, document, **variables)
        except LOST:
            await asyncio.sleep(0.2)
    return await person.ask(server, document, **variables)


@asynccontextmanager
async def world(
    postgres_url: str, template: str, folder: Path, seed: int, people: int, servers: Sequence[type[Server]]
) -> AsyncIterator[World]:
    """A world whose servers run, on a new database, with people who know each other and follow their inboxes."""
    name = f"nemesis_{uuid4().hex[:12]}"
    url = await create_database(postgres_url, name, template)
    running = [kind(url, folder / f"server-{place}.log") for place, kind in enumerate(servers)]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(drop_database, postgres_url, name)
        for server in running:
            stack.push(server)
        here = World(postgres_url, name, url, running, seed)
        starting = asyncio.gather(*(asyncio.to_thread(server.start) for server in running))
        await here.populate(people)
        await starting
        for person in here.people:
            stack.push_async_callback(person.close)
        await here.begin()
        yield here
