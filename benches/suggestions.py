"""Suggestions for one person among ten thousand, through GraphQL, on SQLite and PostgreSQL.

`python -m benches.suggestions`. Milliseconds of a query of twenty with scores, components, reasons and profiles, and
the CPU that it takes, in one process and one query after the other: while nothing changes, each after an edit of a
profile, and where 19 of 20 people do not show to the viewer. Beside it a page of the same fields that ranks nothing.
The cases take turns. And how long the pool takes to be filled when a process starts.
"""

import argparse
import statistics
import time
from collections.abc import Awaitable, Callable
from random import Random

import uvloop
from tortoise.connection import get_connection

from benches.data import fill
from benches.population import ROOTS
from benches.read_path import TITLES, databases
from benches.results import Row, save, show
from models.account import Account
from models.database import connect, dialect
from models.profile import Profile
from models.session import Session
from models.suggestion.pool import pool
from schema.context import Context
from schema.execution import prepare, run

FIELDS = "id name headline industry skillsOffered { name }"
SUGGESTIONS = f"""{{ suggestions(first: 20) {{ edges {{ score reasons
    components {{ name side weight value contribution }} node {{ {FIELDS} }} }} }} }}"""
MENTORS = f"{{ mentors(first: 20) {{ edges {{ node {{ {FIELDS} }} }} }} }}"

Before = Callable[[], Awaitable[object]]


async def describe() -> None:
    """Give the people of `benches.data` hours and texts of their own, which it leaves alike."""
    chance = Random(5)
    connection = get_connection(dialect())
    slots = ("?",) * 4 if dialect() == "sqlite" else ("$1", "$2", "$3", "$4")
    text = "UPDATE profile SET goals = {}, experience = {}, availability = {} WHERE id = {}"
    rows = []
    for profile in await Profile.all().only("id"):
        windows = ", ".join(
            f'{{"weekday": {chance.randrange(7)}, "start": {60 * hour}, "end": {60 * (hour + 3)}}}'
            for hour in chance.sample(range(8, 20), 3)
        )
        texts = [" ".join(chance.choices(ROOTS, k=chance.randint(8, 40))) for _ in range(2)]
        rows.append([*texts, f"[{windows}]", str(profile.id) if dialect() == "sqlite" else profile.id])
    await connection.execute_many(text.format(*slots), rows)
    await Profile.all().update(week_offset=None)
    while await Profile.keep_weeks():
        pass


async def nothing() -> None:
    """Nobody changes."""


async def edit() -> None:
    """Somebody changes their headline."""
    (row,) = await Profile.all().order_by("-id").limit(1)
    await row.change(by=await Account.get(id=row.id), headline=f"Since {time.time()}")


async def timed(document: str, asking: Context, before: Before, many: int, found: dict[str, list[float]]) -> None:
    """The milliseconds of each query, of the clock and of this process's CPU, with what there were before."""
    for _ in range(many):
        await before()
        clock, cpu = time.perf_counter(), time.process_time()
        answer = await run(prepare(document, {}, None), asking)
        found.setdefault("CPU ms", []).append((time.process_time() - cpu) * 1e3)
        found.setdefault("ms", []).append((time.perf_counter() - clock) * 1e3)
        assert b'"errors"' not in answer, answer


async def measure(url: str, title: str, rounds: int, many: int) -> list[Row]:
    """All cases in turn; the first round warms up."""
    case = f"one among 10,000, {title}"
    await describe()
    clock, cpu = time.perf_counter(), time.process_time()
    await pool().fresh()
    rows = [
        Row(case, "fill the pool", "seconds", round(time.perf_counter() - clock, 2)),
        Row(case, "fill the pool", "CPU s", round(time.process_time() - cpu, 2)),
    ]
    session = await Session.filter(device="bench").order_by("id").first().select_related("account")
    assert session is not None
    asking = Context(session=session)
    cases: dict[str, tuple[str, Before]] = {
        "suggestions": (SUGGESTIONS, nothing),
        "suggestions, after an edit": (SUGGESTIONS, edit),
        "mentors, not ranked": (MENTORS, nothing),
    }
    found: dict[str, dict[str, list[float]]] = {name: {} for name in cases}
    for turn in range(rounds + 1):
        for name, (document, before) in cases.items():
            await timed(document, asking, before, many, found[name] if turn else {})
    hidden = found.setdefault("suggestions, 19 of 20 hidden", {})
    shown = [row.id for row in await Profile.all().only("id").order_by("id") if row.id.int % 10 == 0]
    await Profile.exclude(id__in=shown[:500]).update(visibility="NOBODY")
    await timed(SUGGESTIONS, asking, nothing, many, {})
    await timed(SUGGESTIONS, asking, nothing, many, hidden)
    for name, metrics in found.items():
        for metric, sample in metrics.items():
            rows.append(Row(case, name, f"p50 {metric}", round(statistics.median(sample), 2)))
            rows.append(Row(case, name, f"p99 {metric}", round(statistics.quantiles(sample, n=100)[98], 2)))
    return rows


async def on(url: str, title: str, rounds: int, many: int) -> list[Row]:
    """Fill a database and measure on it."""
    await fill(url)
    async with connect(url):
        return await measure(url, title, rounds, many)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure suggestions through GraphQL.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=100, help="of each case, in each round")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    rows: list[Row] = []
    for kind in chosen.databases.split(","):
        with databases(kind) as (url, _):
            rows += uvloop.run(on(url, TITLES[kind], chosen.rounds, chosen.queries))
    show(rows)
    if not chosen.no_save:
        method = f"{chosen.rounds} rounds of {chosen.queries}"
        print("\nSaved:", save("suggestions", rows, method=method).name)


if __name__ == "__main__":
    main()
