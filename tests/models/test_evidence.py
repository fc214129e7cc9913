"""Evidence: messages that are kept with a goal or a meeting."""

import pytest

from models.block import Block
from models.conversation import Message
from models.evidence import Evidence
from models.goal import Goal
from models.inbox import Kind
from models.meeting import Meeting, MeetingKind
from models.refusal import RefusalCode
from tests.models.expect import news, place, refused
from tests.models.test_message import said
from tests.people import Pair, pair, person


async def goal_of(two: Pair) -> Goal:
    return await Goal.add(two.mentorship, by=two.mentor, title="Goal")


async def meeting_of(two: Pair) -> Meeting:
    return await Meeting.schedule(
        two.mentorship,
        by=two.mentor,
        kind=MeetingKind.PHONE,
        local_start="2027-06-01T12:00",
        time_zone="UTC",
        minutes=30,
    )


async def test_a_copy_is_kept_as_it_was_and_both_hear_of_it(database: str) -> None:
    two = await pair()
    message, goal, meeting = await said(two), await goal_of(two), await meeting_of(two)
    before = await place(two.mentor)
    kept = [await Evidence.forward(message, to, by=two.mentee) for to in (goal, meeting)]
    await message.edit("Otherwise", by=two.mentor)
    for row in kept:
        copy = await Evidence.get(id=row.id)
        assert (copy.body, copy.writer_id, copy.author_id) == ("Hello", two.mentor.id, two.mentee.id)
        assert (copy.written_at, copy.message_id) == (message.created_at, message.id)
    assert [(row.goal_id, row.meeting_id) for row in kept] == [(goal.id, None), (None, meeting.id)]
    assert await news(two.mentor, before) == [Kind.GOAL_CHANGED, Kind.MEETING_CHANGED, Kind.MESSAGE_UPDATED]
    assert await Evidence.visible_to(two.mentor).count() == 2
    assert await Evidence.visible_to(await person("Eve")).count() == 0


async def test_a_retry_finds_the_first_copy_and_a_second_copy_is_refused(database: str) -> None:
    two = await pair()
    message, goal = await said(two), await goal_of(two)
    first = await Evidence.forward(message, goal, by=two.mentee, client_id="k")
    assert (await Evidence.forward(message, goal, by=two.mentee, client_id="k")).id == first.id
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await Evidence.forward(message, await goal_of(two), by=two.mentee, client_id="k")
    for by in (two.mentee, two.mentor):
        with refused(RefusalCode.ALREADY_EXISTS, "messageId"):
            await Evidence.forward(message, goal, by=by)
    await two.mentorship.end(by=two.mentor)
    assert (await Evidence.forward(message, goal, by=two.mentee, client_id="k")).id == first.id


async def test_nobody_shows_others_what_a_third_person_told_them(database: str) -> None:
    two = await pair()
    other = await pair(two.mentor)
    mine = await said(other, "Mine")
    theirs = await other.conversation.send("Theirs", by=other.mentee, client_id="k")
    goal = await goal_of(two)
    with refused(RefusalCode.NOT_ALLOWED, "messageId"):
        await Evidence.forward(theirs, goal, by=two.mentor)
    await Evidence.forward(mine, goal, by=two.mentor)
    # Who is in the other conversation alone, or in this mentorship alone, does neither.
    with refused(RefusalCode.NOT_FOUND, "messageId"):
        await Evidence.forward(mine, goal, by=two.mentee)
    with refused(RefusalCode.NOT_ALLOWED):
        await Evidence.forward(theirs, goal, by=other.mentee)
    (shown,) = await Evidence.visible_to(two.mentee)
    assert shown.body == "Mine"
    # The other one sees the copy, but not the message in a conversation that is not theirs.
    assert await Message.visible_to(two.mentee).filter(id=shown.message_id).count() == 0


async def test_behind_a_block_no_message_is_kept_and_the_first_is_found(database: str) -> None:
    two = await pair()
    other = await pair(two.mentor)
    message, goal = await said(two), await goal_of(two)
    kept = await Evidence.forward(message, goal, by=two.mentor, client_id="k")
    meeting = await meeting_of(two)
    await Block.put(two.mentor.id, by=two.mentee)
    for each in (message, await said(other, "Mine")):
        with refused(RefusalCode.NOT_ALLOWED, "messageId"):
            await Evidence.forward(each, meeting, by=two.mentor)
    assert (await Evidence.forward(message, goal, by=two.mentor, client_id="k")).id == kept.id


async def test_where_a_mentorship_has_ended_nothing_is_kept_or_removed(database: str) -> None:
    two = await pair()
    message, goal = await said(two), await goal_of(two)
    kept = await Evidence.forward(message, goal, by=two.mentor)
    await two.mentorship.end(by=two.mentor)
    with refused(RefusalCode.WRONG_STATE):
        await Evidence.forward(message, await Meeting.get_or_none() or goal, by=two.mentor)
    with refused(RefusalCode.WRONG_STATE):
        await kept.remove(by=two.mentor)
    # Its author may still take it back; the other is not told any more.
    before = await place(two.mentee)
    await message.delete_for_all(by=two.mentor)
    assert await Evidence.all().count() == 0
    assert await news(two.mentee, before) == []


async def test_a_deleted_message_takes_its_copies_from_every_mentorship(database: str) -> None:
    two = await pair()
    other = await pair(two.mentor)
    message = await said(two)
    for each in (two, other):
        await Evidence.forward(message, await goal_of(each), by=two.mentor)
        await Evidence.forward(message, await meeting_of(each), by=two.mentor)
    places = await place(two.mentee), await place(other.mentee)
    await message.delete_for_all(by=two.mentor)
    assert await Evidence.all().count() == 0
    changed = {Kind.GOAL_CHANGED, Kind.MEETING_CHANGED}
    assert set(await news(two.mentee, places[0])) == changed | {Kind.MESSAGE_UPDATED}
    assert set(await news(other.mentee, places[1])) == changed


async def test_either_side_removes_a_copy(database: str) -> None:
    two = await pair()
    message, goal = await said(two), await goal_of(two)
    kept = await Evidence.forward(message, goal, by=two.mentor)
    with refused(RefusalCode.NOT_ALLOWED):
        await kept.remove(by=await person("Eve"))
    before = await place(two.mentor)
    assert await kept.remove(by=two.mentee) == goal
    with refused(RefusalCode.NOT_FOUND, "evidenceId"):
        await kept.remove(by=two.mentee)
    assert await news(two.mentor, before) == [Kind.GOAL_CHANGED]


async def test_a_goal_keeps_a_bounded_number(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.evidence.MOST_EVIDENCE", 2)
    two = await pair()
    goal = await goal_of(two)
    for number in range(2):
        await Evidence.forward(await said(two, str(number)), goal, by=two.mentor)
    with refused(RefusalCode.LIMIT_REACHED):
        await Evidence.forward(await said(two, "More"), goal, by=two.mentor)
