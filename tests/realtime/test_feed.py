"""Feeds: everything after a place, once and in order, then what happens."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import TypeVar

import pytest
from tortoise.queryset import QuerySet

from models.account import Account
from models.database import transaction
from models.inbox import Cursor, Inbox, InboxEvent, Kind
from models.refusal import RefusalCode
from models.skill import Skill
from models.video import SignalKind, VideoParticipant, VideoSession, VideoSignal
from models.video.participant import RING
from realtime import feed
from realtime.bells import Bells
from realtime.broker import embedded_broker
from realtime.feed import Delivery, Resync, SignalsLost
from tests.models.expect import refused
from tests.people import pair, person

T = TypeVar("T")

# No test waits so long: what arrives was rung for.
PATIENCE = 1_000.0


@pytest.fixture
async def bells(database: str) -> AsyncIterator[Bells]:
    async with embedded_broker() as found:
        yield found


@transaction
async def happen(*accounts: Account, times: int = 1) -> None:
    """So many events in each account's log."""
    subject = await Skill.create(name="SQL", key=f"{await Skill.all().count()}")
    for _ in range(times):
        await Inbox.record(Kind.GOAL_CHANGED, subject, [account.id for account in accounts])


async def following(source: AsyncGenerator[T, None]) -> T:
    async with asyncio.timeout(10):
        return await anext(source)


async def take(source: AsyncGenerator[T, None], count: int) -> list[T]:
    return [await following(source) for _ in range(count)]


async def positions(source: AsyncGenerator[Delivery | Resync, None], count: int) -> list[int]:
    found = await take(source, count)
    assert all(isinstance(item, Delivery) for item in found), found
    return [item.event.position for item in found if isinstance(item, Delivery)]


async def waits(source: AsyncGenerator[T, None], bells: Bells) -> asyncio.Task[T]:
    """A task that asks for the next item, and listens already."""
    task = asyncio.ensure_future(anext(source))
    async with asyncio.timeout(20):
        # Its first read has ended when it holds no ring any more and has nothing: it sleeps.
        while not any(bell._rung._waiters for waiting in bells._waiting.values() for bell in waiting):  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert not task.done()
    return task


async def cursor(account: Account, position: int) -> Cursor:
    return (await Inbox.get(id=account.id)).cursor(position)


async def test_without_a_cursor_a_feed_begins_now(bells: Bells) -> None:
    ana = await person("Ana")
    await happen(ana, times=2)
    source = feed.inbox(bells, ana, None, PATIENCE)
    first = await waits(source, bells)
    await happen(ana)
    item = await first
    assert isinstance(item, Delivery)
    assert item.event.position == 3
    await source.aclose()


async def test_after_a_cursor_come_the_missed_events_and_then_the_live_ones(bells: Bells) -> None:
    ana = await person("Ana")
    await happen(ana, times=4)
    source = feed.inbox(bells, ana, await cursor(ana, 1), PATIENCE)
    assert await positions(source, 3) == [2, 3, 4]
    live = await waits(source, bells)
    await happen(ana, times=2)
    item = await live
    assert isinstance(item, Delivery)
    assert [item.event.position, *await positions(source, 1)] == [5, 6]
    await source.aclose()


async def test_more_than_a_batch_is_replayed_whole(bells: Bells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "BATCH", 3)
    ana = await person("Ana")
    await happen(ana, times=10)
    source = feed.inbox(bells, ana, await cursor(ana, 0), PATIENCE)
    assert await positions(source, 10) == list(range(1, 11))
    await source.aclose()


async def test_each_events_cursor_resumes_after_it(bells: Bells) -> None:
    ana = await person("Ana")
    await happen(ana, times=3)
    source = feed.inbox(bells, ana, await cursor(ana, 0), PATIENCE)
    for item in await take(source, 2):
        assert isinstance(item, Delivery)
        resumed = feed.inbox(bells, ana, Cursor.parse(item.cursor), PATIENCE)
        assert await positions(resumed, 1) == [item.event.position + 1]
        await resumed.aclose()
    await source.aclose()


