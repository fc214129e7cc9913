"""Who is there: on every process, to whom they show it, and for as long as their devices are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest

from models import clock
from models.account import Account, PresenceAudience
from models.block import Block
from models.presence import shown_to
from realtime import presence as module
from realtime.bells import Bells
from realtime.broker import embedded_broker
from realtime.presence import Presence, PresenceState, Roster, presence, set_away
from tests.people import pair, person

ONLINE, AWAY, OFFLINE = PresenceState.ONLINE, PresenceState.AWAY, PresenceState.OFFLINE
AT_ONCE = 2.0


class Process:
    """One process's roster, which hears all others of this test."""

    def __init__(self, bells: Bells) -> None:
        self.time = 0.0
        self.roster = Roster(bells, grace=0.01, clock=lambda: self.time)


@asynccontextmanager
async def processes(number: int) -> AsyncIterator[list[Process]]:
    """So many processes on one broker."""
    async with AsyncExitStack() as stack:
        bells = await stack.enter_async_context(embedded_broker())
        made = [Process(bells) for _ in range(number)]
        for process in made:
            await stack.enter_async_context(process.roster.following())
        await settled()
        yield made


async def settled() -> None:
    """Let all that was whispered be heard."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until_state(roster: Roster, account: Account, state: PresenceState) -> Presence:
    """Wait for a state."""
    with roster.watch([account.id]) as waiting:
        async with asyncio.timeout(AT_ONCE):
            while (found := roster.state_of(account.id)).state is not state:
                waiting.hush()
                await waiting.wait(AT_ONCE)
    return found


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_somebody_is_there_on_every_process_while_a_device_is(database: str) -> None:
    ana, phone, laptop = await person("Ana"), uuid4(), uuid4()
    async with processes(2) as (here, there):
        assert there.roster.state_of(ana.id) == Presence(ana.id)
        with here.roster.device(ana.id, phone):
            with there.roster.device(ana.id, laptop):
                await settled()
                assert here.roster.state_of(ana.id).state is there.roster.state_of(ana.id).state is ONLINE
            await settled()
            assert there.roster.state_of(ana.id).state is ONLINE
        left = await until_state(there.roster, ana, OFFLINE)
        assert left.last_seen_at is not None
        assert abs(left.last_seen_at - clock.now()) < timedelta(minutes=1)
        assert (await until_state(here.roster, ana, OFFLINE)).last_seen_at is not None


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_device_that_comes_back_at_once_had_not_left(database: str) -> None:
    ana, phone = await person("Ana"), uuid4()
    async with processes(2) as (here, there):
        with here.roster.device(ana.id, phone):
            await settled()
        leaving = here.roster._people[ana.id].devices[phone].leaving
        assert leaving is not None
        with here.roster.device(ana.id, phone), there.roster.watch([ana.id]) as waiting:
            assert leaving.cancelled()
            await settled()
            assert there.roster.state_of(ana.id).state is ONLINE
            assert not waiting.rung


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_somebody_is_away_once_they_have_left_every_device(database: str) -> None:
    ana, phone, laptop = await person("Ana"), uuid4(), uuid4()
    async with processes(2) as (here, there):
        with here.roster.device(ana.id, phone), there.roster.device(ana.id, laptop):
            for device, away, state in (
                (phone, True, ONLINE),
                (laptop, True, AWAY),
                (phone, False, ONLINE),
            ):
                set_away(ana.id, device, away)
                await settled()
                assert here.roster.state_of(ana.id).state is there.roster.state_of(ana.id).state is state


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_nobody_says_for_another_that_they_are_away(database: str) -> None:
    ana, eve = await person("Ana"), await person("Eve")
    phone = uuid4()
    async with processes(1) as (here,):
        with here.roster.device(ana.id, phone):
            set_away(eve.id, phone, True)
            await settled()
            assert here.roster.state_of(ana.id).state is ONLINE


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_a_process_said_that_died_ends_with_its_lease(database: str) -> None:
    ana, phone = await person("Ana"), uuid4()
    async with processes(2) as (here, there):
        with here.roster.device(ana.id, phone):
            await settled()
            there.time = module.LEASE_SECONDS - 1
            assert there.roster.state_of(ana.id).state is ONLINE
            there.time = module.LEASE_SECONDS
            assert there.roster.state_of(ana.id).state is OFFLINE


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_process_that_starts_is_told_who_is_there_and_one_that_stops_says_so(database: str) -> None:
    ana, phone = await person("Ana"), uuid4()
    async with processes(1) as (here,):
        bells = here.roster._bells
        late, gone = Roster(bells), Roster(bells)
        async with gone.following():
            with gone.device(ana.id, phone):
                async with late.following():
                    await until_state(late, ana, ONLINE)
                    # Its sockets are closed, but their grace has not passed.
        await until_state(here.roster, ana, OFFLINE)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_who_left_is_forgotten(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST_SEEN_KEPT", 5)
    async with processes(2) as (here, there):
        for _ in range(20):
            account = Account(id=uuid4())
            with here.roster.device(account.id, uuid4()):
                await settled()
        # They leave in the order in which they came.
        await until_state(there.roster, account, OFFLINE)
        await settled()
        for roster in (here.roster, there.roster):
            assert not roster._people
            assert not roster._watching
            assert len(roster._last_seen) == 5


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"by": "x"}', '{"by": "x", "account": 5, "state": "ONLINE"}'])
async def test_a_whisper_that_is_not_ours_is_passed_over(text: str) -> None:
    async with processes(1) as (here,):
        here.roster._bells.whisper(module.TOPIC, text)
        with here.roster.device(account := uuid4(), uuid4()):
            await settled()
            assert here.roster.state_of(account).state is ONLINE
        here.roster._bells.whisper(module.TOPIC, text)
        await settled()


async def test_presence_is_told_to_those_whom_it_is_shown_to(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    roster = Roster(Bells())
    with roster.device(two.mentor.id, uuid4()):
        for audience, seen in (
            (PresenceAudience.NOBODY, {two.mentor.id}),
            (PresenceAudience.CONTACTS, {two.mentor.id, two.mentee.id}),
            (PresenceAudience.EVERYONE, {two.mentor.id, two.mentee.id, eve.id}),
        ):
            await Account.filter(id=two.mentor.id).update(presence=audience)
            for viewer in (two.mentor, two.mentee, eve):
                source = presence(roster, viewer, [two.mentor.id])
                (told,) = await anext(source)
                assert (told.state is ONLINE) == (viewer.id in seen)
                await source.aclose()


async def test_behind_a_block_nobody_is_there(database: str) -> None:
    two = await pair()
    roster = Roster(Bells())
    source = presence(roster, two.mentor, [two.mentee.id], pause=0)
    with roster.device(two.mentor.id, uuid4()), roster.device(two.mentee.id, uuid4()):
        assert await anext(source) == [Presence(two.mentee.id, ONLINE)]
        await Block.put(two.mentor.id, by=two.mentee)
        for viewer, other in ((two.mentor, two.mentee), (two.mentee, two.mentor)):
            assert await shown_to(viewer, [other.id, viewer.id]) == {viewer.id}
        # With what changes next, they are told as somebody of whom nothing is known.
        roster._changed(two.mentee.id)
        assert await anext(source) == [Presence(two.mentee.id)]
    await source.aclose()


async def test_first_everybody_is_told_and_then_whoever_has_changed(database: str) -> None:
    two = await pair()
    roster = Roster(Bells(), grace=0.01)
    source = presence(roster, two.mentee, [two.mentor.id, two.mentee.id], pause=0)
    assert await anext(source) == [Presence(two.mentor.id), Presence(two.mentee.id)]
    with roster.device(two.mentor.id, uuid4()):
        assert await anext(source) == [Presence(two.mentor.id, ONLINE)]
    (left,) = await anext(source)
    assert left.state is OFFLINE
    assert left.last_seen_at is not None
    # Who hides from now on is told as somebody who is not there, with no word of when they were.
    await Account.filter(id=two.mentor.id).update(presence=PresenceAudience.NOBODY)
    with roster.device(two.mentor.id, uuid4()):
        assert await anext(source) == [Presence(two.mentor.id)]
    await source.aclose()
    assert not roster._watching
