"""Who may be in a call, how it begins and ends, and what its participants tell each other."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models import clock
from models.account import Account
from models.inbox import Kind
from models.meeting import Meeting, MeetingKind
from models.refusal import RefusalCode, Refused
from models.session import digest
from models.video import (
    LEASE,
    REJOIN_WINDOW,
    SignalKind,
    VideoParticipant,
    VideoSession,
    VideoSignal,
    VideoStatus,
    session,
)
from models.video.participant import RING
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person

SECOND = timedelta(seconds=1)


async def call_of(two: Pair) -> VideoSession:
    return await VideoSession.start(two.mentorship, by=two.mentor)


async def join(call: VideoSession, by: Account, device: str = "phone", take_over: bool = False) -> VideoParticipant:
    participant, _, _ = await call.join(by=by, device_id=device, take_over=take_over)
    return participant


async def heard(participant: VideoParticipant) -> list[SignalKind]:
    return [signal.kind for signal in await VideoSignal.filter(receiver_id=participant.id).order_by("number")]


async def state(call: VideoSession) -> VideoStatus:
    return (await VideoSession.get(id=call.id)).status


async def present(call: VideoSession) -> list[VideoParticipant]:
    return await VideoParticipant.present_in(call.id)


async def test_a_call_opens_and_both_hear_of_it(database: str) -> None:
    two = await pair()
    before = await place(two.mentee)
    call = await call_of(two)
    assert (await state(call), call.live_at, call.ended_at) == (VideoStatus.OPEN, None, None)
    assert await news(two.mentee, before) == [Kind.VIDEO_SESSION_CHANGED]


async def test_when_both_start_one_at_once_they_get_the_same(database: str) -> None:
    two = await pair()
    before = await place(two.mentee)
    calls = await asyncio.gather(
        *(VideoSession.start(two.mentorship, by=one) for one in (two.mentor, two.mentee, two.mentor))
    )
    assert len({call.id for call in calls}) == 1
    assert await news(two.mentee, before) == [Kind.VIDEO_SESSION_CHANGED]


async def test_a_call_may_be_of_a_meeting_of_the_same_pair_only(database: str) -> None:
    two, others = await pair(), await pair()
    meetings = [
        await Meeting.schedule(
            one.mentorship,
            by=one.mentor,
            kind=MeetingKind.VIDEO,
            local_start=f"{clock.now().year + 1}-05-05T10:00",
            time_zone="UTC",
            minutes=30,
        )
        for one in (two, others)
    ]
    with refused(RefusalCode.NOT_FOUND, "meetingId"):
        await VideoSession.start(two.mentorship, by=two.mentor, meeting=meetings[1])
    call = await VideoSession.start(two.mentorship, by=two.mentor, meeting=meetings[0])
    assert call.meeting_id == meetings[0].id


async def test_a_retry_with_its_key_returns_the_first_call_and_after_its_end_a_new_key_opens_another(
    database: str,
) -> None:
    two = await pair()
    first = await VideoSession.start(two.mentorship, by=two.mentor, client_id="k")
    await first.end(by=two.mentee)
    assert (await VideoSession.start(two.mentorship, by=two.mentor, client_id="k")).id == first.id
    assert (await VideoSession.start(two.mentorship, by=two.mentor, client_id="l")).id != first.id


async def test_the_first_is_impolite_and_alone_and_the_second_is_polite_and_finds_the_first(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, _, found = await call.join(by=two.mentee, device_id="phone")
    assert (first.polite, found, await state(call)) == (False, [], VideoStatus.OPEN)
    before = await place(two.mentor)
    second, _, found = await call.join(by=two.mentor, device_id="laptop")
    assert (second.polite, [one.id for one in found]) == (True, [first.id])
    assert (await heard(first), await heard(second)) == ([SignalKind.JOINED], [])
    (joined,) = await VideoSignal.filter(receiver_id=first.id)
    assert (joined.number, joined.sender_id) == (1, second.id)
    assert await state(call) is VideoStatus.LIVE
    assert (await VideoSession.get(id=call.id)).live_at is not None
    assert await news(two.mentor, before) == [Kind.VIDEO_SESSION_CHANGED]


async def test_of_two_who_join_at_once_exactly_one_is_polite(database: str) -> None:
    for _ in range(3):
        two = await pair()
        call = await call_of(two)
        one, other = await asyncio.gather(join(call, two.mentor), join(call, two.mentee))
        assert {one.polite, other.polite} == {True, False}
        polite, impolite = (one, other) if one.polite else (other, one)
        assert (await heard(impolite), await heard(polite)) == ([SignalKind.JOINED], [])


async def test_after_one_has_come_back_still_exactly_one_is_polite(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    await join(call, two.mentee)
    await first.leave()
    await join(call, two.mentor)
    assert sorted(one.polite for one in await present(call)) == [False, True]


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


async def test_who_stays_hears_that_a_ghost_has_gone_before_the_next_one_joins(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    ghost = await join(call, two.mentor)
    with clock.moved(SECOND):
        stays = await join(call, two.mentee)
    with clock.moved(LEASE):
        await join(call, two.mentor, "laptop")
        assert await heard(stays) == [SignalKind.LEFT, SignalKind.JOINED]
        assert (await VideoParticipant.get(id=ghost.id)).left_at is not None
        assert sorted(one.polite for one in await present(call)) == [False, True]


async def test_one_person_joins_a_call_so_many_times_at_most_and_the_other_still_can(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MOST_JOINS", 3)
    two = await pair()
    call = await call_of(two)
    for _ in range(3):
        await join(call, two.mentor)
    with refused(RefusalCode.LIMIT_REACHED):
        await join(call, two.mentor)
    # Who was refused is still in it: nothing was half done.
    assert [one.profile_id for one in await present(call)] == [two.mentor.id]
    await join(call, two.mentee)


async def test_a_second_device_is_refused_unless_it_takes_over(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    other = await join(call, two.mentee)
    first = await join(call, two.mentor, "phone")
    with refused(RefusalCode.ALREADY_EXISTS, "takeOver"):
        await join(call, two.mentor, "laptop")
    assert [one.id for one in await present(call)] == [other.id, first.id]
    second = await join(call, two.mentor, "laptop", take_over=True)
    assert await heard(first) == [SignalKind.REPLACED]
    assert {one.id for one in await present(call)} == {second.id, other.id}
    assert (await heard(other))[-1] is SignalKind.JOINED


async def test_the_same_device_comes_back_without_asking_and_its_earlier_join_is_replaced(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    second = await join(call, two.mentor)
    assert await heard(first) == [SignalKind.REPLACED]
    assert [one.id for one in await present(call)] == [second.id]
    assert second.polite is False


@pytest.mark.parametrize("device", ["", "x" * 65, "two\nlines"])
async def test_a_device_has_a_short_visible_name(database: str, device: str) -> None:
    two = await pair()
    with refused(RefusalCode.INVALID, "deviceId"):
        await join(await call_of(two), two.mentor, device)


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


async def test_a_call_that_nobody_came_back_to_ends_after_the_rejoin_window(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    for one in (first, second):
        await one.leave()
    before = await place(two.mentor)
    with clock.moved(REJOIN_WINDOW - 5 * SECOND):
        await VideoSession.sweep()
        assert await state(call) is VideoStatus.LIVE
    with clock.moved(REJOIN_WINDOW + 5 * SECOND):
        await asyncio.gather(VideoSession.sweep(), VideoSession.sweep())
        assert await state(call) is VideoStatus.ENDED
        assert await news(two.mentor, before) == [Kind.VIDEO_SESSION_CHANGED]
        assert (await call_of(two)).id != call.id


async def test_a_sweep_that_looked_before_somebody_was_there_again_ends_nothing(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    with clock.moved(REJOIN_WINDOW):
        # Found by the sweep as forsaken; then somebody came, and went, before it was this call's turn.
        back = await join(call, two.mentor)
        await back.leave()
        await call._end_if_forsaken()
        assert await state(call) is VideoStatus.OPEN


async def test_who_comes_back_within_the_window_keeps_the_call(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    await first.leave()
    with clock.moved(REJOIN_WINDOW - 5 * SECOND):
        back = await join(call, two.mentor)
    with clock.moved(REJOIN_WINDOW + 5 * SECOND):
        await VideoSession.sweep()
        assert await state(call) is VideoStatus.OPEN
        assert [one.id for one in await present(call)] == [back.id]


async def test_a_call_lasts_while_somebody_is_there_however_long(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    with clock.moved(10 * REJOIN_WINDOW):
        # The participant beats although the session was not touched: the beat keeps both.
        await VideoParticipant.filter(id=first.id).update(lease_until=clock.now() + LEASE)
        await VideoSession.sweep()
        assert await state(call) is VideoStatus.OPEN


@pytest.mark.parametrize("side", ["mentor", "mentee"])
async def test_either_side_hangs_up_for_both_once(database: str, side: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    before = await place(two.mentee)
    for _ in range(2):
        await call.end(by=getattr(two, side))
    assert await state(call) is VideoStatus.ENDED
    assert (await heard(first), await heard(second)) == ([SignalKind.JOINED, SignalKind.ENDED], [SignalKind.ENDED])
    assert await present(call) == []
    assert await news(two.mentee, before) == [Kind.VIDEO_SESSION_CHANGED]


async def test_an_ended_call_takes_nobody_and_nothing_more(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first, second = await join(call, two.mentor), await join(call, two.mentee)
    await call.end(by=two.mentor)
    with refused(RefusalCode.WRONG_STATE, "sessionId"):
        await join(call, two.mentee)
    gone = await VideoParticipant.get(id=second.id)
    for change in (gone.heartbeat(), gone.send(first.id, SignalKind.CANDIDATES, {})):
        with refused(RefusalCode.WRONG_STATE, "ticket"):
            await change
    await gone.leave()
    await VideoSession.sweep()
    assert await state(call) is VideoStatus.ENDED
    assert (await VideoSession.get(id=call.id)).ended_at is not None


async def test_of_a_join_and_a_hanging_up_at_once_nobody_stays_in_an_ended_call(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    _, joined = await asyncio.gather(call.end(by=two.mentor), join(call, two.mentee), return_exceptions=True)
    assert await state(call) is VideoStatus.ENDED
    assert await present(call) == []
    assert (await heard(first))[-1] is SignalKind.ENDED
    if isinstance(joined, VideoParticipant):
        assert await heard(joined) == [SignalKind.ENDED]
    else:
        assert isinstance(joined, Refused)


async def test_the_end_of_the_mentorship_ends_the_call(database: str) -> None:
    two = await pair()
    call = await call_of(two)
    first = await join(call, two.mentor)
    await two.mentorship.end(by=two.mentee)
    assert await state(call) is VideoStatus.ENDED
    assert await heard(first) == [SignalKind.ENDED]


async def test_strangers_see_nothing_of_a_call_and_cannot_end_it(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    call = await call_of(two)
    await join(call, two.mentor)
    assert await VideoSession.visible_to(eve) == []
    assert await VideoParticipant.visible_to(eve) == []
    assert await VideoParticipant.visible_to(two.mentee).count() == 1
    with refused(RefusalCode.NOT_FOUND, "sessionId"):
        await call.end(by=eve)
    with refused(RefusalCode.NOT_ALLOWED):
        await VideoSession.start(two.mentorship, by=eve)


async def test_strangers_cannot_join_a_call(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    call = await call_of(two)
    with refused(RefusalCode.NOT_FOUND, "sessionId"):
        await join(call, eve)
    assert await present(call) == []
