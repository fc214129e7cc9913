"""How a call begins, lasts and ends, and who sees it."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from models import clock
from models.account import Account
from models.inbox import Kind
from models.meeting import Meeting, MeetingKind
from models.refusal import RefusalCode, Refused
from models.video import LEASE, REJOIN_WINDOW, SignalKind, VideoParticipant, VideoSession, VideoStatus
from tests.models.expect import news, place, refused
from tests.models.video.calls import SECOND, call_of, heard, join, present, state
from tests.people import pair, person


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


async def test_a_key_that_found_a_running_call_finds_the_same_after_its_end_and_nobody_rings_again(
    database: str,
) -> None:
    two = await pair()
    running = await call_of(two)
    assert (await VideoSession.start(two.mentorship, by=two.mentee, client_id="k")).id == running.id
    await running.end(by=two.mentor)
    before = await place(two.mentor)
    assert (await VideoSession.start(two.mentorship, by=two.mentee, client_id="k")).id == running.id
    assert await news(two.mentor, before) == []
    # A key is one person's own.
    assert (await VideoSession.start(two.mentorship, by=two.mentor, client_id="k")).id != running.id


async def test_tries_with_one_key_at_once_get_one_call(database: str) -> None:
    two = await pair()
    calls = await asyncio.gather(*(VideoSession.start(two.mentorship, by=two.mentor, client_id="k") for _ in range(4)))
    assert len({call.id for call in calls}) == 1


async def test_a_call_that_cannot_be_swept_does_not_stop_those_behind_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, swept = await call_of(await pair()), await call_of(await pair())
    ghosts = [await join(call, await Account.get(id=call.author_id)) for call in (stuck, swept)]
    locked = VideoSession.locked.__func__  # type: ignore[attr-defined]

    async def held(cls: type[VideoSession], id: UUID) -> VideoSession:
        if id == stuck.id:
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
        return await locked(cls, id)  # type: ignore[no-any-return]

    monkeypatch.setattr(VideoSession, "locked", classmethod(held))
    with clock.moved(LEASE + REJOIN_WINDOW):
        await VideoSession.sweep()
    assert [await state(call) for call in (stuck, swept)] == [VideoStatus.OPEN, VideoStatus.ENDED]
    assert [(await VideoParticipant.get(id=ghost.id)).left_at is None for ghost in ghosts] == [True, False]


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
