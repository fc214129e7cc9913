"""Schedules that random runs seldom meet, driven from outside against a real server process; one for each mutant.

A schedule is played in a world of a mentor and two mentees. It holds what it has to hold by the database's
own locks, so that nothing depends on how fast the machine is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.journeys.nemesis.deeds import SEND, Plan
from tests.journeys.nemesis.history import Attempt
from tests.journeys.nemesis.mutants import COMMIT_GATE, READ_GATE
from tests.journeys.nemesis.people import Person
from tests.journeys.nemesis.world import World

PATIENCE = 20.0

# A message whose body says so waits with its commit while the gate is held: a constraint that is looked at last.
HELD = "hold the commit"
TRIGGER = f"""
    CREATE OR REPLACE FUNCTION nemesis_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.body LIKE '%{HELD}%' THEN PERFORM pg_advisory_xact_lock_shared({COMMIT_GATE}); END IF; RETURN NULL;
    END $$;
    DROP TRIGGER IF EXISTS nemesis_gate ON message;
    CREATE CONSTRAINT TRIGGER nemesis_gate AFTER INSERT ON message DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION nemesis_gate();
"""
WAITING_AT = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
WAITING_FOR = "SELECT pid FROM pg_stat_activity WHERE pg_blocking_pids(pid) && $1::int[]"


async def sent_three_times_under_one_key(world: World) -> None:
    """A client that hears no answer sends again, and again."""
    person = world.people[-1]
    plan = _words(person, person.conversations[0], "Once")
    key = person._key
    attempt = await person.do(SEND, plan)
    for _ in range(2):
        await person._try(attempt, SEND, {**plan.said, "clientId": key}, careful=True)
    assert len(attempt.later) == 2


async def killed_when_it_commits(world: World) -> None:
    """The server is killed while the commit of a message has begun; whoever was told that it is stored was told so."""
    person = world.people[-1]
    (server,) = world.servers
    async with _gate(world, COMMIT_GATE) as gate:
        await gate.execute(TRIGGER)
        sending = asyncio.create_task(_once(person, person.conversations[0], HELD))
        committing = await _found(gate, WAITING_AT, COMMIT_GATE)
        # An answer that is on its way arrives: the server answers others, sent later, before.
        for _ in range(5):
            await person.ask(server, "query { viewer { id } }")
        await asyncio.wait([sending], timeout=0.5)
        server.kill()
        await gate.fetch("SELECT pg_terminate_backend(pid, 5000) FROM unnest($1::int[]) AS pid", committing)
        await sending
    await asyncio.to_thread(server.start)


async def stored_when_the_feeds_have_read(world: World) -> None:
    """All feeds have read to the end. Before they do anything else, a message is stored and rung for."""
    async with _feeds_held(world):
        await _say(world, "Just now")


async def two_for_one_ring(world: World) -> None:
    """While the feeds are held two messages are stored: what they hear of both is one ring."""
    async with _feeds_held(world):
        await _say(world, "First")
        await _say(world, "Second")


async def recorded_first_and_committed_last(world: World) -> None:
    """Two people write to one inbox. The first to be numbered commits last, or lets the second wait."""
    reader, first, second = world.people
    (slow,), (quick,) = first.conversations, second.conversations
    start = max(device.position for device in reader.devices)
    async with _gate(world, COMMIT_GATE) as gate:
        await gate.execute(TRIGGER)
        sending = [asyncio.create_task(first.do(SEND, _words(first, slow, HELD)))]
        committing = await _found(gate, WAITING_AT, COMMIT_GATE)
        sending.append(asyncio.create_task(second.do(SEND, _words(second, quick, "Quick"))))

        async def overtaken_or_waiting() -> bool:
            heard = all(device.position > start for device in reader.devices)
            return (sending[1].done() and heard) or bool(await gate.fetch(WAITING_FOR, committing))

        await _until(overtaken_or_waiting)
    await asyncio.gather(*sending)


Schedule = Callable[[World], Awaitable[None]]

SCHEDULES: dict[str, tuple[Schedule, str]] = {
    "no_idempotency": (sent_three_times_under_one_key, "no doubles"),
    "acknowledge_before_commit": (killed_when_it_commits, "acknowledged is stored"),
    "replay_before_subscribe": (stored_when_the_feeds_have_read, "catches up"),
    "trust_the_push": (two_for_one_ring, "contiguous cursors"),
    "positions_without_a_lock": (recorded_first_and_committed_last, "contiguous cursors"),
}
"""For each mutant: the schedule that shows it, and the promise that it breaks."""


@asynccontextmanager
async def _feeds_held(world: World) -> AsyncIterator[None]:
    """Every device has come back; its feed has read to the end, and goes on when the block ends."""
    devices = [device for person in world.people for device in person.devices]
    await world.settle()
    async with _gate(world, READ_GATE) as gate:
        for device in devices:
            device.drop()

        async def all_wait() -> bool:
            return len(await gate.fetch(WAITING_AT, READ_GATE)) == len(devices)

        await _until(all_wait)
        yield


async def _say(world: World, body: str) -> None:
    person = world.people[-1]
    await person.do(SEND, _words(person, person.conversations[0], body))


def _words(person: Person, conversation: str, body: str) -> Plan:
    return Plan(conversation, {"conversationId": conversation, "body": f"{person.next_key()}: {body}"})


async def _once(person: Person, conversation: str, body: str) -> Attempt:
    """One try, whatever comes of it."""
    return await person.do(SEND, _words(person, conversation, body), tries=1)


@asynccontextmanager
async def _gate(world: World, number: int) -> AsyncIterator[Any]:
    """Holds a gate meanwhile; gives the connection that holds it."""
    connection = await asyncpg.connect(world.url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", number)
        yield connection
    finally:
        await connection.close()


async def _found(connection: Any, query: str, value: Any) -> list[int]:
    """The backends that the query finds, as soon as there is one."""
    found: list[int] = []

    async def some() -> bool:
        found[:] = [row["pid"] for row in await connection.fetch(query, value)]
        return bool(found)

    await _until(some)
    return found


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - a state has no event
            await asyncio.sleep(0.01)
