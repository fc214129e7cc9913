"""The feed of a call's signals: everything after a number, once and in order, to the last word."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from models.account import Account
from models.refusal import RefusalCode
from models.video import SignalKind, VideoParticipant, VideoSession, VideoSignal
from models.video.participant import RING
from realtime import feed
from realtime.bells import Bells
from realtime.feed import SignalsLost
from tests.models.expect import refused
from tests.people import pair
from tests.realtime.feed.listening import PATIENCE, take, waits


async def two_in_a_call() -> tuple[VideoSession, VideoParticipant, VideoParticipant]:
    two = await pair()
    call = await VideoSession.start(two.mentorship, by=two.mentor)
    first, _, _ = await call.join(by=two.mentor, device_id="phone")
    second, _, _ = await call.join(by=two.mentee, device_id="laptop")
    return call, first, second


async def rest(source: AsyncGenerator[VideoSignal | SignalsLost, None]) -> list[SignalKind | None]:
    """The kinds until the feed ends; None for lost signals."""
    async with asyncio.timeout(20):
        return [item.kind if isinstance(item, VideoSignal) else None async for item in source]


async def test_signals_come_after_a_number_and_then_live(bells: Bells) -> None:
    _, first, second = await two_in_a_call()
    await second.send(first.id, SignalKind.DESCRIPTION, {"n": 1})
    source = feed.signals(bells, first, 1, PATIENCE)
    (missed,) = await take(source, 1)
    assert isinstance(missed, VideoSignal)
    assert (missed.number, missed.content) == (2, {"n": 1})
    live = await waits(source, bells)
    await second.send(first.id, SignalKind.CANDIDATES, {"n": 2})
    item = await live
    assert isinstance(item, VideoSignal)
    assert (item.number, item.content) == (3, {"n": 2})
    await source.aclose()


@pytest.mark.parametrize("ending", ["the call ends", "another device takes over"])
async def test_signals_end_after_the_last_word(bells: Bells, ending: str) -> None:
    call, first, _ = await two_in_a_call()
    mentor = await Account.get(id=first.profile_id)
    source = feed.signals(bells, first, 1, PATIENCE)
    listening = asyncio.create_task(rest(source))
    if ending == "the call ends":
        await call.end(by=mentor)
        assert await listening == [SignalKind.ENDED]
    else:
        await call.join(by=mentor, device_id="tablet", take_over=True)
        assert await listening == [SignalKind.REPLACED]
    # Who asks again later hears the same, and it ends too.
    assert (await rest(feed.signals(bells, first, 0, PATIENCE)))[-1] in feed.LAST_WORDS
    assert await rest(feed.signals(bells, first, 2, PATIENCE)) == []


async def test_signals_end_when_the_participant_has_left_and_what_came_before_is_heard(bells: Bells) -> None:
    _, first, second = await two_in_a_call()
    source = feed.signals(bells, first, 1, PATIENCE)
    live = await waits(source, bells)
    await second.send(first.id, SignalKind.CANDIDATES, {})
    await first.leave()
    item = await live
    assert isinstance(item, VideoSignal)
    assert item.kind is SignalKind.CANDIDATES
    assert await rest(source) == []
    assert bells._waiting == {}


async def test_a_leaving_of_more_than_a_batch_is_heard_to_its_end(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BATCH", 2)
    call, first, second = await two_in_a_call()
    for _ in range(4):
        await second.send(first.id, SignalKind.CANDIDATES, {})
    await call.end(by=await Account.get(id=first.profile_id))
    kinds = await rest(feed.signals(bells, first, 0, PATIENCE))
    assert kinds == [SignalKind.JOINED, *[SignalKind.CANDIDATES] * 4, SignalKind.ENDED]


async def test_nothing_is_handed_out_after_a_last_word(bells: Bells) -> None:
    call, first, second = await two_in_a_call()
    await call.end(by=await Account.get(id=first.profile_id))
    # What no sender can do: a signal behind the last word.
    await VideoSignal.create(
        receiver_id=first.id, number=3, kind=SignalKind.DESCRIPTION, sender_id=second.id, content={}
    )
    kinds = await rest(feed.signals(bells, first, 0, PATIENCE))
    assert kinds == [SignalKind.JOINED, SignalKind.ENDED]


async def test_a_gap_is_told_and_ends_the_feed(bells: Bells) -> None:
    _, first, second = await two_in_a_call()
    for _ in range(3):
        await second.send(first.id, SignalKind.CANDIDATES, {})
    await VideoSignal.filter(receiver_id=first.id, number__lte=2).delete()
    assert await rest(feed.signals(bells, first, 1, PATIENCE)) == [None]
    source = feed.signals(bells, first, 2, PATIENCE)
    (kept,) = await take(source, 1)
    assert isinstance(kept, VideoSignal)
    assert kept.number == 3
    await source.aclose()


async def test_who_missed_more_than_the_ring_holds_has_lost_signals(bells: Bells) -> None:
    _, first, second = await two_in_a_call()
    await VideoParticipant.filter(id=first.id).update(last_signal=RING)
    await second.send(first.id, SignalKind.CANDIDATES, {})
    # The very first signal has gone, and with it what followed number 0.
    assert await rest(feed.signals(bells, first, 0, PATIENCE)) == [None]


@pytest.mark.parametrize("after", [-1, 2, 2**31 - 1])
async def test_a_number_that_no_signal_has_had_is_refused(bells: Bells, after: int) -> None:
    _, first, _ = await two_in_a_call()
    with refused(RefusalCode.INVALID, "after"):
        await anext(feed.signals(bells, first, after, PATIENCE))
