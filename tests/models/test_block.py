"""Blocks: from then on nothing passes between two people, on both databases and whatever races."""

import asyncio
from typing import Any

import pytest

from models.block import Block, must_be_none_between
from models.conversation import Conversation, Participant
from models.goal import Goal, GoalStatus
from models.inbox import Kind
from models.meeting import Meeting, MeetingKind
from models.refusal import RefusalCode, Refused
from models.request import MentorshipRequest, RequestStatus
from models.video import VideoSession, VideoStatus
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person, request


async def say(two: Pair, body: str, *, by_mentor: bool = True) -> None:
    await two.conversation.send(body, by=two.mentor if by_mentor else two.mentee, client_id=body)


async def test_after_a_block_no_message_passes_either_way_and_what_was_said_can_be_read(database: str) -> None:
    two = await pair()
    await say(two, "before")
    before = await place(two.mentee)
    await Block.put(two.mentor.id, by=two.mentee)
    for by_mentor in (True, False):
        with refused(RefusalCode.NOT_ALLOWED, "conversationId"):
            await say(two, "after", by_mentor=by_mentor)
    # A retry of what was sent before still finds it.
    await say(two, "before")
    assert (await Conversation.visible_to(two.mentor).get(id=two.conversation.id)).last_number == 1
    # The one who blocked hears of it on every device; the other is not told.
    assert await news(two.mentee, before) == [Kind.CONVERSATION_CHANGED]


async def test_who_is_blocked_hears_nothing(database: str) -> None:
    two = await pair()
    await say(two, "before")
    before = await place(two.mentor)
    await Block.put(two.mentor.id, by=two.mentee)
    await two.conversation.mark_read(1, by=two.mentee)
    await Block.lift(two.mentor.id, by=two.mentee)
    assert await news(two.mentor, before) == []


async def test_a_block_is_put_once_and_lifting_it_lets_messages_pass_again(database: str) -> None:
    two = await pair()
    first = await Block.put(two.mentor.id, by=two.mentee)
    assert (await Block.put(two.mentor.id, by=two.mentee)).id == first.id
    for _ in range(2):
        await Block.lift(two.mentor.id, by=two.mentee)
    await say(two, "hello")
    assert (await Conversation.get(id=two.conversation.id)).blocks == 0


async def test_a_block_of_each_side_stands_until_both_are_lifted(database: str) -> None:
    two = await pair()
    await asyncio.gather(Block.put(two.mentor.id, by=two.mentee), Block.put(two.mentee.id, by=two.mentor))
    assert (await Conversation.get(id=two.conversation.id)).blocks == 2
    await Block.lift(two.mentor.id, by=two.mentee)
    with refused(RefusalCode.NOT_ALLOWED, "conversationId"):
        await say(two, "hello")
    await Block.lift(two.mentee.id, by=two.mentor)
    await say(two, "hello")


async def test_messages_that_are_sent_while_a_block_is_put_are_either_before_it_or_refused(database: str) -> None:
    two = await pair()

    talking = asyncio.Event()

    async def chatter() -> list[int]:
        sent = []
        for number in range(30):
            try:
                sent.append((await two.conversation.send("x", by=two.mentor, client_id=str(number))).number)
                talking.set()
            except Refused as refusal:
                assert refusal.code is RefusalCode.NOT_ALLOWED  # noqa: PT017 - another one would not be the end of it
                break
        return sent

    chatting = asyncio.create_task(chatter())
    await talking.wait()
    await Block.put(two.mentor.id, by=two.mentee)
    last = (await Conversation.get(id=two.conversation.id)).last_number
    sent = await chatting
    assert (await Conversation.get(id=two.conversation.id)).last_number == last
    assert sent == list(range(1, last + 1))


async def test_a_call_ends_and_none_begins(database: str) -> None:
    two = await pair()
    call = await VideoSession.start(two.mentorship, by=two.mentor)
    await Block.put(two.mentor.id, by=two.mentee)
    assert (await VideoSession.get(id=call.id)).status is VideoStatus.ENDED
    with refused(RefusalCode.NOT_ALLOWED, "mentorshipId"):
        await VideoSession.start(two.mentorship, by=two.mentor)


