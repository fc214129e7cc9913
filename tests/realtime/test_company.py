"""Companies: whoever rests at one place of a log is offered the same, whatever the others do meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import pytest

from models.inbox import Entry, Kind, Stretch
from realtime import logs
from realtime.bells import Bells
from realtime.company import Company
from realtime.logs import UNSEEN, UNSHOWN, Delivery, Found, Place


class Log:
    """An account's log, of which each event is shown as its position, or as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account = uuid4()
        self.end = self.reads = 0
        self.shown: dict[int, bytes] = {}
        monkeypatch.setattr(logs, "_read", self._read)

    async def _read(self, places: Sequence[Place]) -> list[Found]:
        self.reads += 1
        return [self._found(position) for _, position, _ in places]

    def _found(self, after: int) -> Found:
        following = range(after + 1, self.end + 1)
        entries = [Entry(self.account, position, Kind.GOAL_CHANGED, UUID(int=position)) for position in following]
        deliveries = [Delivery(one, "", self.shown.get(one.position, b"%d" % one.position)) for one in entries]
        return Found(Stretch("e", self.end, entries), deliveries)


class Member:
    """Notes what it takes, and how it was woken."""

    def __init__(self, takes: Callable[[bytes], bool] = lambda _: True) -> None:
        self.taken: list[bytes] = []
        self.woken: list[tuple[int, list[int], Exception | None]] = []
        self._takes = takes

    def offer(self, shown: bytes) -> bool:
        taken = self._takes(shown)
        if taken:
            self.taken.append(shown)
        return taken

    def wake(self, position: int, left: Sequence[Delivery] = (), error: Exception | None = None) -> None:
        self.woken.append((position, [delivery.event.position for delivery in left], error))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(monkeypatch)


def joined(bells: Bells, log: Log, *members: Member) -> Company:
    for member in members:
        company = bells.companies.join(member, member.offer, (log.account, "e", 0), None, 60)
    return company


async def happens(bells: Bells, log: Log, company: Company, events: int) -> None:
    """So many events, at once; returns when they were handed over."""
    log.end += events
    company.look()
    async with asyncio.timeout(10):
        while company.is_asking or bells.logs._rounds:  # noqa: ASYNC110 - a state has no event
            await asyncio.sleep(0)


def has_ended(bells: Bells) -> bool:
    return not bells._waiting and not bells.companies._known and not bells.resting._due


async def test_a_member_that_fails_is_woken_with_its_error_and_the_others_are_given_all_once(log: Log) -> None:
    wrong = RuntimeError("the transport is closed")

    def fail(_: bytes) -> bool:
        raise wrong

    bells, first, broken, last = Bells(), Member(), Member(fail), Member()
    company = joined(bells, log, first, broken, last)
    await happens(bells, log, company, 2)
    await happens(bells, log, company, 1)
    assert first.taken == last.taken == [b"1", b"2", b"3"]
    assert first.woken == last.woken == []
    assert [(position, error) for position, _, error in broken.woken] == [(0, wrong)]
    for member in (first, last):
        company.discard(member)
    assert has_ended(bells)


async def test_a_member_that_is_full_is_woken_with_what_is_left_and_offered_no_more_of_it(log: Log) -> None:
    bells, full, empty = Bells(), Member(lambda shown: shown != b"2"), Member()
    company = joined(bells, log, full, empty)
    await happens(bells, log, company, 3)
    assert (full.taken, full.woken) == ([b"1"], [(1, [2, 3], None)])
    assert (empty.taken, empty.woken) == ([b"1", b"2", b"3"], [])
    assert (len(company), company.position) == (1, 3)


async def test_a_company_whose_members_are_all_full_ends_and_reads_no_further(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "BATCH", 3)
    bells, one, other = Bells(), Member(lambda shown: shown != b"2"), Member(lambda _: False)
    company = joined(bells, log, one, other)
    await happens(bells, log, company, 3)
    assert (one.woken, other.woken) == ([(1, [2, 3], None)], [(0, [1, 2, 3], None)])
    assert log.reads == 1
    assert has_ended(bells)


async def test_what_was_not_shown_wakes_all_and_what_is_not_seen_wakes_nobody(log: Log) -> None:
    bells, one, other = Bells(), Member(), Member()
    company = joined(bells, log, one, other)
    log.shown = {1: UNSEEN, 3: UNSHOWN}
    await happens(bells, log, company, 4)
    assert one.taken == other.taken == [b"2"]
    assert one.woken == other.woken == [(2, [3, 4], None)]
    assert has_ended(bells)
