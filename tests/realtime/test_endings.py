"""The endings of sign-ins: each socket hears of its own, and all of them look by one statement."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import pytest

from models import clock
from models.session import Session
from realtime.bells import Bells
from realtime.broker import embedded_broker
from realtime.endings import Endings
from tests.people import person


async def sign_ins(count: int) -> list[Session]:
    who = await person()
    return [(await Session.open(who))[0] for _ in range(count)]


async def waits(task: asyncio.Task[None], endings: Endings) -> None:
    """Let it look for the first time."""
    await asyncio.sleep(0)
    while endings._asked or endings._reading:  # noqa: ASYNC110 - a state has no event
        await asyncio.sleep(0.001)
    assert not task.done()


async def test_a_revoked_sign_in_has_ended_and_another_has_not(database: str) -> None:
    async with embedded_broker() as bells:
        endings = Endings(bells)
        first, second = await sign_ins(2)
        ends = [asyncio.create_task(endings.of(each)) for each in (first, second)]
        await waits(ends[1], endings)
        await first.revoke()
        await asyncio.wait_for(ends[0], 10)
        await waits(ends[1], endings)
        ends[1].cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        assert bells._waiting == {}
        assert not endings._resting._due


async def test_one_that_ended_before_anybody_waited_is_noticed(database: str) -> None:
    (session,) = await sign_ins(1)
    await (await Session.get(id=session.id)).revoke()
    await asyncio.wait_for(Endings(Bells()).of(session), 10)


async def test_a_lost_bell_costs_a_while(database: str) -> None:
    endings, (session,) = Endings(Bells(), patience=0.05), await sign_ins(1)
    ends = asyncio.create_task(endings.of(session))
    await waits(ends, endings)
    await (await Session.get(id=session.id)).revoke()
    await asyncio.wait_for(ends, 10)


async def test_a_sign_in_ends_at_its_expiry(database: str) -> None:
    (session,) = await sign_ins(1)
    session.expires_at = clock.now() + timedelta(seconds=0.05)
    await session.store("expires_at")
    await asyncio.wait_for(Endings(Bells()).of(session), 10)


async def test_all_look_by_one_statement_and_hear_of_an_outage(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[UUID]] = []

    async def broken(ids: Iterable[UUID]) -> set[UUID]:
        asked.append(set(ids))
        raise ConnectionResetError

    monkeypatch.setattr(Session, "live_among", broken)
    sessions, endings = await sign_ins(3), Endings(Bells())
    found = await asyncio.gather(*(endings.of(each) for each in sessions), return_exceptions=True)
    assert [type(each) for each in found] == [ConnectionResetError] * 3
    assert asked == [{each.id for each in sessions}]
