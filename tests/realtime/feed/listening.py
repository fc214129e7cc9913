"""Taking from a feed, or waiting for what it tells next."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

from realtime.bells import Bells

T = TypeVar("T")

# No test waits so long: what arrives was rung for.
PATIENCE = 1_000.0


async def following(source: AsyncGenerator[T, None]) -> T:
    async with asyncio.timeout(10):
        return await anext(source)


async def take(source: AsyncGenerator[T, None], count: int) -> list[T]:
    return [await following(source) for _ in range(count)]


async def waits(source: AsyncGenerator[T, None], bells: Bells) -> asyncio.Task[T]:
    """A task that asks for the next item, and listens already."""
    task = asyncio.ensure_future(anext(source))
    async with asyncio.timeout(20):
        # Its first read has ended when it holds no ring any more and has nothing: it sleeps.
        while not any(bell.is_waited_for for waiting in bells._waiting.values() for bell in waiting):  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert not task.done()
    return task
