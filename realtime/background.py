"""Background work: what goes on beside a block of code, and ends with it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

CANCEL_AGAIN_SECONDS = 0.1


@asynccontextmanager
async def beside(*works: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Do these works, each in a task of its own, for as long as the block lasts."""
    # The tasks are kept in a name: the event loop alone would let them be collected.
    tasks = [asyncio.create_task(work()) for work in works]
    try:
        yield
    finally:
        await ended(tasks)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, by which clients of brokers and of mail servers write,
    keeps a cancellation to itself where what it waited for is done at that moment. The task would go on, and the
    shutdown wait for ever.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)
