"""Messages from end to end: twenty pairs, one server process, PostgreSQL.

`python -m benches.messages`. Each message is sent over GraphQL on a WebSocket (`graphql-transport-ws`), stored, and
delivered through `inbox` to the other side and to the sender's second device; then its sender sends the next one, at
most 18 a second, as our sockets take 20. Measured: the CPU time of the server and of PostgreSQL for each message,
messages a second, and the time from the sending to the last of both deliveries. The peers are Node with graphql-ws and
node-postgres, which calls the same function in the database; and ejabberd and Prosody, where they are installed.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import orjson
from websockets.asyncio.client import ClientConnection, connect

from benches import peers
from benches.peers import xmpp
from benches.results import Samples, save, show
from benches.servers import Postgres, Server, ours, spent
from models.database import connect as database
from models.database.migrate import migrate
from models.session import Session
from tests.people import pair
from tests.postgres import create_database
from tests.postgres_server import postgres_server

PAIRS = 20
PACE = 1 / 18
# By what is measured: how many devices listen to each pair.
CASES = {f"{PAIRS} pairs, each message to two devices": 2, f"{PAIRS} pairs, nobody listens": 0}
ALONGSIDE, NODE = "alongside serve", "Node, graphql-ws + pg"
XMPP = xmpp.installed()

MESSAGE = "id number body createdAt author { id }"
SEND = """mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { __typename
  ... on SendMessagePayload { sent { id number createdAt body clientId author { id } } }
  ... on Refusal { code } } }"""
INBOX = f"""subscription Inbox {{ inbox {{ __typename
  ... on MessageCreated {{ cursor message {{ {MESSAGE} }} }} ... on ResyncRequired {{ cursor }} }} }}"""


@dataclass(frozen=True)
class Two:
    """A pair: the global id of their conversation, or where the other one is reached; and a token or name of each."""

    conversation: str
    sender: str
    receiver: str


# On XMPP's servers people have names, and no tokens.
CHATTERS = [Two(f"b{n}@{xmpp.HOST}", f"a{n}", f"b{n}") for n in range(PAIRS)]


async def community(url: str) -> list[Two]:
    """Twenty pairs in a new database."""
    await migrate(url)
    found = []
    async with database(url):
        for _ in range(PAIRS):
            two = await pair()
            tokens = [(await Session.open(who))[1] for who in (two.mentor, two.mentee)]
            found.append(Two(f"Conversation:{two.conversation.id}", *tokens))
    return found


class Device:
    """One socket of somebody."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        # The numbers of the messages that have come.
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    @classmethod
    async def of(cls, stack: AsyncExitStack, port: int, token: str) -> Self:
        """Connected and greeted."""
        protocol: Any = "graphql-transport-ws"
        opening = connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol], compression=None)
        device = cls(await stack.enter_async_context(opening))
        await device._say(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert orjson.loads(await device._socket.recv())["type"] == "connection_ack"
        return device

    async def listen(self, tasks: asyncio.TaskGroup) -> "asyncio.Task[None]":
        """Follow the inbox until the task is cancelled."""
        await self._say(type="subscribe", id="inbox", payload={"query": INBOX})
        return tasks.create_task(self._listening())

    async def _listening(self) -> None:
        async for text in self._socket:
            found = orjson.loads(text)
            if found["type"] == "next":
                self.heard.put_nowait(found["payload"]["data"]["inbox"]["message"]["body"])

    async def send(self, conversation: str, body: str, key: str) -> None:
        """Send a message, and wait for the answer."""
        given = {"conversationId": conversation, "body": body, "clientId": key}
        await self._say(type="subscribe", id=key, payload={"query": SEND, "variables": {"input": given}})
        answer = orjson.loads(await self._socket.recv())
        if answer["payload"]["data"]["sendMessage"]["__typename"] != "SendMessagePayload":
            raise AssertionError(answer)
        assert orjson.loads(await self._socket.recv())["type"] == "complete"

    async def _say(self, **message: Any) -> None:
        await self._socket.send(orjson.dumps(message).decode())


class Load:
    """The pairs, connected to one server by devices of one kind."""

    def __init__(self, pairs: list[Two], listeners: int, device: Any = Device) -> None:
        self._pairs = pairs
        self._listeners = listeners
        self._device = device
        self.waits: list[float] = []

    async def run(self, port: int, seconds: float, turn: str) -> float:
        """Send for so long; returns how long it took. The time of each message is in `waits`."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            listening, devices = [], []
            for two in self._pairs:
                sender = await self._device.of(stack, port, two.sender)
                tokens = (two.sender, two.receiver)[: self._listeners]
                others = tuple([await self._device.of(stack, port, token) for token in tokens])
                listening += [await device.listen(tasks) for device in others]
                devices.append((two, sender, others))
            # Until every subscription has found its place in the log.
            await asyncio.sleep(1)
            began = time.perf_counter()
            async with asyncio.TaskGroup() as talks:
                for two, sender, others in devices:
                    talks.create_task(self._talk(two, sender, others, began + seconds, turn))
            took = time.perf_counter() - began
            for task in listening:
                task.cancel()
        return took

    async def _talk(self, two: Two, sender: Any, others: tuple[Any, ...], end: float, turn: str) -> None:
        number = 0
        while (began := time.perf_counter()) < end:
            body = f"I have read the chapter; tell me where you would disagree with my notes. ({turn} {number})"
            sending = asyncio.create_task(sender.send(two.conversation, body, f"{turn}-{number}"))
            for device in others:
                assert await device.heard.get() == body
            if not others:
                await sending
            self.waits.append(time.perf_counter() - began)
            await sending
            number += 1
            await asyncio.sleep(max(0.0, began + PACE - time.perf_counter()))


@contextmanager
def subject(name: str, url: str) -> Iterator[Server]:
    """A server under measurement, started."""
    if name in XMPP:
        with xmpp.serving(name, url, [user for two in CHATTERS for user in (two.sender, two.receiver)]) as server:
            yield server
        return
    command = ours() if name == ALONGSIDE else peers.messenger()
    with Server(command, DATABASE_URL=url, DATABASE_POOL="10") as server:
        yield server


def measure(name: str, url: str, pairs: list[Two], seconds: float, turn: str, samples: Samples) -> None:
    """One round of one server."""
    device: Any = xmpp.Device if name in XMPP else Device
    postgres = asyncio.run(Postgres.of(url))
    with subject(name, url) as server:
        # Node compiles while it runs.
        asyncio.run(Load(pairs, 2, device).run(server.port, seconds / 2, f"w{turn}"))
        sent = 0
        for case, listeners in CASES.items():
            if name in XMPP and not listeners:
                # It would keep them for a receiver who is away, which is something else.
                continue
            load = Load(pairs, listeners, device)
            before, database_before = server.cpu(), postgres.cpu()
            took = asyncio.run(load.run(server.port, seconds, f"{turn}{listeners}"))
            cpu, database_cpu = spent(before, server.cpu()), spent(database_before, postgres.cpu())
            many = len(load.waits)
            sent += many
            samples.add(case, name, "server us", cpu / many * 1e6)
            samples.add(case, name, "database us", database_cpu / many * 1e6)
            samples.add(case, name, "messages/s", many / took)
            samples.add(case, name, "p50 ms", statistics.median(load.waits) * 1e3)
            samples.add(case, name, "p99 ms", statistics.quantiles(load.waits, n=100)[98] * 1e3)
        if name in XMPP and (stored := asyncio.run(xmpp.archived(name, url))) < 2 * sent:
            raise AssertionError(f"{name} has stored {stored}, of {sent} messages for two people each")


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure messages from end to end.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each server, in each round")
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    names = [ALONGSIDE, *([NODE] if peers.is_installed() else []), *XMPP]
    if NODE not in names:
        print("Node's peer is not installed: make bench-peers installs it.")
    for name in {xmpp.EJABBERD, xmpp.PROSODY} - set(XMPP):
        print(f"{name} is not installed: it is measured where the system has it.")
    samples = Samples()
    with postgres_server() as server:
        url = asyncio.run(create_database(server, "messages"))
        pairs = asyncio.run(community(url))
        urls = {name: asyncio.run(create_database(server, name.lower())) for name in XMPP}
        for turn in range(chosen.rounds):
            for index in range(len(names)):
                name = names[(index + turn) % len(names)]
                given = (urls[name], CHATTERS) if name in XMPP else (url, pairs)
                measure(name, *given, chosen.seconds, f"{turn}{index}", samples)
    rows = samples.rows()
    show(rows)
    if not chosen.no_save:
        method = f"medians of {chosen.rounds} rounds of {chosen.seconds:g} s"
        print("\nSaved:", save("messages", rows, method=method).name)


if __name__ == "__main__":
    main()
