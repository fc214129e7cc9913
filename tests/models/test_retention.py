"""Retention: a log loses its beginning, and nothing else."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import clock, retention
from models.account import Account
from models.conversation import Message
from models.database import connect, transaction
from models.inbox import Inbox, InboxEvent, Kind
from models.retention import Retention
from models.skill import Skill
from tests.models.expect import place
from tests.people import pair, person

DAY = timedelta(days=1)
KEPT = 3 * DAY
SECOND = timedelta(seconds=1)


async def happen(account: Account, *days_ago: float) -> None:
    """One event for each of these in the account's log, in this order; dated by as many clocks."""
    subject = await Skill.get_or_none(key="sql") or await Skill.create(name="SQL", key="sql")

    @transaction
    async def record() -> None:
        await Inbox.record(Kind.GOAL_CHANGED, subject, [account.id])

    for days in days_ago:
        with clock.moved(-days * DAY):
            await record()


async def kept(account: Account) -> list[int]:
    return [event.position for event in await InboxEvent.following(account, 0)]


async def test_what_is_old_goes_from_each_log_and_what_is_young_stays(database: str) -> None:
    ana, theo, nobody = await person("Ana"), await person("Theo"), await person("Nobody")
    await happen(ana, 9, 4, 2, 0)
    await happen(theo, 5)
    assert await Retention(KEPT).prune() == 3
    assert await kept(ana) == [3, 4]
    assert await kept(theo) == await kept(nobody) == []
    assert await Retention(KEPT).prune() == 0
    # Where the logs end is not forgotten: what happens next has the next position.
    await happen(theo, 0)
    assert (await kept(theo), await place(theo)) == ([2], 2)


async def test_an_event_goes_when_it_is_as_old_as_is_kept_and_no_sooner(database: str) -> None:
    ana = await person("Ana")
    await happen(ana, 0)
    with clock.moved(KEPT - SECOND * 60):
        assert await Retention(KEPT).prune() == 0
    with clock.moved(KEPT):
        assert await Retention(KEPT).prune() == 1


@pytest.mark.parametrize(
    ("days_ago", "stay"),
    [
        ((9, 1, 9, 9, 1), [2, 3, 4, 5]),
        ((1, 9, 9), [1, 2, 3]),
        ((9, -400, 9), [2, 3]),
        ((4, 9, 5, 1), [4]),
    ],
    ids=["an old one behind a young one", "none at the beginning", "one of the future", "in no order"],
)
async def test_a_young_event_keeps_all_that_follows_it_however_it_is_dated(
    database: str, days_ago: Sequence[float], stay: list[int]
) -> None:
    ana = await person("Ana")
    await happen(ana, *days_ago)
    await Retention(KEPT).prune()
    assert await kept(ana) == stay


async def test_a_log_that_keeps_much_does_not_keep_the_others(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ACCOUNTS", 1)
    ana, theo = await person("Ana"), await person("Theo")
    await happen(ana, -1, *[9] * 5)
    await happen(theo, 9, 9)
    rounds = Retention(KEPT)
    # After the last account it begins anew.
    assert sorted([await rounds.prune() for _ in range(3)]) == [0, 0, 2]
    assert (await kept(ana), await kept(theo)) == ([*range(1, 7)], [])
    with clock.moved(9 * DAY):
        assert sum([await rounds.prune() for _ in range(3)]) == 6


@pytest.mark.parametrize("bound", ["OF_ONE", "MOST", "AT_ONCE"])
async def test_a_round_takes_so_much_and_the_next_ones_the_rest(
    database: str, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(retention, bound, 3)
    ana, theo = await person("Ana"), await person("Theo")
    await happen(ana, *[9] * 7, 0)
    await happen(theo, *[9] * 2, 0)
    rounds = Retention(KEPT)
    took = [await rounds.prune() for _ in range(4)]
    assert sum(took) == 9
    assert took == {"OF_ONE": [5, 3, 1, 0], "MOST": [3, 3, 3, 0], "AT_ONCE": [9, 0, 0, 0]}[bound]
    assert (await kept(ana), await kept(theo)) == ([8], [3])


async def test_a_process_that_dies_between_two_units_leaves_no_gap(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    ana, theo = await person("Ana"), await person("Theo")
    await happen(ana, *[9] * 5)
    await happen(theo, *[9] * 5)
    delete, units = retention._delete, 0

    async def dying(ids: Sequence[UUID]) -> None:
        nonlocal units
        units += 1
        if units == 3:
            raise ConnectionError("away")
        await delete(ids)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_delete", dying)
        with pytest.raises(ConnectionError):
            await Retention(KEPT).prune()
    for account in (ana, theo):
        left = await kept(account)
        assert left == [*range(6 - len(left), 6)]
    assert len(await kept(ana)) + len(await kept(theo)) == 4
    assert await Retention(KEPT).prune() == 4


async def test_processes_that_prune_at_once_while_people_write_lose_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "OF_ONE", 5)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    two = await pair()
    await happen(two.mentor, *[9] * 20)
    # What was made before is as old as the rest.
    await InboxEvent.all().update(created_at=clock.now() - 9 * DAY)

    async def prune() -> None:
        rounds = Retention(KEPT)
        for _ in range(8):
            await rounds.prune()

    async def write() -> None:
        for number in range(10):
            await two.conversation.send("Hello", by=two.mentor, client_id=f"{number}")

    await asyncio.gather(prune(), write(), prune(), prune())
    end = await place(two.mentor)
    assert await kept(two.mentor) == [*range(end - 9, end + 1)]
    assert await Message.all().count() == 10


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, derandomize=True)
@given(days=st.lists(st.integers(-1, 8), max_size=12), rounds=st.integers(1, 4))
def test_what_is_left_is_the_end_of_the_log_from_the_first_young_event(
    database_url: str, days: list[int], rounds: int
) -> None:
    async def pruned() -> None:
        async with connect(database_url):
            ana = await person("Ana")
            await happen(ana, *days)
            for _ in range(rounds):
                await Retention(KEPT).prune()
            young = [position for position, ago in enumerate(days, 1) if ago < 3]
            assert await kept(ana) == ([*range(young[0], len(days) + 1)] if young else [])

    asyncio.run(pruned())
