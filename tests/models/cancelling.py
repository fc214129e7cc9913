"""Cancelling a caller at an exact step of its work, and what must be true of the database afterwards."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from functools import partial
from itertools import count
from typing import Any

import asyncpg
from tortoise.connection import get_connection

from models.database import dialect

Steps = dict["asyncio.Task[Any] | None", int]


class Stepped:
    """Awaits some work, and tells the number of each step: each time when the work has to wait."""

    def __init__(self, work: Awaitable[Any], at: Callable[[int], None]) -> None:
        self.work = work
        self.at = at

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self.work.__await__()
        go_on: Callable[[], Any] = partial(next, steps)
        for number in count(1):
            try:
                waiting_for = go_on()
            except StopIteration as end:
                return end.value
            self.at(number)
            try:
                go_on = partial(steps.send, (yield waiting_for))
            except BaseException as error:
                go_on = partial(steps.throw, error)
        return None


def stepped(work: Callable[..., Awaitable[Any]], steps: Steps) -> Callable[..., Stepped]:
    """The work, but the caller is cancelled at the step that is set for it."""

    def call(*args: Any, **kwargs: Any) -> Stepped:
        caller = asyncio.current_task()

        def at(number: int) -> None:
            if caller is not None and steps.get(caller) == number:
                caller.cancel()

        return Stepped(work(*args, **kwargs), at)

    return call


async def cancelled(work: Awaitable[Any], step: int, steps: Steps) -> bool:
    """Whether a caller of this work was cancelled at this step; False if the work has no such step."""
    caller = asyncio.ensure_future(work)
    steps[caller] = step
    await asyncio.wait([caller])
    if not caller.cancelled():
        caller.result()
    return caller.cancelled()


async def stored(url: str, query: str) -> Any:
    """The one value of a query on a connection of its own, which sees what is stored and nothing else."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as file:
            return file.execute(query).fetchone()[0]
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def check_nothing_is_held(url: str) -> None:
    """Raise AssertionError where a connection is held, or a transaction is open."""
    connection: Any = get_connection(dialect())
    if dialect() == "sqlite":
        assert not connection._lock.locked(), "the connection is held"
        assert not connection._connection.in_transaction, "a transaction is open"
        return
    pool = connection._pool
    assert pool is None or pool.get_idle_size() == pool.get_size(), "a connection is held"
    idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
    assert await stored(url, idle) == 0, "a transaction is open"


async def check_wholly_stored(url: str) -> int:
    """The number of messages. Raise AssertionError where a part of one is stored."""
    number = await stored(url, "SELECT count(*) FROM message")
    assert await stored(url, "SELECT sum(last_number) FROM conversation") == number
    assert await stored(url, "SELECT count(*) FROM inbox_event WHERE kind = 'MESSAGE_CREATED'") == 2 * number
    return int(number)
