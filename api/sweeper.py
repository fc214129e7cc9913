"""The sweeper: what happens because time passes. Each step is safe to run in several processes at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from models.request import MentorshipRequest
from models.session import Session
from models.video import VideoSession, VideoSignal

log = structlog.get_logger()


async def sweep() -> None:
    """One round: requests whose time is over, people who left calls without a word, what nobody needs any more."""
    for step in (MentorshipRequest.expire_overdue, VideoSession.sweep, VideoSignal.forget, Session.forget_ended):
        try:
            await step()
        except Exception:
            # The next round tries again; one step's trouble is not the others'.
            log.exception("a sweep failed", step=step.__qualname__)


@asynccontextmanager
async def sweeping(seconds: float) -> AsyncIterator[None]:
    """Sweep every so many seconds, for as long as the block lasts."""

    async def rounds() -> None:
        while True:
            await sweep()
            await asyncio.sleep(seconds)

    task = asyncio.create_task(rounds())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