class SlowRead:
    """A read of the log that has found its rows, and takes until something new is stored to hand them over."""

    def __init__(self, rows: QuerySet[InboxEvent], meanwhile: Awaitable[None]) -> None:
        self.rows = rows
        self.meanwhile = meanwhile

    async def limit(self, count: int) -> list[InboxEvent]:
        found = await self.rows.limit(count)
        await self.meanwhile
        return found


async def test_what_is_stored_while_the_feed_reads_is_not_missed(bells: Bells, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await person("Ana")
    following_rows = InboxEvent.following

    def slow_once(viewer: Account, position: int) -> SlowRead:
        monkeypatch.setattr(InboxEvent, "following", following_rows)
        return SlowRead(following_rows(viewer, position), happen(ana))

    monkeypatch.setattr(InboxEvent, "following", slow_once)
    source = feed.inbox(bells, ana, await cursor(ana, 0), PATIENCE)
    # The first read finds nothing, and only the ring that came during it tells of the event.
    assert await positions(source, 1) == [1]
    await source.aclose()


async def test_a_lost_ring_costs_delay_and_no_event(database: str) -> None:
    silent, ana = Bells(), await person("Ana")
    source = feed.inbox(silent, ana, None, patience=0.01)
    first = await waits(source, silent)
    await happen(ana)
    item = await asyncio.wait_for(first, 20)
    assert isinstance(item, Delivery)
    await source.aclose()


async def test_another_accounts_events_are_not_heard(bells: Bells) -> None:
    ana, theo = await person("Ana"), await person("Theo")
    source = feed.inbox(bells, ana, None, PATIENCE)
    first = await waits(source, bells)
    await happen(theo)
    await happen(ana)
    item = await first
    assert isinstance(item, Delivery)
    assert (item.event.account_id, item.event.position) == (ana.id, 1)
    await source.aclose()


@pytest.mark.parametrize("what", ["another epoch", "a future position"])
async def test_a_cursor_that_is_not_of_this_log_is_told_to_resync_and_goes_on_from_there(
    bells: Bells, what: str
) -> None:
    ana = await person("Ana")
    await happen(ana, times=2)
    after = Cursor("00000000", 1) if what == "another epoch" else await cursor(ana, 3)
    source = feed.inbox(bells, ana, after, PATIENCE)
    lost = await following(source)
    assert lost == Resync(str(await cursor(ana, 2)))
    await happen(ana)
    assert await positions(source, 1) == [3]
    await source.aclose()


async def test_a_cursor_at_the_end_of_the_log_is_not_told_to_resync(bells: Bells) -> None:
    ana = await person("Ana")
    await happen(ana, times=2)
    source = feed.inbox(bells, ana, await cursor(ana, 2), PATIENCE)
    first = await waits(source, bells)
    await happen(ana)
    assert isinstance(await first, Delivery)
    await source.aclose()


@pytest.mark.parametrize("kept", [2, 0], ids=["to within", "whole"])
async def test_a_cursor_before_a_log_that_was_pruned_is_told_to_resync_at_once(bells: Bells, kept: int) -> None:
    ana = await person("Ana")
    await happen(ana, times=5)
    await InboxEvent.filter(account_id=ana.id, position__lte=5 - kept).delete()
    source = feed.inbox(bells, ana, await cursor(ana, 1), PATIENCE)
    assert await following(source) == Resync(str(await cursor(ana, 5)))
    await happen(ana)
    assert await positions(source, 1) == [6]
    await source.aclose()


async def test_who_stops_listening_leaves_no_bell_behind(bells: Bells) -> None:
    ana = await person("Ana")
    await happen(ana)
    source = feed.inbox(bells, ana, await cursor(ana, 0), PATIENCE)
    await following(source)
    assert bells._waiting
    await source.aclose()
    assert bells._waiting == {}


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
