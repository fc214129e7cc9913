"""Delivery: what it costs a server to hand one event to 200 sockets; ours, and graphql-ws with ws on Node.

`make bench`, or `python -m benches.delivery --help`. The events are stored by this process, as by another worker: what
is measured is a server that is rung for, reads, and writes to its sockets. The subjects take turns.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from benches.crowd import INBOX, Person, crowd, many_files
from benches.peers import LIVE, command
from benches.read_path import databases
from benches.results import Samples, save, show
from benches.servers import Cpu, Postgres, Server, ours, spent
from models.conversation import Conversation
from models.database import connect
from realtime.broker import broker

SOCKETS = 200
OURS, DEVICES, SAME = "ours, 200 accounts", "ours, 40 accounts of 5 devices", "ours, one account: the same bytes"


class Listeners:
    """A process of benches.listeners."""

    def __init__(self, port: int, tokens: list[str | None], document: str = INBOX) -> None:
        self._given = json.dumps({"port": port, "document": document, "tokens": tokens})
        self.many = len(tokens)
        self._wanted = 0

    def __enter__(self) -> "Listeners":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benches.listeners"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say(self._given)
        self.hear("ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def want(self, events: int) -> None:
        """So many more events are expected, by each socket."""
        self._wanted += events * self.many
        self._say(f"want {self._wanted}")

    def hear(self, word: str) -> None:
        """Wait until it says so."""
        assert self._process.stdout is not None
        heard = self._process.stdout.readline().strip()
        if heard != word:
            raise AssertionError(f"the listeners said {heard!r} and not {word!r}")

    def freeze(self) -> None:
        """From now on nothing is read."""
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> dict[str, Any]:
        """What came, and when."""
        self._say("stop")
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)


@asynccontextmanager
async def storing(url: str, person: Person) -> AsyncIterator[Any]:
    """Sends a message as this person, as another worker would; the function returns once it is stored."""
    async with connect(url), broker(url):
        talk = await Conversation.get(id=person.conversation)

        async def send(number: int) -> None:
            await talk.send(body(), by=person.account, client_id=f"{time.monotonic_ns()} {number}")

        yield send


def body() -> str:
    """What is said: it begins with the time at which it is sent."""
    return f"sent at {time.monotonic_ns()}; thanks for today, I wrote down what we said I should try."


@asynccontextmanager
async def notifying(url: str) -> AsyncIterator[Any]:
    """The same for the peer: the whole event, in a notification."""
    connection = await asyncpg.connect(url)

    async def send(number: int) -> None:
        message = {
            "__typename": "Message", "id": "Message:01a2102f-2fa6-7099-b903-80045ad972f9", "number": number,
            "body": body(), "createdAt": "2026-11-24T10:00:00.123456+00:00", "clientId": None,
            "author": {"id": "Profile:01a2102f-2fa6-7099-b903-80045ad972f9", "name": "Person 0"},
        }  # fmt: skip
        event = {"__typename": "MessageCreated", "cursor": "MzA1MjlhYWEuNAA", "message": message}
        await connection.execute("SELECT pg_notify('peer', $1)", json.dumps(event))

    try:
        yield send
    finally:
        await connection.close()


async def measure(send: Any, listeners: Listeners, events: int) -> None:
    """Send events one after the other, each when all have had the one before."""
    for number in range(events):
        listeners.want(1)
        await send(number + 1)
        await asyncio.get_running_loop().run_in_executor(None, listeners.hear, "had")


class Subject:
    """A server with its sockets."""

    def __init__(self, name: str, url: str, tokens: list[str | None], start: list[str], sending: Any) -> None:
        self.name = name
        self.sending = sending
        self.server = Server(start, DATABASE_URL=url, CONNECTIONS_PER_ADDRESS="0", SOCKETS_PER_ACCOUNT=str(SOCKETS))
        self._tokens = tokens

    @contextmanager
    def listening(self) -> Iterator[Listeners]:
        """Its sockets, open."""
        with self.server, Listeners(self.server.port, self._tokens) as listeners:
            yield listeners


async def run(subject: Subject, listeners: Listeners, events: int, database: Postgres) -> tuple[Cpu, Cpu]:
    """One round: the CPU seconds of the server, and of the database."""
    async with subject.sending() as send:
        # The first ones compile.
        await measure(send, listeners, 5)
        before, earlier = subject.server.cpu(), database.cpu()
        await measure(send, listeners, events)
        return {0: spent(before, subject.server.cpu())}, {0: spent(earlier, database.cpu())}


def compare(one: str, two: str, three: str, chosen: argparse.Namespace) -> Samples:
    """Every subject in turn, in each round from another one on."""
    samples = Samples()
    apart = asyncio.run(crowd(one, SOCKETS, SOCKETS))
    devices = asyncio.run(crowd(two, SOCKETS // 5, SOCKETS // 5))
    alone = asyncio.run(crowd(three, 1, 1))
    database = asyncio.run(Postgres.of(one))
    subjects = [
        Subject(OURS, one, [person.token for person in apart], ours(), lambda: storing(one, apart[0])),
        Subject(
            DEVICES, two, [person.token for person in devices for _ in range(5)], ours(),
            lambda: storing(two, devices[0]),
        ),
        Subject(SAME, three, [alone[0].token] * SOCKETS, ours(), lambda: storing(three, alone[0])),
    ]  # fmt: skip
    if chosen.peers:
        subjects.append(Subject(LIVE, one, [None] * SOCKETS, command(LIVE), lambda: notifying(one)))
    with ExitStack() as stack:
        listening = {each.name: stack.enter_context(each.listening()) for each in subjects}
        for turn in range(chosen.rounds + 1):
            for index in range(len(subjects)):
                each = subjects[(index + turn) % len(subjects)]
                cpu, other = asyncio.run(run(each, listening[each.name], chosen.events, database))
                if turn:
                    deliveries = chosen.events * SOCKETS
                    samples.add("one event to 200 sockets", each.name, "CPU us/delivery", 1e6 * cpu[0] / deliveries)
                    samples.add("one event to 200 sockets", each.name, "database us", 1e6 * other[0] / deliveries)
        for each in subjects:
            told = listening[each.name].stop()
            if told["lost"]:
                raise AssertionError(f"{each.name} lost sockets: {told}")
            samples.add("one event to 200 sockets", each.name, "p99 ms", told["p99"])
            samples.add("one event to 200 sockets", each.name, "bytes", told["bytes"])
    return samples


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure the delivery of events.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=50, help="of each subject in each round")
    parser.add_argument("--peers", action="store_true", help="also graphql-ws with ws, of benches/peers")
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    many_files()
    with databases("postgres", ("apart", "devices", "same")) as (one, two, three):
        rows = compare(one, two, three, chosen).rows()
    show(rows)
    if not chosen.no_save:
        method = f"medians of {chosen.rounds} rounds of {chosen.events} events"
        print("\nSaved:", save("delivery", rows, method=method).name)


if __name__ == "__main__":
    main()
