"""Messages: edited, deleted, pinned, answered."""

from datetime import timedelta

import pytest

from models import clock
from models.account import Account
from models.conversation import (
    DELETE_WINDOW,
    EDIT_WINDOW,
    MOST_PINNED,
    MOST_VERSIONS,
    Conversation,
    ConversationKind,
    Message,
    MessageVersion,
    Participant,
    Reaction,
    Role,
    ScheduledMessage,
    Star,
)
from models.evidence import Evidence
from models.goal import Goal
from models.inbox import Kind
from models.refusal import RefusalCode
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person


async def said(two: Pair, body: str = "Hello") -> Message:
    """Something that the mentor said."""
    return await two.conversation.send(body, by=two.mentor, client_id=body)


async def circle(*people: Account) -> Conversation:
    """A circle whose first is its owner, the second a moderator, the others members."""
    made = await Conversation.create(kind=ConversationKind.CIRCLE, title="Circle")
    for who, role in zip(people, [Role.OWNER, Role.MODERATOR, *[Role.MEMBER] * len(people)], strict=False):
        await Participant.create(conversation_id=made.id, profile_id=who.id, role=role)
    return made


async def test_an_answer_knows_its_question(database: str) -> None:
    two = await pair()
    question = await said(two)
    answer = await two.conversation.send("Hi", by=two.mentee, client_id="k", reply_to_id=question.id)
    assert answer.reply_to_id == question.id
    again = await two.conversation.send("Hi", by=two.mentee, client_id="k", reply_to_id=question.id)
    assert again.id == answer.id
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await two.conversation.send("Hi", by=two.mentee, client_id="k")


async def test_nobody_answers_a_message_of_another_conversation(database: str) -> None:
    two = await pair()
    other = await pair(two.mentor)
    with refused(RefusalCode.NOT_FOUND, "replyToId"):
        await other.conversation.send("Hi", by=two.mentor, client_id="k", reply_to_id=(await said(two)).id)
    assert await Message.filter(conversation_id=other.conversation.id).count() == 0


async def test_an_edit_keeps_what_was_said_before_and_both_hear_of_it(database: str) -> None:
    two = await pair()
    message = await said(two, "one")
    before = await place(two.mentor), await place(two.mentee)
    with clock.moved(timedelta(hours=1)):
        edited = await message.edit("two", by=two.mentor)
    with clock.moved(timedelta(hours=2)):
        await message.edit(" three ", by=two.mentor)
    stored = await Message.get(id=message.id)
    assert (stored.body, stored.number, stored.created_at) == ("three", message.number, message.created_at)
    assert stored.edited_at is not None
    assert stored.edited_at > edited.edited_at
    versions = await MessageVersion.visible_to(two.mentee).order_by("number")
    assert [(version.number, version.body, version.created_at) for version in versions] == [
        (1, "one", message.created_at),
        (2, "two", edited.edited_at),
    ]
    assert await news(two.mentor, before[0]) == await news(two.mentee, before[1]) == [Kind.MESSAGE_UPDATED] * 2


async def test_the_same_body_is_no_edit(database: str) -> None:
    two = await pair()
    message = await said(two)
    before = await place(two.mentee)
    # Not even where an edit would be too late: it may be a retry.
    with clock.moved(EDIT_WINDOW):
        assert (await message.edit("Hello", by=two.mentor)).edited_at is None
    assert await news(two.mentee, before) == []
    assert await MessageVersion.all().count() == 0


async def test_a_message_can_be_edited_for_a_day_by_its_author(database: str) -> None:
    two = await pair()
    message = await said(two)
    with refused(RefusalCode.NOT_ALLOWED, "messageId"):
        await message.edit("Mine", by=two.mentee)
    with refused(RefusalCode.NOT_FOUND, "messageId"):
        await message.edit("Mine", by=await person("Eve"))
    with clock.moved(EDIT_WINDOW), refused(RefusalCode.EXPIRED, "messageId"):
        await message.edit("Late", by=two.mentor)
    with clock.moved(EDIT_WINDOW - timedelta(minutes=1)):
        assert (await message.edit("Just in time", by=two.mentor)).body == "Just in time"


async def test_a_message_has_a_bound_of_versions(database: str) -> None:
    two = await pair()
    message = await said(two)
    for number in range(MOST_VERSIONS):
        await message.edit(str(number), by=two.mentor)
    with refused(RefusalCode.LIMIT_REACHED, None):
        await message.edit("once more", by=two.mentor)
    assert await MessageVersion.all().count() == MOST_VERSIONS


async def test_where_no_more_is_said_nothing_is_changed_but_taken_back(database: str) -> None:
    two = await pair()
    message, other = await said(two), await said(two, "other")
    await Reaction.add(message, "👍", by=two.mentor)
    await two.mentorship.end(by=two.mentee)
    before = await place(two.mentor), await place(two.mentee)
    for change in (
        message.edit("Changed", by=two.mentor),
        message.pin(True, by=two.mentor),
        Reaction.add(message, "🎉", by=two.mentor),
    ):
        with refused(RefusalCode.WRONG_STATE, "messageId"):
            await change
    await Reaction.remove(message, "👍", by=two.mentor)
    await other.delete_for_all(by=two.mentor)
    assert await news(two.mentor, before[0]) == [Kind.REACTION_CHANGED, Kind.MESSAGE_UPDATED]
    # After the end nothing is delivered to the other: they find the mark when they read.
    assert await news(two.mentee, before[1]) == []


async def test_a_block_stands_between_messages_as_an_end_does(database: str) -> None:
    two = await pair()
    message = await said(two)
    await Conversation.filter(id=two.conversation.id).update(blocks=1)
    before = await place(two.mentee)
    with refused(RefusalCode.NOT_ALLOWED, "messageId"):
        await message.edit("Changed", by=two.mentor)
    await message.delete_for_all(by=two.mentor)
    assert await news(two.mentee, before) == []


