"""A run: people live, the nemesis troubles them, then it is calm, and the history is told."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.journeys.nemesis.checker import Violation, violations
from tests.journeys.nemesis.deeds import LAST_DEEDS
from tests.journeys.nemesis.history import History
from tests.journeys.nemesis.troubles import TROUBLES
from tests.journeys.nemesis.world import World, world
from tests.journeys.server import Server

# A feed reads again by itself after thirty seconds: what is heard within this was rung for.
CATCH_UP_SECONDS = 12.0

# What an end may take after the last trouble: a server that lost its broker tries again within seconds.
CALM_SECONDS = 1.0


@dataclass(frozen=True)
class Size:
    """How much happens: how many people, the longest pause between two deeds of one of them (in seconds), how many
    pairs part, and the longest pause between two troubles (in seconds)."""

    people: int
    pace: float
    ends: int
    rest: float


SHORT = Size(people=12, pace=0.5, ends=3, rest=0.6)
LONG = Size(people=30, pace=1.2, ends=8, rest=3.0)


async def run(
    postgres_url: str,
    template: str,
    folder: Path,
    seed: int,
    seconds: float,
    size: Size = SHORT,
    server: type[Server] = Server,
) -> History:
    """The history of so many seconds of trouble. Everybody's decisions follow from the seed; their timing does not."""
    async with world(postgres_url, template, folder, seed, size.people, [server, server]) as here:
        calm = asyncio.Event()
        async with asyncio.TaskGroup() as living:
            for person in here.people:
                living.create_task(person.live(calm, size.pace))
            living.create_task(_part(here, calm, size.ends, seconds))
            try:
                await _trouble(here, Random(seed), seconds, size.rest)
            finally:
                calm.set()
        await asyncio.sleep(CALM_SECONDS)
        await here.last_words()
        return await here.record(CATCH_UP_SECONDS)


async def _trouble(here: World, chance: Random, seconds: float, rest: float) -> None:
    """Each trouble once, in some order, and again until the time is over."""
    began = time.monotonic()
    left = []
    while left or time.monotonic() < began + seconds:
        left = left or chance.sample(TROUBLES, len(TROUBLES))
        trouble = left.pop()
        await asyncio.sleep(chance.uniform(0.1, rest))
        start = time.monotonic()
        await trouble(here, chance)
        here.history.troubles.append((start, f"{trouble.__name__} for {time.monotonic() - start:.1f} s"))


async def _part(here: World, calm: asyncio.Event, ends: int, seconds: float) -> None:
    """Mentorships end, and people block others, in the middle of it all."""
    for place in range(ends):
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds / (ends + 1)):
                await calm.wait()
        person = here.chance.choice([one for one in here.people if one.endable] or here.people)
        deed = LAST_DEEDS[place % len(LAST_DEEDS)]
        if (plan := deed.plan(person, here.chance)) is not None:
            await person.do(deed, plan, calm)


class Broken(AssertionError):
    """Promises were broken. It says which, where the history is, and how to run it again."""


def judge(history: History, folder: Path, seconds: float) -> None:
    """Raise `Broken`, and keep the history in a file, where it breaks a promise."""
    found = violations(history)
    if found:
        path = folder / f"nemesis-{history.seed}.json"
        history.write(path)
        raise Broken(told(found, history.seed, path, seconds))


def told(found: list[Violation], seed: int, path: Path, seconds: float) -> str:
    """The violations for people, not more than a screen of them."""
    lines = [f"{one.promise}: {one.detail}" for one in found[:20]]
    return "\n".join(
        [
            f"{len(found)} violations with seed {seed}; the history is in {path}",
            f"again: make nemesis SEED={seed} SECONDS={seconds:.0f}",
            *lines,
        ]
    )
