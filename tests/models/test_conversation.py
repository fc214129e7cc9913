"""Conversations and their messages."""

import asyncio
from datetime import timedelta

import pytest

from models import clock
from models.conversation import LONGEST_BODY, Conversation, Message, Participant
from models.inbox import Kind
from models.refusal import RefusalCode
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person


async def read_by(two: Pair) -> tuple[int, int]:
    """What the mentor and the mentee have read."""
    rows = {row.profile_id: row.read_number for row in await Participant.filter(conversation_id=two.conversation.id)}
    return rows[two.mentor.id], rows[two.mentee.id]


async def say(two: Pair, *bodies: str) -> list[Message]:
    return [await two.conversation.send(body, by=two.mentor, client_id=body) for body in bodies]


async def test_the_participants_are_read_by_their_relation(database: str) -> None:
    two = await pair()
    conversation = await Conversation.get(id=two.conversation.id).prefetch_related("participants")
    assert {one.profile_id for one in conversation.participants} == {two.mentor.id, two.mentee.id}  # type: ignore[attr-defined]


async def test_messages_are_numbered_from_one_without_a_gap_and_both_hear_of_each(database: str) -> None:
    two = await pair()
    before = await place(two.mentor), await place(two.mentee)
    people = [two.mentor, two.mentee, two.mentee, two.mentor]
    sent = [await two.conversation.send(f"{n}", by=one, client_id=f"{n}") for n, one in enumerate(people)]
    assert [message.number for message in sent] == [1, 2, 3, 4]
    stored = await Message.filter(conversation_id=two.conversation.id).order_by("number")
    assert [(message.body, message.author_id) for message in stored] == [
        (f"{number}", one.id) for number, one in enumerate(people)
    ]
    assert await news(two.mentor, before[0]) == await news(two.mentee, before[1]) == [Kind.MESSAGE_CREATED] * 4


async def test_messages_that_are_sent_at_once_get_dense_numbers(database: str) -> None:
    two = await pair()
    people = [two.mentor, two.mentee] * 5
    sent = await asyncio.gather(
        *(two.conversation.send(f"{n}", by=one, client_id=f"{n}") for n, one in enumerate(people))
    )
    assert sorted(message.number for message in sent) == list(range(1, 11))


async def test_the_conversation_shows_its_last_number_and_activity(database: str) -> None:
    two = await pair()
    with clock.moved(timedelta(days=1)):
        (message,) = await say(two, "Hello")
    stored = await Conversation.get(id=two.conversation.id)
    assert (stored.last_number, stored.last_activity_at) == (1, message.created_at)
    assert stored.last_activity_at - stored.created_at > timedelta(hours=23)


async def test_a_retry_with_its_key_sends_nothing_twice_even_at_the_same_time(database: str) -> None:
    two = await pair()
    before = await place(two.mentee)
    sent = await asyncio.gather(*(two.conversation.send("Hi", by=two.mentor, client_id="k") for _ in range(4)))
    assert len({message.id for message in sent}) == 1
    assert await Message.all().count() == 1
    assert await news(two.mentee, before) == [Kind.MESSAGE_CREATED]


async def test_a_retry_finds_its_message_also_when_the_conversation_has_closed(database: str) -> None:
    two = await pair()
    (first,) = await say(two, "Hello")
    await two.mentorship.end(by=two.mentee)
    assert (await say(two, "Hello"))[0].id == first.id
    with refused(RefusalCode.WRONG_STATE, "conversationId"):
        await say(two, "One more thing")


async def test_a_key_of_another_message_is_refused(database: str) -> None:
    two = await pair()
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await two.conversation.send("Goodbye", by=two.mentor, client_id="k")
    other = await pair(two.mentor)
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await other.conversation.send("Hello", by=two.mentor, client_id="k")
    # Each person has keys of their own.
    assert (await two.conversation.send("Goodbye", by=two.mentee, client_id="k")).number == 2


@pytest.mark.parametrize("body", ["", " \n ", "x" * (LONGEST_BODY + 1), "NUL \0", "half a pair \ud83d"])
async def test_a_body_that_cannot_be_is_refused_and_takes_no_number(database: str, body: str) -> None:
    two = await pair()
    with refused(RefusalCode.INVALID, "body"):
        await two.conversation.send(body, by=two.mentor, client_id="k")
    message = await two.conversation.send("x" * LONGEST_BODY, by=two.mentor, client_id="k")
    assert message.number == 1


async def test_for_others_there_is_no_such_conversation(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    await say(two, "Hello")
    for change in (two.conversation.send("Hi", by=eve, client_id="k"), two.conversation.mark_read(1, by=eve)):
        with refused(RefusalCode.NOT_FOUND, "conversationId"):
            await change
    for model in (Conversation, Message, Participant):
        assert await model.visible_to(eve) == []
        assert await model.visible_to(two.mentee).count() == (2 if model is Participant else 1)


async def test_who_sends_has_read_up_to_there(database: str) -> None:
    two = await pair()
    await say(two, "one", "two")
    assert await read_by(two) == (2, 0)


async def test_a_read_marker_moves_forward_only_and_is_told_once(database: str) -> None:
    two = await pair()
    await say(two, "one", "two", "three")
    before = await place(two.mentor)
    for number in (2, 1, 2, 0):
        await two.conversation.mark_read(number, by=two.mentee)
        assert await read_by(two) == (3, 2)
    assert await news(two.mentor, before) == [Kind.READ_MARKER_MOVED]


@pytest.mark.parametrize("number", [-1, 2, 2**31 - 1])
async def test_what_is_not_there_cannot_be_read(database: str, number: int) -> None:
    two = await pair()
    await say(two, "one")
    with refused(RefusalCode.INVALID, "number"):
        await two.conversation.mark_read(number, by=two.mentee)
    assert await read_by(two) == (1, 0)


async def test_a_closed_conversation_can_still_be_read(database: str) -> None:
    two = await pair()
    await say(two, "one")
    await two.mentorship.end(by=two.mentor)
    await two.conversation.mark_read(1, by=two.mentee)
    assert await read_by(two) == (1, 1)
    assert await Message.visible_to(two.mentee).count() == 1


async def test_what_is_read_after_the_end_is_no_news_for_the_other(database: str) -> None:
    two = await pair()
    await say(two, "Hello")
    await two.mentorship.end(by=two.mentor)
    before = await place(two.mentor), await place(two.mentee)
    await two.conversation.mark_read(1, by=two.mentee)
    assert await read_by(two) == (1, 1)
    assert await news(two.mentor, before[0]) == []
    assert await news(two.mentee, before[1]) == [Kind.READ_MARKER_MOVED]
