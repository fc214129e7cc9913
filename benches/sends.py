"""Sends at the verb: 64 senders at once, the quick way and step by step.

`python -m benches.sends`. Acknowledged sends a second, and this process's CPU time for each. On SQLite each is on the
disk (`synchronous=FULL`) before it is acknowledged; those that wait at the same time are stored together.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from benches.results import Samples, save, show
from models.account import Account
from models.conversation import Conversation
from models.database import connect
from models.database.migrate import migrate
from tests.people import pair
from tests.postgres import create_database
from tests.postgres_server import postgres_server

SENDERS = 64
WAYS = {"quick": Conversation.send, "step by step": Conversation.send_in_steps}
TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@contextmanager
def new_database(kind: str) -> Iterator[str]:
    """The URL of an empty database."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite://{Path(folder, 'sends.sqlite3')}"
        return
    with postgres_server() as server:
        yield asyncio.run(create_database(server, "sends"))


async def measure(kind: str, url: str, rounds: int, seconds: float, samples: Samples) -> None:
    """Both ways in turn; the first round warms up."""
    await migrate(url)
    async with connect(url):
        pairs = [await pair() for _ in range(SENDERS // 2)]
        senders = [(two.conversation, by) for two in pairs for by in (two.mentor, two.mentee)]
        for turn in range(rounds + 1):
            for way in WAYS:
                waits: list[float] = []
                clock, cpu = time.perf_counter(), time.process_time()
                end = clock + (seconds if turn else seconds / 4)
                await asyncio.gather(*(_send(way, *one, end, f"{way[0]}{turn}", waits) for one in senders))
                took, worked = time.perf_counter() - clock, time.process_time() - cpu
                if turn:
                    case = f"{SENDERS} senders, {TITLES[kind]}"
                    samples.add(case, way, "sends/s", len(waits) / took)
                    samples.add(case, way, "CPU us", worked / len(waits) * 1e6)
                    samples.add(case, way, "p50 ms", statistics.median(waits) * 1e3)
                    samples.add(case, way, "p99 ms", statistics.quantiles(waits, n=100)[98] * 1e3)


async def _send(way: str, conversation: Conversation, by: Account, end: float, turn: str, waits: list[float]) -> None:
    number = 0
    while (began := time.perf_counter()) < end:
        key = f"{turn}-{number}"
        await WAYS[way](conversation, "Friday at five suits me. Shall we begin with the plan?", by=by, client_id=key)
        waits.append(time.perf_counter() - began)
        number += 1


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure sends at the verb.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each way, in each round")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    samples = Samples()
    for kind in chosen.databases.split(","):
        with new_database(kind) as url:
            uvloop.run(measure(kind, url, chosen.rounds, chosen.seconds, samples))
    rows = samples.rows()
    show(rows)
    if not chosen.no_save:
        method = f"medians of {chosen.rounds} rounds of {chosen.seconds:g} s"
        print("\nSaved:", save("sends", rows, method=method, sqlite=sqlite3.sqlite_version).name)


if __name__ == "__main__":
    main()
