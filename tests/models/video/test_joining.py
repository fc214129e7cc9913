"""Who joins a call, on which device, and which of the two is polite."""

import asyncio

import pytest

from models import clock
from models.inbox import Kind
from models.refusal import RefusalCode
from models.video import LEASE, SignalKind, VideoParticipant, VideoSession, VideoSignal, VideoStatus, session
from tests.models.expect import news, place, refused
from tests.models.video.calls import SECOND, call_of, heard, join, present, state
from tests.people import pair, person


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


async def test_strangers_cannot_join_a_call(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    call = await call_of(two)
    with refused(RefusalCode.NOT_FOUND, "sessionId"):
        await join(call, eve)
    assert await present(call) == []
