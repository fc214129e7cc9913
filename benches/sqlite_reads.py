"""SQLite's reads: on the event loop within a budget (ours), in a thread of our own, and over aiosqlite.

`python -m benches.sqlite_reads`. Microseconds of a read, in one process: one after the other, and sixteen at once.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosqlite
import uvloop

from benches.data import Key, fill
from benches.queries import cases
from benches.results import Samples, save, show
from models.database import connect
from models.database.sqlite import Readers
from models.session import Session
from schema.context import Context
from schema.execution import prepare, run
from schema.plan import planner

READS = 960
LOOKUP = 'SELECT "name" FROM "profile" WHERE "id" = ?'

Read = Callable[[str, list[Any]], Awaitable[Any]]


async def statements(url: str, key: Key) -> dict[str, tuple[str, list[Any]]]:
    """What the planner makes of each query, and a lookup by primary key."""
    found: dict[str, tuple[str, list[Any]]] = {"a lookup": (LOOKUP, [str(key.viewer)])}
    fetch = planner._fetch
    async with connect(url):
        session = await Session.filter(account_id=key.viewer).select_related("account").get()
        for case in cases(key):

            async def note(text: str, values: list[Any], name: str = case.name) -> Any:
                found[name] = text, [str(value) if isinstance(value, UUID) else value for value in values]
                return await fetch(text, values)

            planner._fetch = note
            await run(prepare(case.document, case.parameters, None), Context(session=session))
    planner._fetch = fetch
    return found


async def timed(read: Read, text: str, values: list[Any], at_once: int) -> tuple[float, float]:
    """The microseconds of a read: of the clock, and of this process's CPU."""

    async def one_after_the_other() -> None:
        for _ in range(READS // at_once):
            await read(text, values)

    clock, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    return (time.perf_counter() - clock) / READS * 1e6, (time.process_time() - cpu) / READS * 1e6


async def measure(path: str, rounds: int) -> Samples:
    """Every way to read, in turn."""
    asked = await statements(f"sqlite://{path}", await fill(f"sqlite://{path}"))
    readers, loop, samples = Readers(path), asyncio.get_running_loop(), Samples()

    async def in_a_thread(text: str, values: list[Any]) -> Any:
        return await loop.run_in_executor(readers._threads, readers._read, text, values)

    async with aiosqlite.connect(path) as connection:

        async def over_aiosqlite(text: str, values: list[Any]) -> Any:
            return await connection.execute_fetchall(text, values)

        ways: dict[str, Read] = {
            "on the loop": readers.read,
            "in a thread": in_a_thread,
            "aiosqlite": over_aiosqlite,
        }
        for turn in range(rounds + 1):
            for name, (text, values) in asked.items():
                for at_once in (1, 16):
                    for way, read in ways.items():
                        wall, cpu = await timed(read, text, values, at_once)
                        # The first round warms up.
                        if turn:
                            samples.add(f"{name}, {at_once} at once", way, "us", wall)
                            samples.add(f"{name}, {at_once} at once", way, "CPU us", cpu)
    readers.close()
    return samples


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure the ways to read SQLite.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = uvloop.run(measure(str(Path(folder, "one.sqlite3")), chosen.rounds)).rows()
    show(rows)
    if not chosen.no_save:
        print("\nSaved:", save("sqlite_reads", rows, method=f"medians of {chosen.rounds} rounds").name)


if __name__ == "__main__":
    main()
