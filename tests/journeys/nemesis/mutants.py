"""Mutants: servers that break a promise in one way each, and a gate at which a feed can be held.

They are let into a real server process by `tests.journeys.nemesis.mutant_server`, and by nothing else.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg

import realtime.feed as feed
from models import bell
from models.base import Authored, Base
from models.conversation import quick
from models.inbox import Inbox, InboxEvent, Kind
from realtime.bells import Bells

# Advisory locks, by which a schedule holds a feed that has read to the end, and a commit.
READ_GATE, COMMIT_GATE = 4001, 4002


# A reference to each task, or it may be collected.
_behind: set[asyncio.Task[Any]] = set()


def step_by_step() -> None:
    """No mutant: what is sent goes the way that some of these break.

    That the quick way keeps the same promises is proved by comparing the two (tests/models/test_quick.py).
    """
    quick.is_open = lambda: False


def no_idempotency() -> None:
    """A key is forgotten: a retry makes a second message."""
    step_by_step()
    make = Authored.make.__func__  # type: ignore[attr-defined]

    async def made_before(*_: Any, **__: Any) -> None:
        return None

    async def made(cls: type[Authored], by: Any, client_id: str | None, content: Any, **fields: Any) -> Any:
        return await make(cls, by, None, content, **fields)

    Authored.made_before = made_before  # type: ignore[method-assign, assignment]
    Authored.make = classmethod(made)  # type: ignore[method-assign, assignment]


def acknowledge_before_commit() -> None:
    """The answer goes out when the unit has done its work, and the commit comes after."""
    step_by_step()
    # The package gives the decorator the name of its module.
    module = sys.modules["models.database.transaction"]
    run = module._run

    async def early(verb: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        done = asyncio.get_running_loop().create_future()

        async def noticed(*args: Any, **kwargs: Any) -> Any:
            result = await verb(*args, **kwargs)
            if not done.done():
                done.set_result(result)
            return result

        task = asyncio.create_task(run(noticed, *args, **kwargs))
        _behind.add(task)
        task.add_done_callback(_behind.discard)
        await asyncio.wait({task, done}, return_when=asyncio.FIRST_COMPLETED)
        return done.result() if done.done() else await task

    module._run = early


def replay_before_subscribe() -> None:
    """A feed reads the log, and then hangs its bell: what is stored between the two has rung already."""

    async def follow(
        bells: Bells,
        topic: str,
        read: Callable[[], Awaitable[Sequence[Any] | None]],
        patience: float = 30.0,
        rest: Any = None,
    ) -> AsyncGenerator[Any, None]:
        while found := await read():
            for item in found:
                yield item
        if found is None:
            return
        with bells.listen(topic) as waiting:
            while True:
                await waiting.wait(patience)
                waiting.hush()
                found = await read()
                if found is None:
                    return
                for item in found:
                    yield item

    feed.follow = follow  # type: ignore[assignment]


def trust_the_push() -> None:
    """Once it is live, a feed takes each ring for one event: it hands out the newest, under the next cursor."""

    async def follow(
        bells: Bells,
        topic: str,
        read: Callable[[], Awaitable[Sequence[Any] | None]],
        patience: float = 30.0,
        rest: Any = None,
    ) -> AsyncGenerator[Any, None]:
        with bells.listen(topic) as waiting:
            while found := await read():
                for item in found:
                    yield item
            while found is not None:
                rung = await waiting.wait(patience)
                waiting.hush()
                found = await read()
                for item in (found or ())[-1 if rung else 0 :]:
                    yield item

    feed.follow = follow  # type: ignore[assignment]


def positions_without_a_lock() -> None:
    """A position is given and let go before the unit is stored, as by a database's sequence."""
    step_by_step()
    pool: list[asyncpg.Pool] = []
    given = "UPDATE inbox SET position = position + 1 WHERE id = $1 RETURNING position"

    async def record(kind: Kind, subject: Base, account_ids: Iterable[UUID]) -> None:
        if not pool:
            pool.append(await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=4))
        for account_id in sorted(set(account_ids)):
            position = await pool[0].fetchval(given, account_id)
            await InboxEvent.create(account_id=account_id, position=position, kind=kind, subject_id=subject.id)
            bell.ring(bell.inbox_of(account_id))

    Inbox.record = record  # type: ignore[method-assign, assignment]


def gate() -> None:
    """No mutant: a feed that has read to the end waits while a schedule holds the gate."""
    follow = feed.follow

    def gated(
        bells: Bells, topic: str, read: Any, patience: float = 30.0, rest: Any = None
    ) -> AsyncGenerator[Any, None]:
        async def held() -> Any:
            found = await read()
            if not found:
                await pass_the_gate()
            return found

        return follow(bells, topic, held, patience, rest)

    feed.follow = gated  # type: ignore[assignment]


async def pass_the_gate() -> None:
    """Return when nobody holds the gate of the reads."""
    # Where the database is away, nobody holds anything.
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection = await asyncpg.connect(os.environ["DATABASE_URL"])
        try:
            await connection.execute("SELECT pg_advisory_lock_shared($1)", READ_GATE)
        finally:
            await connection.close()


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        no_idempotency,
        acknowledge_before_commit,
        replay_before_subscribe,
        trust_the_push,
        positions_without_a_lock,
    )
}
