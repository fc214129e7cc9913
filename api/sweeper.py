"""The sweeper: what happens because time passes. Each step is safe to run in several processes at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from models.conversation import ScheduledMessage
from models.request import MentorshipRequest
from models.session import Session
from models.video import VideoSession, VideoSignal

log = structlog.get_logger()

STEPS = (
    ScheduledMessage.send_due,
    MentorshipRequest.expire_overdue,
    VideoSession.sweep,
    VideoSignal.forget,
    Session.forget_ended,
)


async def sweep() -> None:
    """One round: messages and requests whose time has come, people who left calls without a word, what nobody needs."""
    for step in STEPS:
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
