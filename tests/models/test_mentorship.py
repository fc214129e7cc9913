"""A mentorship, from its start to its end."""

import asyncio
import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import clock
from models.conversation import Conversation, Participant
from models.goal import Goal, Milestone
from models.inbox import Kind
from models.meeting import Meeting, MeetingKind, MeetingStatus
from models.mentorship import Cadence, Mentorship, MentorshipStatus, months_after
from models.profile import Profile
from models.refusal import RefusalCode
from models.request import MentorshipRequest
from models.video import SignalKind, VideoParticipant, VideoSession, VideoSignal, VideoStatus
from tests.models.expect import news, place, refused
from tests.people import pair, person

days = st.dates(date(1900, 1, 1), date(9_000, 1, 1))


@given(days, st.integers(0, 600))
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    last = calendar.monthrange(later.year, later.month)[1]
    assert later.day == min(day.day, last)


@given(days, days, st.integers(1, 24))
def test_who_begins_later_never_ends_earlier(one: date, other: date, months: int) -> None:
    earlier, later = sorted([one, other])
    assert months_after(earlier, months) <= months_after(later, months)


def test_months_after_the_last_of_january() -> None:
    assert months_after(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert months_after(date(2028, 1, 31), 1) == date(2028, 2, 29)
    assert months_after(date(2027, 12, 15), 13) == date(2029, 1, 15)


async def test_a_mentorship_begins_with_what_was_agreed_and_an_open_conversation(database: str) -> None:
    mara, theo = await person("Mara", capacity=1), await person("Theo")
    with clock.moved(datetime(2027, 8, 31, 12, tzinfo=UTC) - clock.now()):
        asked = await MentorshipRequest.ask(mara.id, by=theo, message="Hello", months=6, cadence=Cadence.WEEKLY)
        mentorship = await asked.accept(by=mara)
    stored = await Mentorship.get(id=mentorship.id)
    assert (stored.status, stored.cadence, stored.ends_on) == (
        MentorshipStatus.ACTIVE,
        Cadence.WEEKLY,
        date(2028, 2, 29),
    )
    assert stored.people == (mara.id, theo.id)
    conversation = await Conversation.get(mentorship_id=stored.id)
    people = await Participant.filter(conversation_id=conversation.id)
    assert {one.profile_id for one in people} == {mara.id, theo.id}
    assert conversation.closed_at is None


@pytest.mark.parametrize("side", ["mentor", "mentee"])
async def test_either_side_ends_it_with_a_reason_and_both_hear_of_it(database: str, side: str) -> None:
    two = await pair()
    before = await place(two.mentor), await place(two.mentee)
    ended = await two.mentorship.end(by=getattr(two, side), reason=" We are done. ")
    stored = await Mentorship.get(id=ended.id)
    assert (stored.status, stored.end_reason, stored.active_pair) == (MentorshipStatus.ENDED, "We are done.", None)
    assert stored.ended_at is not None
    assert await news(two.mentor, before[0]) == [Kind.MENTORSHIP_CHANGED]
    assert await news(two.mentee, before[1]) == [Kind.MENTORSHIP_CHANGED]


async def test_the_end_closes_the_conversation(database: str) -> None:
    two = await pair()
    await two.mentorship.end(by=two.mentee)
    assert (await Conversation.get(id=two.conversation.id)).closed_at is not None
    with refused(RefusalCode.WRONG_STATE, "conversationId"):
        await two.conversation.send("One more thing", by=two.mentor, client_id="late")


async def test_the_end_ends_the_call_and_tells_who_is_in_it(database: str) -> None:
    two = await pair()
    call = await VideoSession.start(two.mentorship, by=two.mentor)
    participant, _, _ = await call.join(by=two.mentor, device_id="phone")
    await two.mentorship.end(by=two.mentee)
    stored = await VideoSession.get(id=call.id)
    assert (stored.status, stored.open_in) == (VideoStatus.ENDED, None)
    assert (await VideoParticipant.get(id=participant.id)).left_at is not None
    assert [signal.kind for signal in await VideoSignal.filter(receiver_id=participant.id)] == [SignalKind.ENDED]


async def test_the_end_calls_off_the_meetings_that_have_not_begun_and_both_hear_of_it_first(database: str) -> None:
    two = await pair()
    later, begun = [
        await Meeting.schedule(
            two.mentorship,
            by=two.mentor,
            kind=MeetingKind.PHONE,
            local_start=f"{clock.now() + timedelta(days=days):%Y-%m-%dT%H:%M}",
            time_zone="UTC",
            minutes=60,
        )
        for days in (2, 1)
    ]
    before = await place(two.mentor), await place(two.mentee)
    with clock.moved(timedelta(days=1)):
        await two.mentorship.end(by=two.mentee)
    assert (await Meeting.get(id=later.id)).status is MeetingStatus.CANCELLED
    assert (await Meeting.get(id=begun.id)).status is MeetingStatus.SCHEDULED
    heard = [Kind.MEETING_CHANGED, Kind.MENTORSHIP_CHANGED]
    assert await news(two.mentor, before[0]) == await news(two.mentee, before[1]) == heard


async def test_an_end_and_what_others_do_at_once_with_meetings_and_calls_do_not_hold_each_other_up(
    database: str,
) -> None:
    two = await pair()
    meeting = await Meeting.schedule(
        two.mentorship,
        by=two.mentor,
        kind=MeetingKind.VIDEO,
        local_start=f"{clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M}",
        time_zone="UTC",
        minutes=60,
    )
    call = await VideoSession.start(two.mentorship, by=two.mentor, meeting=meeting)
    await asyncio.gather(
        meeting.cancel(by=two.mentor),
        call.end(by=two.mentee),
        two.mentorship.end(by=two.mentee),
        call.end(by=two.mentor),
        return_exceptions=True,
    )
    assert (await Meeting.get(id=meeting.id)).status is MeetingStatus.CANCELLED
    kinds = await news(two.mentee)
    assert kinds.count(Kind.MEETING_CHANGED) == 2
    assert kinds[-1] is Kind.MENTORSHIP_CHANGED


async def test_the_end_frees_the_place_and_the_two_may_begin_anew(database: str) -> None:
    two = await pair(await person("Mara", capacity=1))
    await two.mentorship.end(by=two.mentor)
    assert (await Profile.get(id=two.mentor.id)).mentees == 0
    again = await pair(two.mentor, two.mentee)
    assert again.mentorship.id != two.mentorship.id
    assert (await Profile.get(id=two.mentor.id)).mentees == 1


async def test_it_ends_once_and_the_first_reason_stays(database: str) -> None:
    two = await pair(await person("Mara", capacity=3))
    await pair(two.mentor)
    await two.mentorship.end(by=two.mentor, reason="first")
    first = await Mentorship.get(id=two.mentorship.id)
    before = await place(two.mentee)
    await two.mentorship.end(by=two.mentee, reason="second")
    stored = await Mentorship.get(id=two.mentorship.id)
    assert (stored.end_reason, stored.ended_at) == ("first", first.ended_at)
    assert await news(two.mentee, before) == []
    # The other mentee's place is still taken.
    assert (await Profile.get(id=two.mentor.id)).mentees == 1


async def test_when_both_end_it_at_once_it_ends_once(database: str) -> None:
    two = await pair(await person("Mara", capacity=3))
    await pair(two.mentor)
    before = await place(two.mentee)
    await asyncio.gather(two.mentorship.end(by=two.mentor), two.mentorship.end(by=two.mentee))
    assert await news(two.mentee, before) == [Kind.MENTORSHIP_CHANGED]
    assert (await Profile.get(id=two.mentor.id)).mentees == 1


async def test_nothing_is_sent_after_an_end_that_came_at_the_same_time(database: str) -> None:
    two = await pair()
    sends = (two.conversation.send(f"{number}", by=two.mentor, client_id=f"{number}") for number in range(8))
    answers = await asyncio.gather(two.mentorship.end(by=two.mentee), *sends, return_exceptions=True)
    sent = [answer for answer in answers[1:] if not isinstance(answer, BaseException)]
    conversation = await Conversation.get(id=two.conversation.id)
    assert conversation.last_number == len(sent)
    # Whoever came after the end was refused, and nobody's message came after it in the log.
    kinds = await news(two.mentee)
    assert kinds[-1] is Kind.MENTORSHIP_CHANGED


async def test_nobody_else_ends_it(database: str) -> None:
    two = await pair()
    with refused(RefusalCode.NOT_ALLOWED):
        await two.mentorship.end(by=await person("Eve"))
    assert (await Mentorship.get(id=two.mentorship.id)).status is MentorshipStatus.ACTIVE
    assert (await Conversation.get(id=two.conversation.id)).closed_at is None


async def test_a_reason_that_is_too_long_ends_nothing(database: str) -> None:
    two = await pair()
    with refused(RefusalCode.INVALID, "reason"):
        await two.mentorship.end(by=two.mentor, reason="x" * 1_001)
    assert (await Mentorship.get(id=two.mentorship.id)).status is MentorshipStatus.ACTIVE


async def test_after_its_end_it_can_be_read_and_not_changed(database: str) -> None:
    two = await pair()
    goal = await Goal.add(two.mentorship, by=two.mentor, title="Ship it", milestones=["Plan"])
    milestone = await Milestone.get(goal_id=goal.id)
    await two.mentorship.end(by=two.mentor)
    changes = (
        Goal.add(two.mentorship, by=two.mentor, title="Another"),
        goal.add_milestone(by=two.mentor, title="Build"),
        milestone.complete(by=two.mentee),
        VideoSession.start(two.mentorship, by=two.mentee),
        Meeting.schedule(
            two.mentorship,
            by=two.mentor,
            kind=MeetingKind.PHONE,
            local_start=f"{clock.now().year + 1}-05-05T10:00",
            time_zone="UTC",
            minutes=30,
        ),
    )
    for change in changes:
        with refused(RefusalCode.WRONG_STATE):
            await change
    assert await Goal.visible_to(two.mentee).count() == 1


async def test_only_the_two_see_it(database: str) -> None:
    two = await pair()
    for viewer, seen in ((two.mentor, [two.mentorship.id]), (two.mentee, [two.mentorship.id]), (await person(), [])):
        assert [one.id for one in await Mentorship.visible_to(viewer)] == seen