async def test_a_call_that_begins_while_a_block_is_put_ends_with_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await pair()
    asked, go_on = asyncio.Event(), asyncio.Event()
    real = must_be_none_between

    async def held_up(*given: Any) -> None:
        await real(*given)
        asked.set()
        await go_on.wait()

    monkeypatch.setattr("models.block.must_be_none_between", held_up)
    starting = asyncio.create_task(VideoSession.start(two.mentorship, by=two.mentor))
    await asked.wait()
    blocking = asyncio.create_task(Block.put(two.mentor.id, by=two.mentee))
    # It must wait for the call; were it not to, it would be done by then.
    await asyncio.wait([blocking], timeout=0.3)
    go_on.set()
    call, _ = await asyncio.gather(starting, blocking)
    assert (await VideoSession.get(id=call.id)).status is VideoStatus.ENDED


async def test_requests_between_the_two_are_answered_and_none_is_made(database: str) -> None:
    mentor, mentee = await person("Mara", capacity=3), await person("Theo", capacity=3)
    asked, back = await request(mentor, mentee), await request(mentee, mentor)
    await Block.put(mentee.id, by=mentor)
    found = {one.id: one.status for one in await MentorshipRequest.all()}
    assert found == {asked.id: RequestStatus.DECLINED, back.id: RequestStatus.WITHDRAWN}
    for one, other in ((mentor, mentee), (mentee, mentor)):
        with refused(RefusalCode.NOT_ALLOWED, "mentorId"):
            await request(one, other)
    await Block.lift(mentee.id, by=mentor)
    await request(mentor, mentee)


async def test_a_conversation_of_others_goes_on(database: str) -> None:
    two = await pair()
    other = await pair(two.mentor)
    await Block.put(two.mentor.id, by=two.mentee)
    await say(other, "hello")
    circle = await Conversation.create(kind="CIRCLE", title="Circle")
    for one in (two.mentor, two.mentee):
        await Participant.create(conversation_id=circle.id, profile_id=one.id)
    await Block.lift(two.mentor.id, by=two.mentee)
    await Block.put(two.mentor.id, by=two.mentee)
    assert (await circle.send("hello", by=two.mentor, client_id="c")).number == 1


async def test_nobody_blocks_themselves_or_nobody(database: str) -> None:
    ana = await person("Ana")
    with refused(RefusalCode.INVALID, "profileId"):
        await Block.put(ana.id, by=ana)
    two = await pair()
    with refused(RefusalCode.NOT_FOUND, "profileId"):
        await Block.put(two.mentorship.id, by=ana)


async def test_only_who_blocked_sees_it(database: str) -> None:
    two = await pair()
    await Block.put(two.mentor.id, by=two.mentee)
    assert await Block.visible_to(two.mentor) == []
    assert await Block.visible_to(two.mentee).count() == 1


@pytest.mark.parametrize("engine", ["postgres"])
async def test_blocks_ends_and_acceptances_at_once_leave_nothing_half_done(database: str) -> None:
    for _ in range(5):
        mentor, mentee = await person("Mara", capacity=3), await person("Theo")
        two = await pair(mentor, mentee)
        pending = await request(mentor, await person("Zoe"))
        await asyncio.gather(
            Block.put(mentor.id, by=mentee),
            Block.put(mentee.id, by=mentor),
            two.mentorship.end(by=mentor),
            pending.accept(by=mentor),
            Block.put(pending.mentee_id, by=mentor),
            return_exceptions=True,
        )
        for conversation in await Conversation.all():
            people = [one.profile_id for one in await Participant.filter(conversation_id=conversation.id)]
            assert conversation.blocks == await Block.between(people[0], people[1]).count()


async def test_behind_a_block_nothing_new_is_written_for_the_other_to_read(database: str) -> None:
    two = await pair()
    goal = await Goal.add(two.mentorship, by=two.mentee, title="Before")
    await Block.put(two.mentor.id, by=two.mentee)
    before = await place(two.mentee), await place(two.mentor)
    for by in (two.mentor, two.mentee):
        with refused(RefusalCode.NOT_ALLOWED):
            await Goal.add(two.mentorship, by=by, title="After")
        with refused(RefusalCode.NOT_ALLOWED):
            await goal.add_milestone(by=by, title="After")
        with refused(RefusalCode.NOT_ALLOWED):
            await Meeting.schedule(
                two.mentorship,
                by=by,
                kind=MeetingKind.PHONE,
                local_start="2030-06-02T12:00",
                time_zone="UTC",
                minutes=30,
            )
    assert await news(two.mentee, before[0]) == await news(two.mentor, before[1]) == []
    # What can be done without a word stays possible: a goal is reached whatever stands between the two.
    await goal.mark(GoalStatus.REACHED, by=two.mentee)
