"""The feed of an inbox: everything after a place, once and in order, then what happens."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from models import clock
from models.account import Account
from models.database import transaction
from models.inbox import Cursor, Inbox, InboxEvent, Kind, Stretch
from models.retention import Retention
from models.skill import Skill
from realtime import feed, logs
from realtime.bells import Bells
from realtime.feed import Resync
from realtime.logs import Delivery
from tests.people import person
from tests.realtime.feed.listening import PATIENCE, following, take, waits


@transaction
async def happen(*accounts: Account, times: int = 1) -> None:
    """So many events in each account's log."""
    subject = await Skill.create(name="SQL", key=f"{await Skill.all().count()}")
    for _ in range(times):
        await Inbox.record(Kind.GOAL_CHANGED, subject, [account.id for account in accounts])


async def positions(source: AsyncGenerator[Delivery | Resync, None], count: int) -> list[int]:
    found = await take(source, count)
    assert all(isinstance(item, Delivery) for item in found), found
    return [item.event.position for item in found if isinstance(item, Delivery)]


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
    monkeypatch.setattr(logs, "BATCH", 3)
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


async def test_what_is_stored_while_the_feed_reads_is_not_missed(bells: Bells, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await person("Ana")
    after = InboxEvent.after

    async def slow_once(places: Sequence[tuple[UUID, int]], most: int) -> list[Stretch]:
        monkeypatch.setattr(InboxEvent, "after", after)
        found = await after(places, most)
        # It has found its rows, and takes until something new is stored to hand them over.
        await happen(ana)
        return found

    monkeypatch.setattr(InboxEvent, "after", slow_once)
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


DAYS = timedelta(days=90)


async def old_to(account: Account, position: int) -> None:
    """So much of the account's log is old, and the rest is not."""
    await InboxEvent.filter(account_id=account.id, position__lte=position).update(created_at=clock.now() - DAYS)


@pytest.mark.parametrize(("after", "pruned"), [(0, 1), (1, 3), (1, 5), (4, 5)])
async def test_a_cursor_behind_which_retention_has_pruned_is_told_to_resync(
    bells: Bells, after: int, pruned: int
) -> None:
    ana = await person("Ana")
    await happen(ana, times=5)
    await old_to(ana, pruned)
    assert await Retention(DAYS).prune() == pruned
    source = feed.inbox(bells, ana, await cursor(ana, after), PATIENCE)
    assert await following(source) == Resync(str(await cursor(ana, 5)))
    await happen(ana)
    assert await positions(source, 1) == [6]
    await source.aclose()


@pytest.mark.parametrize(("after", "pruned"), [(1, 1), (4, 2), (5, 5)])
async def test_a_cursor_to_which_the_log_still_reaches_back_hears_all_that_follows(
    bells: Bells, after: int, pruned: int
) -> None:
    ana = await person("Ana")
    await happen(ana, times=5)
    await old_to(ana, pruned)
    assert await Retention(DAYS).prune() == pruned
    source = feed.inbox(bells, ana, await cursor(ana, after), PATIENCE)
    await happen(ana)
    assert await positions(source, 6 - after) == list(range(after + 1, 7))
    await source.aclose()


@pytest.mark.parametrize("pruned", [2, 3, 4, 6, 7, 10])
async def test_a_reader_in_the_middle_of_a_page_hears_it_to_its_end_and_then_what_follows_or_to_resync(
    bells: Bells, monkeypatch: pytest.MonkeyPatch, pruned: int
) -> None:
    """It has read a page of six, and had three of them, when so many of ten go."""
    monkeypatch.setattr(logs, "BATCH", 6)
    ana = await person("Ana")
    await happen(ana, times=10)
    await old_to(ana, pruned)
    source = feed.inbox(bells, ana, await cursor(ana, 0), PATIENCE)
    assert await positions(source, 3) == [1, 2, 3]
    assert await Retention(DAYS).prune() == pruned
    assert await positions(source, 3) == [4, 5, 6]
    if pruned <= 6:
        assert await positions(source, 4) == [7, 8, 9, 10]
    else:
        assert await following(source) == Resync(str(await cursor(ana, 10)))
    await happen(ana)
    assert await positions(source, 1) == [11]
    await source.aclose()


async def test_who_listens_while_the_log_is_pruned_hears_on(bells: Bells) -> None:
    ana = await person("Ana")
    await happen(ana, times=4)
    await old_to(ana, 4)
    source = feed.inbox(bells, ana, await cursor(ana, 4), PATIENCE)
    live = await waits(source, bells)
    assert await Retention(DAYS).prune() == 4
    await happen(ana)
    item = await live
    assert isinstance(item, Delivery)
    assert item.event.position == 5
    await source.aclose()


async def test_who_stops_listening_leaves_no_bell_behind(bells: Bells) -> None:
    ana = await person("Ana")
    await happen(ana)
    source = feed.inbox(bells, ana, await cursor(ana, 0), PATIENCE)
    await following(source)
    assert bells._waiting
    await source.aclose()
    assert bells._waiting == {}
