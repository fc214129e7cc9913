"""Troubles: what the nemesis does to servers, database, broker and network. A new one is an entry of `TROUBLES`."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import asyncpg

from tests.journeys.nemesis.world import World
from tests.journeys.server import Server
from tests.postgres import execute, identifier

Trouble = Callable[[World, Random], Awaitable[None]]

ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid = ANY($2)"
BACKENDS = "SELECT pid, application_name FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'"


async def kill_servers(world: World, chance: Random) -> None:
    """SIGKILL to one of them, or to all, as in a power cut; they are started again after a while."""
    killed = chance.choice(([chance.choice(world.servers)], world.servers))
    for server in killed:
        server.kill()
    await asyncio.sleep(chance.uniform(0, 1))
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in killed))


async def stop_a_server(world: World, chance: Random) -> None:
    """SIGTERM: it tells its sockets to come back, and finishes what runs. Then it is started again."""
    server = chance.choice(world.servers)
    status = await asyncio.to_thread(server.stop)
    assert status in (0, -signal.SIGTERM), f"a server that was told to stop ended with {status}"
    await asyncio.to_thread(server.start)


async def end_backends(world: World, chance: Random) -> None:
    """The database ends some of the servers' connections, or all, in the middle of what they do."""
    part = chance.choice((0.3, 1.0))
    await _end(world, lambda _: chance.random() < part)


async def cut_the_broker(world: World, chance: Random) -> None:
    """What listens is cut off, and cannot come back for a while."""
    alter = f"ALTER DATABASE {identifier(world.database)} ALLOW_CONNECTIONS"
    await execute(world.postgres_url, f"{alter} false")
    try:
        await _end(world, lambda name: name in ("alongside listens", "alongside rings"))
        await asyncio.sleep(chance.uniform(0.3, 2))
    finally:
        await execute(world.postgres_url, f"{alter} true")


async def drop_sockets(world: World, chance: Random) -> None:
    """Half of the devices lose the network, and the servers get resets."""
    for person in world.people:
        for device in person.devices:
            if chance.random() < 0.5:
                device.drop()


async def pause_a_server(world: World, chance: Random) -> None:
    """SIGSTOP: it answers nothing, and goes on seconds later as if nothing had been."""
    server = chance.choice(world.servers)
    _signal(server, signal.SIGSTOP)
    try:
        await asyncio.sleep(chance.uniform(0.5, 3))
    finally:
        _signal(server, signal.SIGCONT)


TROUBLES: list[Trouble] = [
    kill_servers,
    stop_a_server,
    end_backends,
    cut_the_broker,
    drop_sockets,
    pause_a_server,
]


def _signal(server: Server, number: signal.Signals) -> None:
    assert server.process is not None
    os.kill(server.process.pid, number)


async def _end(world: World, chosen: Callable[[str], Any]) -> None:
    connection = await asyncpg.connect(world.postgres_url)
    try:
        backends = await connection.fetch(BACKENDS, world.database)
        named = [row["pid"] for row in backends if chosen(row["application_name"])]
        await connection.fetch(ENDED, world.database, named)
    finally:
        await connection.close()
