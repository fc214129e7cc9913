"""`transaction`: the one way to write.

A task that is cancelled between BEGIN and COMMIT leaks the connection's lock for good on this stack: a client
that subscribes and disconnects could freeze the whole server. So a unit of work runs in a task of its own, under
a shield. When its caller is cancelled the unit still runs to its end, and the cancellation goes on after that. A
write may therefore be stored although nobody was left to hear so: that is what idempotency keys are for.
"""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from itertools import count
from typing import Any, ParamSpec, TypeVar

import asyncpg
import structlog
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()

RETRIES = 5

# Seconds before the first of them, at most; before each further one twice as many.
PAUSE = 0.004

# Nothing of such a unit is stored, so it may run again. PostgreSQL picks a deadlock's victim, or cannot serialise;
# and where two units met at a unique index, the second finds on its second run what the first has stored.
RETRYABLE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, IntegrityError)

_after_commit: ContextVar[list[Callable[[], None]] | None] = ContextVar("after_commit", default=None)


def transaction(verb: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Run the verb as one unit: all of it is stored, or nothing.

    A verb called within another joins the outer unit. An exception must leave the unit, or what was written before
    it stays: there are no savepoints.
    """

    @functools.wraps(verb)
    async def unit(*args: P.args, **kwargs: P.kwargs) -> T:
        if _after_commit.get() is not None:
            return await verb(*args, **kwargs)
        return await shielded(_run(verb, *args, **kwargs))

    return unit


def within_unit() -> bool:
    """Does the caller run within a unit, whose fate all that it writes shares?"""
    return _after_commit.get() is not None


def after_commit(then: Callable[[], None]) -> None:
    """Call `then` when the running unit is stored; at once outside a unit. It must not block or raise."""
    pending = _after_commit.get()
    if pending is None:
        then()
    else:
        pending.append(then)


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in a task of its own. If the caller is cancelled, `work` ends first, and then the caller."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("unit failed after its caller had gone", error=repr(error))
        raise


async def _run(verb: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    async def attempt() -> tuple[T, list[Callable[[], None]]]:
        pending: list[Callable[[], None]] = []
        token = _after_commit.set(pending)
        try:
            async with in_transaction():
                return await verb(*args, **kwargs), pending
        finally:
            _after_commit.reset(token)

    result, pending = await again(attempt)
    for then in pending:
        then()
    return result


async def again(attempt: Callable[[], Awaitable[T]]) -> T:
    """What the attempt returns. It is made again where nothing of it was stored and the next one may succeed."""
    for number in count():
        try:
            return await attempt()
        except RETRYABLE:
            if number == RETRIES:
                raise
        await asyncio.sleep(pause(number))
    raise AssertionError("attempts end by an answer or an error")


def pause(attempt: int) -> float:
    """Seconds to wait after a failed attempt, counted from 0. By chance: who met once would meet again in step."""
    return random.uniform(0, PAUSE * 2**attempt)
