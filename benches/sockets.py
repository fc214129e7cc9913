"""Sockets: what thousands of them cost while nothing happens, and how late messages come while much does.

`make bench`, or `python -m benches.sockets --help`. The messages are stored by a process of their own, as by another
worker; the listeners are another.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import psutil
import uvloop

from benches.crowd import Person, crowd, many_files
from benches.delivery import Listeners, body
from benches.read_path import databases
from benches.results import Row, Samples, save, show
from benches.servers import Server, ours, spent
from models import bell
from models.base import uuid7
from realtime.broker.postgres import CHANNEL

DEVICES = 2
ROUNDS = 3
LONG = 4_000


SEND = """WITH talk AS (UPDATE conversation SET last_number = last_number + 1 WHERE id = $1 RETURNING last_number),
  said AS (INSERT INTO message (id, created_at, author_id, conversation_id, number, body)
    SELECT $2, now(), $3, $1, last_number, $5 FROM talk),
  place AS (UPDATE inbox SET position = position + 1 WHERE id = ANY($4::uuid[]) RETURNING id, position)
  INSERT INTO inbox_event (id, created_at, account_id, position, kind, subject_id)
    SELECT gen_random_uuid(), now(), id, position, 'MESSAGE_CREATED', $2 FROM place"""


async def talk(url: str, people: Sequence[Person], rate: float, seconds: float, more: int = 0) -> float:
    """Send so many messages a second, in one conversation after the other. Returns how many it really were.

    `more` is how many characters each is longer.

    In one statement each, so that the sender is not what is measured; then it rings, as a worker does.
    """
    connection = await asyncpg.connect(url)
    pairs = list(zip(people[::2], people[1::2], strict=True))
    begin = time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
        pair = pairs[number % len(pairs)]
        ids = [one.account.id for one in pair]
        await connection.execute(SEND, pair[0].conversation, uuid7(), ids[0], ids, body() + more * ".")
        topics = [bell.inbox_of(each) for each in ids]
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, json.dumps(["bench", *topics]))
    took = time.monotonic() - begin
    await connection.close()
    return int(rate * seconds) / took


def memory(server: Server) -> float:
    """The memory of the server's process that is its own, in KB."""
    assert server._process is not None
    return psutil.Process(server._process.pid).memory_full_info().uss / 1024


def idle(server: Server, sockets: int, seconds: float, empty: float, samples: Samples) -> None:
    """Of one subscription to which nothing happens: its memory, and its share of a processor."""
    time.sleep(2)
    before = server.cpu()
    time.sleep(seconds)
    share = 100 * spent(before, server.cpu()) / seconds / sockets
    samples.add("idle", f"{sockets} subscriptions", "KB each", (memory(server) - empty) / sockets)
    samples.add("idle", f"{sockets} subscriptions", "% CPU each", share)


def slow(url: str, two: Sequence[Person], samples: Samples) -> None:
    """Ten thousand events of 4 KB to one socket: what the server's memory grows by at most, if its reader stops."""
    for name in ("read", "not read"):
        with Server(ours(), DATABASE_URL=url) as server, Listeners(server.port, [two[0].token]) as listeners:
            uvloop.run(talk(url, two, 500, 1, LONG))
            time.sleep(1)
            before = most = memory(server)
            if name == "not read":
                listeners.freeze()
            with ThreadPoolExecutor(1) as thread:
                talking = thread.submit(uvloop.run, talk(url, two, 2_000, 5, LONG))
                while not talking.done():
                    most = max(most, memory(server))
                    time.sleep(0.05)
                talking.result()
        samples.add("10,000 events of 4 KB", name, "KB more at most", most - before)


def spread(url: str, people: Sequence[Person], chosen: argparse.Namespace, samples: Samples) -> None:
    """The same messages to the same sockets, of one process and of two."""
    tokens: list[str | None] = [person.token for person in people for _ in range(DEVICES)]
    case = f"{chosen.rate / 2:g} messages/s to {len(tokens)} sockets"
    for turn in range(ROUNDS):
        for workers in (1, 2) if turn % 2 else (2, 1):
            command = [*ours(), "--workers", str(workers)]
            server = Server(command, DATABASE_URL=url, CONNECTIONS_PER_ADDRESS="0")
            with server, Listeners(server.port, tokens) as listeners:
                time.sleep(1)
                uvloop.run(talk(url, people, chosen.rate / 2, 5))
                time.sleep(1)
                told = listeners.stop()
            for metric in ("p50", "p99"):
                samples.add(case, f"workers: {workers}", f"{metric} ms", told[metric])


def measure(url: str, chosen: argparse.Namespace) -> list[Row]:
    """All sockets of one server."""
    people, samples = asyncio.run(crowd(url, chosen.sockets // DEVICES, 2)), Samples()
    tokens: list[str | None] = [person.token for person in people for _ in range(DEVICES)]
    with Server(ours(), DATABASE_URL=url, CONNECTIONS_PER_ADDRESS="0") as server:
        with Listeners(server.port, tokens[:50]):
            pass
        time.sleep(1)
        empty = memory(server)
        with Listeners(server.port, tokens) as listeners:
            idle(server, len(tokens), chosen.idle_seconds, empty, samples)
            before, cpu = time.monotonic(), server.cpu()
            rate = uvloop.run(talk(url, people, chosen.rate, chosen.seconds))
            time.sleep(1)
            name = f"{chosen.rate:g} messages/s to {len(tokens)} sockets"
            used = 100 * spent(cpu, server.cpu()) / (time.monotonic() - before)
            told = listeners.stop()
        if told["lost"]:
            raise AssertionError(f"sockets were lost: {told}")
    for metric, value in (
        ("messages/s", rate), ("deliveries", told["came"]), ("server CPU %", used), ("p50 ms", told["p50"]),
        ("p99 ms", told["p99"]), ("worst ms", told["worst"]),
    ):  # fmt: skip
        samples.add(name, "ours", metric, value)
    spread(url, people[: len(people) // 5], chosen, samples)
    slow(url, people[:2], samples)
    return samples.rows()


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure many sockets.")
    parser.add_argument("--sockets", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=200, help="messages a second")
    parser.add_argument("--seconds", type=float, default=10, help="of messages")
    parser.add_argument("--idle-seconds", type=float, default=30)
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    many_files()
    with databases("postgres") as (url, _):
        rows = measure(url, chosen)
    show(rows)
    if not chosen.no_save:
        method = f"{chosen.idle_seconds:g} s idle, {chosen.seconds:g} s of messages"
        print("\nSaved:", save("sockets", rows, method=method).name)


if __name__ == "__main__":
    main()