async def test_a_deleted_message_leaves_a_mark_and_nothing_else(database: str) -> None:
    two = await pair()
    message = await (await said(two)).edit("Oh", by=two.mentor)
    answer = await two.conversation.send("Hi", by=two.mentee, client_id="k", reply_to_id=message.id)
    await Message.filter(id=message.id).update(html="<p>Oh</p>")
    await Reaction.add(message, "👍", by=two.mentee)
    await Star.put(message, True, by=two.mentee)
    await message.pin(True, by=two.mentee)
    goal = await Goal.add(two.mentorship, by=two.mentor, title="Goal")
    await Evidence.forward(message, goal, by=two.mentee)
    before = await place(two.mentee)
    deleted = await message.delete_for_all(by=two.mentor)
    stored = await Message.get(id=message.id)
    assert deleted.deleted_at == stored.deleted_at is not None
    assert (stored.body, stored.html, stored.edited_at, stored.pinned_at) == ("", "", None, None)
    assert (stored.number, stored.author_id) == (1, two.mentor.id)
    for model in (MessageVersion, Reaction, Star, Evidence):
        assert await model.all().count() == 0, model
    # What answered it still says so.
    assert (await Message.get(id=answer.id)).reply_to_id == message.id
    assert sorted(await news(two.mentee, before)) == [Kind.GOAL_CHANGED, Kind.MESSAGE_UPDATED]
    # Saying it again is no news; and a retry of the sending finds the mark.
    await message.delete_for_all(by=two.mentor)
    assert len(await news(two.mentee, before)) == 2
    assert (await said(two)).deleted_at is not None


async def test_a_deleted_message_is_not_changed_any_more(database: str) -> None:
    two = await pair()
    message = await said(two)
    await message.delete_for_all(by=two.mentor)
    goal = await Goal.add(two.mentorship, by=two.mentor, title="Goal")
    for change in (
        message.edit("Back", by=two.mentor),
        message.pin(True, by=two.mentor),
        Reaction.add(message, "👍", by=two.mentor),
        Star.put(message, True, by=two.mentor),
        Evidence.forward(message, goal, by=two.mentor),
    ):
        with refused(RefusalCode.WRONG_STATE, "messageId"):
            await change


async def test_its_author_deletes_a_message_for_two_days(database: str) -> None:
    two = await pair()
    message = await said(two)
    with refused(RefusalCode.NOT_ALLOWED, "messageId"):
        await message.delete_for_all(by=two.mentee)
    with refused(RefusalCode.NOT_FOUND, "messageId"):
        await message.delete_for_all(by=await person("Eve"))
    with clock.moved(DELETE_WINDOW), refused(RefusalCode.EXPIRED, "messageId"):
        await message.delete_for_all(by=two.mentor)
    with clock.moved(DELETE_WINDOW - timedelta(minutes=1)):
        assert (await message.delete_for_all(by=two.mentor)).body == ""


async def test_who_leads_a_circle_deletes_and_pins_there_at_any_time(database: str) -> None:
    owner, moderator, ana, ben = [await person(name) for name in ("Owner", "Moderator", "Ana", "Ben")]
    group = await circle(owner, moderator, ana, ben)
    sent = [await group.send(str(number), by=ana, client_id=str(number)) for number in range(3)]
    for change in (sent[0].delete_for_all(by=ben), sent[0].pin(True, by=ana)):
        with refused(RefusalCode.NOT_ALLOWED, "messageId"):
            await change
    with clock.moved(DELETE_WINDOW * 2):
        await sent[0].delete_for_all(by=owner)
        await sent[1].delete_for_all(by=moderator)
        with refused(RefusalCode.EXPIRED, "messageId"):
            await sent[2].delete_for_all(by=ana)
        before = await place(ben)
        assert (await sent[2].pin(True, by=moderator)).pinned_at
    assert await news(ben, before) == [Kind.MESSAGE_UPDATED]


async def test_either_of_two_pins_and_unpins_and_it_is_told_once(database: str) -> None:
    two = await pair()
    message = await said(two)
    before = await place(two.mentor)
    for by in (two.mentee, two.mentor):
        assert (await message.pin(True, by=by)).pinned_at
    assert await Message.pinned_in(two.conversation.id) == [message]
    for by in (two.mentor, two.mentee):
        assert (await message.pin(False, by=by)).pinned_at is None
    assert await news(two.mentor, before) == [Kind.MESSAGE_UPDATED] * 2
    with refused(RefusalCode.NOT_FOUND, "messageId"):
        await message.pin(True, by=await person("Eve"))


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_pins_have_a_bound(database: str) -> None:
    two = await pair()
    sent = [await said(two, str(number)) for number in range(MOST_PINNED + 1)]
    for message in sent[:-1]:
        await message.pin(True, by=two.mentor)
    with refused(RefusalCode.LIMIT_REACHED):
        await sent[-1].pin(True, by=two.mentor)
    await sent[0].pin(False, by=two.mentor)
    await sent[-1].pin(True, by=two.mentor)


async def test_what_was_scheduled_and_sent_is_gone_too_when_it_is_deleted(database: str) -> None:
    two = await pair()
    soon = clock.now() + timedelta(minutes=5)
    await ScheduledMessage.write(two.conversation, "Secret", by=two.mentor, send_at=soon, client_id="k")
    with clock.moved(timedelta(minutes=6)):
        await ScheduledMessage.send_due()
        message = await Message.get(body="Secret")
        await message.delete_for_all(by=two.mentor)
    assert (await ScheduledMessage.get()).body == ""
