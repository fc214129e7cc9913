"""The sweeper: what happens because time passes. Each step is safe to run in several processes at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import structlog

from models.attachment import Attachment
from models.conversation import Notification, ScheduledMessage
from models.files import Store
from models.matching import MatchingInput
from models.missed_mail import MissedMail
from models.profile import Profile
from models.request import expire_overdue
from models.retention import Retention
from models.session import Session
from models.video import VideoSession, VideoSignal
from realtime.background import beside

log = structlog.get_logger()

STEPS = (
    ScheduledMessage.send_due,
    expire_overdue,
    VideoSession.sweep,
    VideoSignal.forget,
    Session.forget_ended,
    Notification.forget,
    MissedMail.forget,
    MatchingInput.forget,
    Profile.keep_weeks,
)


async def sweep(store: Store, retention: Retention) -> None:
    """One round: messages and requests whose time has come, people who left calls without a word, what nobody needs."""
    for step in (*STEPS, retention.prune):
        await _tried(step.__qualname__, step())
    for of_files in (Attachment.sweep, Attachment.sweep_orphans):
        await _tried(of_files.__qualname__, of_files(store))


async def _tried(step: str, work: Awaitable[object]) -> None:
    try:
        await work
    except Exception:
        # The next round tries again; one step's trouble is not the others'.
        log.exception("a sweep failed", step=step)


@asynccontextmanager
async def sweeping(seconds: float, store: Store, retention: Retention) -> AsyncIterator[None]:
    """Sweep every so many seconds, for as long as the block lasts."""

    async def rounds() -> None:
        while True:
            await sweep(store, retention)
            await asyncio.sleep(seconds)

    async with beside(rounds):
        yield
