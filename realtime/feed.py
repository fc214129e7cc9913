"""Feeds: what happened after a cursor, then what happens, once each and in order.

A feed listens for its bell *before* it reads the log. What is stored while it reads rings again, so nothing falls
between the replay and the live part. Behind the bell stands a slow re-read: a lost ring costs delay, never an event.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from models import bell
from models.account import Account
from models.inbox import Cursor, Inbox
from models.refusal import invalid
from models.video import SignalKind, VideoParticipant, VideoSignal
from realtime.bells import Bell, Bells
from realtime.follower import Batch, Follower
from realtime.logs import Delivery, Offer, Show

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
BATCH = 128

# After one of these there is nothing more to hear, and no reason to come back.
LAST_WORDS = {SignalKind.REPLACED, SignalKind.ENDED}


@dataclass(frozen=True, slots=True)
class Resync:
    """The log no longer reaches back to the client's cursor: read the state anew, and go on from this one."""

    cursor: str


@dataclass(frozen=True, slots=True)
class SignalsLost:
    """More signals came than are kept: join the call again."""


async def follow(
    bells: Bells,
    topic: str,
    read: Callable[[], Awaitable[Sequence[T] | None]],
    patience: float = PATIENCE_SECONDS,
    rest: Callable[[Bell, float], Awaitable[None]] | None = None,
) -> AsyncGenerator[T, None]:
    """Everything that `read` finds, whenever the topic's bell rings. `read` returns None when it is the end.

    `rest` waits for the bell in its own way.
    """
    with bells.listen(topic) as waiting:
        while True:
            waiting.hush()
            found = await read()
            if found is None:
                return
            for item in found:
                if waiting.rung and isinstance(found, Batch) and found.is_stale:
                    break
                yield item
            # What is stored after the read began rings: where it found all there was, nobody need look once more.
            if not found or (isinstance(found, Batch) and found.whole):
                await (waiting.wait(patience) if rest is None else rest(waiting, patience))


async def inbox(
    bells: Bells,
    viewer: Account,
    after: Cursor | None,
    patience: float = PATIENCE_SECONDS,
    *,
    show: Show | None = None,
    offer: Offer | None = None,
) -> AsyncGenerator[Delivery | Resync, None]:
    """The viewer's inbox events after a cursor; from now on, without one.

    `show` makes the bytes that show them, and what `offer` takes of these is not yielded.
    """
    # A cursor that does not lead on is noticed by the first read.
    start = after or (await Inbox.get(id=viewer.id)).cursor()
    follower = Follower(bells, viewer.id, start, show, offer)
    source = follow(bells, bell.inbox_of(viewer.id), follower.read, patience, follower.rest)
    async with aclosing(source) as items:
        async for item in items:
            if isinstance(item, Cursor):
                yield Resync(str(item))
                continue
            follower.position = item.event.position
            yield item


async def signals(
    bells: Bells, participant: VideoParticipant, after: int, patience: float = PATIENCE_SECONDS
) -> AsyncGenerator[VideoSignal | SignalsLost, None]:
    """A participant's signals after a number. Ends with the call, or with this participant's part in it.

    Raises `Refused` for a number that no signal has had yet.
    """
    known = await VideoParticipant.get(id=participant.id)
    if not 0 <= after <= known.last_signal:
        raise invalid("Use the seq of the last signal that you had of this ticket; 0 before the first.", "after")
    number = after
    # Something has been handed out after which nothing comes.
    ended = False

    async def read() -> Sequence[VideoSignal | SignalsLost] | None:
        nonlocal number, ended
        if ended:
            return None
        # Whether it has left is read first: a last signal that came with the leaving is then still found below.
        gone = not await VideoParticipant.exists(id=participant.id, left_at=None)
        found = await VideoSignal.filter(receiver_id=participant.id, number__gt=number).order_by("number").limit(BATCH)
        if not found:
            return None if gone else found
        if found[0].number != number + 1:
            ended = True
            return [SignalsLost()]
        found = _to_the_last_word(found)
        number, ended = found[-1].number, found[-1].kind in LAST_WORDS
        return found

    async with aclosing(follow(bells, bell.signals_of(participant.id), read, patience)) as items:
        async for item in items:
            yield item


def _to_the_last_word(found: list[VideoSignal]) -> list[VideoSignal]:
    """The signals up to the first after which there is nothing to hear; all of them, where there is none."""
    ends = (place for place, signal in enumerate(found, 1) if signal.kind in LAST_WORDS)
    return found[: next(ends, len(found))]
