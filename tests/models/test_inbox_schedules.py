"""Schedules of the inbox log that random runs seldom meet, and mutants that show that they would be noticed.

Each schedule is a check of its own: it raises AssertionError. Mutants of the log, the bells and the feed are let in
below, and the schedules must notice.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import pytest
from tortoise.connection import get_connection

import realtime.bells
from models import bell
from models.base import Authored, Base
from models.conversation import Message
from models.inbox import Inbox, InboxEvent, Kind, Stretch
from realtime import feed
from realtime.bells import Bells
from realtime.broker import embedded_broker
from tests import people
from tests.models.readers import Reader, WatchedBell, asleep, check, check_messages, listening, until

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("database", "step_by_step")]

# A unit on SQLite holds the one connection: nobody can read or write in the middle of it.
on_postgres = pytest.mark.parametrize("engine", ["postgres"])


@pytest.fixture(autouse=True)
def watched_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime.bells, "Bell", WatchedBell)


@pytest.fixture
async def bells() -> AsyncIterator[Bells]:
    async with embedded_broker() as bells:
        yield bells


async def stored_right_before_the_sleep(bells: Bells) -> None:
    """Three times, when the feed has read, an event is stored before the feed can go to sleep."""
    pair = await people.pair()
    reader = await Reader.at_the_end(pair.mentee)
    after = InboxEvent.after
    keys = iter("123")

    async def interrupted(places: Sequence[tuple[UUID, int]], most: int) -> list[Stretch]:
        found = await after(places, most)
        if key := next(keys, None):
            await pair.conversation.send("Just now", by=pair.mentor, client_id=key)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InboxEvent, "after", interrupted)
        async with listening([reader], bells):
            await until(lambda: len(reader.heard) == 3 or asleep(bells, 1))
    await check([reader])
    assert len(reader.heard) == 3


async def committed_when_the_feed_sleeps(bells: Bells) -> None:
    """A unit has recorded its event, and goes on to commit it when the feed is asleep."""
    pair = await people.pair()
    reader = await Reader.at_the_end(pair.mentee)
    record = Inbox.record

    async def slowly(kind: Kind, subject: Base, account_ids: Iterable[UUID]) -> None:
        await record(kind, subject, account_ids)
        await until(lambda: asleep(bells, 1))

    with pytest.MonkeyPatch.context() as patch:
        async with listening([reader], bells):
            await until(lambda: asleep(bells, 1))
            patch.setattr(Inbox, "record", slowly)
            await pair.conversation.send("Just now", by=pair.mentor, client_id="1")
    await check([reader])


async def recorded_first_and_committed_last(bells: Bells) -> None:
    """Two units write to one log. The first to record commits when the second was heard, or waits for the first."""
    first = await people.pair()
    second = await people.pair(first.mentor)
    reader = await Reader.at_the_end(first.mentor)
    record = Inbox.record
    recorded = asyncio.Event()
    overtaken = False

    async def slowly(kind: Kind, subject: Base, account_ids: Iterable[UUID]) -> None:
        await record(kind, subject, account_ids)
        if not recorded.is_set():
            recorded.set()
            while not (overtaken and asleep(bells, 1)) and not await _somebody_waits_for_me():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    with pytest.MonkeyPatch.context() as patch:
        async with listening([reader], bells):
            await until(lambda: asleep(bells, 1))
            patch.setattr(Inbox, "record", slowly)
            slow = asyncio.create_task(first.conversation.send("Slow", by=first.mentee, client_id="1"))
            await recorded.wait()
            await second.conversation.send("Quick", by=second.mentee, client_id="1")
            overtaken = True
            await slow
    await check([reader])


async def _somebody_waits_for_me() -> bool:
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    return bool(await get_connection("postgres").execute_query_dict(waiting))


async def sent_three_times_under_one_key() -> None:
    """A client that hears no answer sends again, and again."""
    pair = await people.pair()
    tries = (pair.conversation.send("Once", by=pair.mentee, client_id="1") for _ in range(3))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    messages = [answer for answer in answers if isinstance(answer, Message)]
    assert len(messages) == 3, answers
    assert len({message.id for message in messages}) == 1
    await check_messages([pair], messages[:1])


async def test_what_is_stored_right_before_the_feed_sleeps_is_heard_at_once(bells: Bells) -> None:
    await stored_right_before_the_sleep(bells)


@on_postgres
async def test_a_ring_comes_after_the_commit(bells: Bells) -> None:
    await committed_when_the_feed_sleeps(bells)


@on_postgres
async def test_positions_are_given_in_the_order_of_commits(bells: Bells) -> None:
    await recorded_first_and_committed_last(bells)


async def test_a_message_sent_again_is_the_first_one() -> None:
    await sent_three_times_under_one_key()


class LateBell(WatchedBell):
    """It hears from when the feed waits, as if `listen` had registered it then."""

    __slots__ = ()

    def ring(self) -> None:
        if self.waiting:
            super().ring()


class ForgetfulBell(WatchedBell):
    """It is hushed after the read, where it should be before."""

    __slots__ = ()

    async def wait(self, patience: float) -> bool:
        self.hush()
        return await super().wait(patience)


async def read_then_listen(
    bells: Bells, topic: str, read: Callable[[], Awaitable[Sequence[Any]]], patience: float, _: Any
) -> AsyncGenerator[Any, None]:
    """`follow`, but it listens when the replay is over."""
    while found := await read():
        for item in found:
            yield item
    with bells.listen(topic) as waiting:
        while True:
            await waiting.wait(patience)
            waiting.hush()
            for item in await read():
                yield item


@pytest.mark.parametrize(
    ("place", "mutant"),
    [
        ((realtime.bells, "Bell"), LateBell),
        ((realtime.bells, "Bell"), ForgetfulBell),
        ((feed, "follow"), read_then_listen),
    ],
)
async def test_the_check_notices_a_feed_that_listens_too_late(
    place: tuple[Any, str], mutant: Any, bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*place, mutant)
    with pytest.raises(AssertionError, match="something else than its log"):
        await stored_right_before_the_sleep(bells)


@on_postgres
async def test_the_check_notices_a_ring_before_the_commit(bells: Bells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "after_commit", lambda then: then())
    with pytest.raises(AssertionError, match="something else than its log"):
        await committed_when_the_feed_sleeps(bells)


@on_postgres
async def test_the_check_notices_positions_that_no_lock_orders(bells: Bells, monkeypatch: pytest.MonkeyPatch) -> None:
    last: Counter[UUID] = Counter()

    async def record(kind: Kind, subject: Base, account_ids: Iterable[UUID]) -> None:
        for account_id in sorted(set(account_ids)):
            # As a database sequence gives them.
            last[account_id] += 1
            await InboxEvent.create(account_id=account_id, position=last[account_id], kind=kind, subject_id=subject.id)
            bell.ring(bell.inbox_of(account_id))

    monkeypatch.setattr(Inbox, "record", record)
    with pytest.raises(AssertionError, match="told to resync"):
        await recorded_first_and_committed_last(bells)


async def test_the_check_notices_a_forgotten_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async def made_before(*_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(Authored, "made_before", made_before)
    with pytest.raises(AssertionError):
        await sent_three_times_under_one_key()
