"""Tickets, leases, and the signals of those who are in a call."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from api.sweeper import sweep
from models import clock
from models.files import store_of
from models.refusal import RefusalCode
from models.retention import Retention
from models.session import digest
from models.video import (
    LEASE,
    REJOIN_WINDOW,
    SignalKind,
    VideoParticipant,
    VideoSession,
    VideoSignal,
    VideoStatus,
    participant,
)
from models.video.participant import RING
from tests.models.expect import refused
from tests.models.video.calls import SECOND, call_of, heard, join, present, state
from tests.people import pair


async def test_a_ticket_is_random_stored_hashed_and_serves_its_own_account_only(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    participant, ticket, _ = await call.join(by=two.mentor, device_id="phone")
    assert len(ticket) >= 43
    assert (await VideoParticipant.get(id=participant.id)).ticket_hash == digest(ticket)
    assert (await VideoParticipant.of_ticket(ticket, by=two.mentor)).id == participant.id
    for somebody, what in ((two.mentee, ticket), (two.mentor, ""), (two.mentor, "\ud800"), (two.mentor, ticket[:-1])):
        with refused(RefusalCode.NOT_FOUND, "ticket"):
            await VideoParticipant.of_ticket(what, by=somebody)


async def test_a_signal_reaches_the_other_with_the_next_number(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    await second.send(first.id, SignalKind.DESCRIPTION, {"sdp": "x"})
    await second.send(first.id, SignalKind.CANDIDATES, {"candidates": []})
    signals = await VideoSignal.filter(receiver_id=first.id).order_by("number")
    assert [(one.number, one.kind, one.sender_id) for one in signals] == [
        (1, SignalKind.JOINED, second.id),
        (2, SignalKind.DESCRIPTION, second.id),
        (3, SignalKind.CANDIDATES, second.id),
    ]
    assert signals[1].content == {"sdp": "x"}
    assert await VideoSignal.visible_to(two.mentee) == []
    assert await VideoSignal.visible_to(two.mentor).count() == 3


async def test_signals_that_come_at_once_are_numbered_without_a_gap(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    await asyncio.gather(*(second.send(first.id, SignalKind.CANDIDATES, {"n": n}) for n in range(8)))
    numbers = [signal.number for signal in await VideoSignal.filter(receiver_id=first.id).order_by("number")]
    assert numbers == list(range(1, 10))


async def test_nobody_signals_to_themselves_to_another_call_or_to_who_has_left(database: str) -> None:
    two, others = await pair(), await pair()
    call, elsewhere = await call_of(two), await call_of(others)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    stranger = await join(elsewhere, others.mentor)
    await second.leave()
    for to in (first.id, stranger.id, second.id, uuid4()):
        with refused(RefusalCode.NOT_FOUND, "to"):
            await first.send(to, SignalKind.CANDIDATES, {})
    assert await heard(stranger) == []


async def test_the_last_256_signals_are_kept(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    for number in range(RING + 3):
        await second.send(first.id, SignalKind.CANDIDATES, {"n": number})
    assert RING == 256
    numbers = [signal.number for signal in await VideoSignal.filter(receiver_id=first.id).order_by("number")]
    assert numbers == list(range(5, RING + 5))
    # The ring is each receiver's own.
    await first.send(second.id, SignalKind.CANDIDATES, {})
    assert len(await heard(second)) == 1


async def test_who_leaves_is_gone_and_the_other_hears_it_once(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    for _ in range(2):
        await first.leave()
    assert [one.id for one in await present(call)] == [second.id]
    assert (await heard(second), await heard(first)) == ([SignalKind.LEFT], [SignalKind.JOINED])
    assert await state(call) is VideoStatus.LIVE
    gone = await VideoParticipant.get(id=first.id)
    with refused(RefusalCode.WRONG_STATE, "ticket"):
        await gone.send(second.id, SignalKind.CANDIDATES, {})
    with refused(RefusalCode.WRONG_STATE, "ticket"):
        await gone.heartbeat()


async def test_a_lease_that_ran_out_lapses_at_the_sweep_and_the_other_hears_it_once(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    ghost = await join(call, two.mentor)
    with clock.moved(SECOND):
        second = await join(call, two.mentee)
    with clock.moved(LEASE + SECOND / 2):
        assert [one.id for one in await present(call)] == [second.id]
        # Two processes sweep at once.
        await asyncio.gather(VideoSession.sweep(), VideoSession.sweep())
        assert (await VideoParticipant.get(id=ghost.id)).left_at is not None
        assert (await VideoParticipant.get(id=second.id)).left_at is None
        assert await heard(second) == [SignalKind.LEFT]


async def test_a_heartbeat_keeps_the_lease(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    for beat in range(1, 4):
        with clock.moved(beat * (LEASE - SECOND)):
            kept = await first.heartbeat()
            assert kept.lease_until > clock.now() + LEASE - SECOND
            await VideoSession.sweep()
    assert (await VideoParticipant.get(id=first.id)).left_at is None


async def test_who_was_passed_over_when_the_lease_ran_out_does_not_come_back_by_a_heartbeat(database: str) -> None:
    """The one who joined meanwhile found nobody there, and knows of nobody."""
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    with clock.moved(LEASE):
        second, _, found = await call.join(by=two.mentee, device_id="phone")
        assert found == []
        with refused(RefusalCode.WRONG_STATE):
            await first.heartbeat()
        assert [one.id for one in await present(call)] == [second.id]


async def test_nothing_is_passed_on_after_the_last_word_whoever_was_first(database: str) -> None:
    """A call ends, or a device is replaced, while the other side signals: many times, as only some meet."""
    for turn in range(8):
        two = await pair()
        call = await call_of(two)
        first, second = await join(call, two.mentor), await join(call, two.mentee)
        end = call.end(by=two.mentee) if turn % 2 else join(call, two.mentor, "tablet", take_over=True)
        sends = [second.send(first.id, SignalKind.DESCRIPTION, {"n": n}) for n in range(4)]
        await asyncio.gather(*sends[:2], end, *sends[2:], return_exceptions=True)
        kinds = await heard(first)
        last = SignalKind.ENDED if turn % 2 else SignalKind.REPLACED
        assert kinds.index(last) == len(kinds) - 1, kinds


async def test_who_was_replaced_while_their_offer_was_looked_at_does_not_pass_it_on(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    other = await join(call, two.mentee)
    _, ticket, _ = await call.join(by=two.mentor, device_id="phone")
    # Found by its ticket, present then.
    replaced = await VideoParticipant.of_ticket(ticket, by=two.mentor)
    await join(call, two.mentor, "tablet", take_over=True)
    before = await heard(other)
    with refused(RefusalCode.WRONG_STATE, "ticket"):
        await replaced.send(other.id, SignalKind.DESCRIPTION, {})
    assert await heard(other) == before


async def test_signals_and_tickets_are_over_a_rejoin_window_after_the_call(database: str, tmp_path: Path) -> None:
    two, others = await pair(), await pair()
    call, lasting = await call_of(two), await call_of(others)
    first, ticket, _ = await call.join(by=two.mentor, device_id="phone")
    await join(call, two.mentee)
    here, lasting_ticket, _ = await lasting.join(by=others.mentor, device_id="phone")
    await join(lasting, others.mentee)
    await call.end(by=two.mentor)
    with clock.moved(REJOIN_WINDOW - SECOND):
        await sweep(store_of(f"file://{tmp_path}"), Retention(timedelta(days=90)))
        assert len(await heard(first)) == 2
        assert (await VideoParticipant.of_ticket(ticket, by=two.mentor)).id == first.id
    with clock.moved(REJOIN_WINDOW):
        # The others have been there all the time.
        await VideoParticipant.filter(session_id=lasting.id).update(lease_until=clock.now() + LEASE)
        await sweep(store_of(f"file://{tmp_path}"), Retention(timedelta(days=90)))
        assert await heard(first) == []
        with refused(RefusalCode.NOT_FOUND, "ticket"):
            await VideoParticipant.of_ticket(ticket, by=two.mentor)
        assert await heard(here) == [SignalKind.JOINED]
        assert (await VideoParticipant.of_ticket(lasting_ticket, by=others.mentor)).id == here.id


async def test_signals_are_forgotten_a_bounded_number_at_a_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(participant, "FORGOTTEN_A_ROUND", 2)
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    await second.send(first.id, SignalKind.CANDIDATES, {})
    await call.end(by=two.mentor)
    with clock.moved(REJOIN_WINDOW):
        for left in (2, 0, 0):
            await VideoSignal.forget()
            assert await VideoSignal.all().count() == left
