"""What somebody should not overlook."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from tortoise.queryset import QuerySet

from models import clock
from models.account import Account
from models.conversation import Conversation, Mention, Message, Participant, ScheduledMessage
from models.conversation.notification import KEPT, Notification, NotificationKind
from models.database import transaction
from models.inbox import Inbox, InboxEvent, Kind
from models.markup import rendered
from tests.models.expect import news, place
from tests.people import Pair, pair, person
from tests.postgres import WAITING

HOUR = timedelta(hours=1)


def at(*people: Account) -> str:
    return " ".join(f"[@{one.email[:4]}](Profile:{one.id})" for one in people)


async def told(account: Account) -> list[tuple[NotificationKind, UUID | None, bool]]:
    """What the account is notified of, the oldest first: the kind, the message, and whether it has been read."""
    found = await Notification.visible_to(account).order_by("created_at", "id")
    return [(one.kind, one.message_id, one.read_at is not None) for one in found]


async def circle(*people: Account) -> Conversation:
    """A conversation of many."""
    conversation = await Conversation.create(kind="CIRCLE", title="Books")
    for one in people:
        await Participant.create(conversation_id=conversation.id, profile_id=one.id)
    return conversation


async def mute(two: Pair, who: Account, until: timedelta) -> None:
    rows = Participant.filter(conversation_id=two.conversation.id, profile_id=who.id)
    await rows.update(muted_until=clock.now() + until)


@transaction
async def edited(message: Message, body: str, among: list[UUID]) -> None:
    """What an edit does about mentions."""
    await Conversation.locked(message.conversation_id)
    await Notification.of_edit(message, rendered(body, among).mentioned)


async def test_a_message_is_stored_with_its_html(database: str) -> None:
    two = await pair()
    message = await two.conversation.send(f"*Hi* {at(two.mentee)}", by=two.mentor, client_id="k")
    assert (await Message.get(id=message.id)).html == (
        f'<p><em>Hi</em> <span class="mention" data-profile="Profile:{two.mentee.id}">@theo</span></p>\n'
    )


async def test_who_is_mentioned_is_told_after_the_message_and_nobody_else(database: str) -> None:
    ana, bo, cy, eve = [await person(name) for name in ("Ana", "Bo", "Cy", "Eve")]
    books = await circle(ana, bo, cy)
    before = [await place(one) for one in (ana, bo, cy, eve)]
    message = await books.send(f"{at(bo, ana, eve)} and {at(bo)}", by=ana, client_id="k")
    assert [await news(one, where) for one, where in zip((ana, bo, cy, eve), before, strict=True)] == [
        [Kind.MESSAGE_CREATED],
        [Kind.MESSAGE_CREATED, Kind.NOTIFICATION_CREATED],
        [Kind.MESSAGE_CREATED],
        [],
    ]
    assert await told(bo) == [(NotificationKind.MENTION, message.id, False)]
    assert {one.profile_id for one in await Mention.filter(message_id=message.id)} == {ana.id, bo.id}


async def test_a_retry_tells_nobody_twice(database: str) -> None:
    two = await pair()
    for _ in range(2):
        await two.conversation.send(at(two.mentee), by=two.mentor, client_id="k")
    assert len(await told(two.mentee)) == 1


async def test_whom_a_message_answers_is_told_of_the_reply(database: str) -> None:
    two = await pair()
    asked = await two.conversation.send("Why?", by=two.mentee, client_id="1")
    reply = await two.conversation.send("Because", by=two.mentor, client_id="2", reply_to_id=asked.id)
    await two.conversation.send("I see: because I", by=two.mentee, client_id="3", reply_to_id=asked.id)
    assert await told(two.mentee) == [(NotificationKind.REPLY, reply.id, False)]
    assert await told(two.mentor) == []


async def test_a_reply_that_mentions_is_told_once_as_a_mention(database: str) -> None:
    two = await pair()
    asked = await two.conversation.send("Why?", by=two.mentee, client_id="1")
    reply = await two.conversation.send(at(two.mentee), by=two.mentor, client_id="2", reply_to_id=asked.id)
    assert await told(two.mentee) == [(NotificationKind.MENTION, reply.id, False)]


async def test_who_has_left_is_not_told_of_replies(database: str) -> None:
    ana, bo = await person("Ana"), await person("Bo")
    books = await circle(ana, bo)
    asked = await books.send("Why?", by=bo, client_id="1")
    await Participant.filter(conversation_id=books.id, profile_id=bo.id).delete()
    await books.send("Because", by=ana, client_id="2", reply_to_id=asked.id)
    assert await told(bo) == []


async def test_a_muted_conversation_tells_of_mentions_only(database: str) -> None:
    two = await pair()
    asked = await two.conversation.send("Why?", by=two.mentee, client_id="1")
    await mute(two, two.mentee, HOUR)
    await two.conversation.send("Because", by=two.mentor, client_id="2", reply_to_id=asked.id)
    called = await two.conversation.send(at(two.mentee), by=two.mentor, client_id="3")
    assert await told(two.mentee) == [(NotificationKind.MENTION, called.id, False)]
    with clock.moved(HOUR):
        reply = await two.conversation.send("So", by=two.mentor, client_id="4", reply_to_id=asked.id)
    assert (await told(two.mentee))[1:] == [(NotificationKind.REPLY, reply.id, False)]


async def test_an_edit_tells_whom_it_mentions_anew_and_keeps_quiet_to_the_others(database: str) -> None:
    ana, bo, cy = [await person(name) for name in ("Ana", "Bo", "Cy")]
    books, among = await circle(ana, bo, cy), [ana.id, bo.id, cy.id]
    message = await books.send(at(bo), by=ana, client_id="k")
    await edited(message, at(bo, cy, ana), among)
    assert [len(await told(one)) for one in (ana, bo, cy)] == [0, 1, 1]
    # Taken out and put in again, they have been told already.
    await edited(message, "nobody", among)
    assert not await Mention.exists(message_id=message.id)
    await edited(message, at(bo, cy), among)
    assert [len(await told(one)) for one in (ana, bo, cy)] == [0, 1, 1]
    assert await Mention.filter(message_id=message.id).count() == 2


async def test_the_author_of_a_message_that_could_not_be_sent_is_told_once(database: str) -> None:
    two = await pair()
    waiting = await ScheduledMessage.create(
        author_id=two.mentor.id, conversation_id=two.conversation.id, body="Later", send_at=clock.now()
    )
    before = await place(two.mentor)

    @transaction
    async def refused_to_send() -> None:
        await Notification.of_unsent(waiting)

    for _ in range(2):
        await refused_to_send()
    assert await told(two.mentor) == [(NotificationKind.NOT_SENT, None, False)]
    assert await news(two.mentor, before) == [Kind.NOTIFICATION_CREATED]


async def three(two: Pair) -> list[Notification]:
    """Three mentions of the mentee, a second apart."""
    for number in range(3):
        with clock.moved(timedelta(seconds=number)):
            await two.conversation.send(at(two.mentee), by=two.mentor, client_id=f"{number}")
    return await Notification.visible_to(two.mentee).order_by("created_at")


@pytest.mark.parametrize(("and_older", "read"), [(False, [False, True, False]), (True, [True, True, False])])
async def test_a_notification_is_read_alone_or_with_all_before_it(
    database: str, and_older: bool, read: list[bool]
) -> None:
    two = await pair()
    found = await three(two)
    before = await place(two.mentee)
    for _ in range(2):
        assert (await found[1].mark_read(by=two.mentee, and_older=and_older)).read_at
    assert [one[2] for one in await told(two.mentee)] == read
    assert await Notification.unread(two.mentee.id) == read.count(False)
    # What has been read already is no news.
    assert await news(two.mentee, before) == [Kind.NOTIFICATIONS_READ]
    (event,) = await InboxEvent.following(two.mentee, before)
    assert event.subject_id == found[1].id


async def test_who_reads_a_conversation_has_read_what_is_about_it_up_to_there(database: str) -> None:
    two = await pair()
    other = await pair(mentee=two.mentee)
    await three(two)
    await other.conversation.send(at(two.mentee), by=other.mentor, client_id="o")
    before = await place(two.mentee)
    await two.conversation.mark_read(2, by=two.mentee)
    assert sorted(one[2] for one in await told(two.mentee)) == [False, False, True, True]
    assert await Notification.unread(two.mentee.id) == 2
    assert await news(two.mentee, before) == [Kind.READ_MARKER_MOVED, Kind.NOTIFICATIONS_READ]
    *_, event = await InboxEvent.following(two.mentee, before)
    newest = (await Notification.filter(read_at__isnull=False).order_by("-created_at"))[0]
    assert event.subject_id == newest.id


async def test_who_was_mentioned_after_they_had_read_reads_it_with_the_conversation(database: str) -> None:
    two = await pair()
    message = await two.conversation.send("Hello", by=two.mentor, client_id="k")
    await two.conversation.mark_read(1, by=two.mentee)
    await message.edit(at(two.mentee), by=two.mentor)
    assert await Notification.unread(two.mentee.id) == 1
    before = await place(two.mentee)
    await two.conversation.mark_read(1, by=two.mentee)
    assert await Notification.unread(two.mentee.id) == 0
    # The marker has not moved.
    assert await news(two.mentee, before) == [Kind.NOTIFICATIONS_READ]


@pytest.mark.parametrize("engine", ["postgres"])
async def test_reading_a_notification_and_its_conversation_at_once_is_no_deadlock(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await pair()
    await two.conversation.send(at(two.mentee), by=two.mentor, client_id="k")
    (notification,) = await Notification.visible_to(two.mentee)
    tries: list[UUID] = []
    trying = asyncio.Event()
    real = Notification._read

    async def counted(_: type, found: QuerySet[Notification], newest: Notification, by: Account) -> None:
        tries.append(by.id)
        trying.set()
        await real(found, newest, by)

    monkeypatch.setattr(Notification, "_read", classmethod(counted))
    held = asyncio.Event()

    @transaction
    async def read_the_conversation() -> None:
        await Inbox.hold([two.mentee.id])
        held.set()
        await trying.wait()
        # While the other waits for the inbox, it must not hold what is read here.
        async with asyncio.timeout(20):
            while not await onlooker.fetchval(WAITING):  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.001)
        await Notification.read_with(two.conversation.id, 1, two.mentee)

    onlooker = await asyncpg.connect(database)
    reading = asyncio.create_task(read_the_conversation())
    await held.wait()
    await asyncio.gather(notification.mark_read(by=two.mentee), reading)
    await onlooker.close()
    # The victim of a deadlock would have tried again.
    assert tries == [two.mentee.id] * 2


async def test_notifications_are_seen_by_their_account_alone(database: str) -> None:
    two = await pair()
    await three(two)
    assert await Notification.visible_to(two.mentor) == []
    assert await Notification.visible_to(two.mentee).count() == 3
    assert await Mention.visible_to(await person("Eve")) == []


async def test_old_ones_are_forgotten_some_at_a_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.conversation.notification.MOST_FORGOTTEN", 2)
    two = await pair()
    await three(two)
    assert await Notification.forget() == 0
    with clock.moved(KEPT + HOUR):
        assert [await Notification.forget() for _ in range(3)] == [2, 1, 0]
    assert await told(two.mentee) == []
    assert await Message.all().count() == 3


async def test_an_edited_message_has_new_html_and_tells_whom_it_mentions_now(database: str) -> None:
    two = await pair()
    message = await two.conversation.send("*Hello*", by=two.mentor, client_id="k")
    before = await place(two.mentee)
    changed = await message.edit(f"**Hello** {at(two.mentee)}", by=two.mentor)
    assert changed.html.startswith('<p><strong>Hello</strong> <span class="mention"')
    assert await told(two.mentee) == [(NotificationKind.MENTION, message.id, False)]
    assert await news(two.mentee, before) == [Kind.MESSAGE_UPDATED, Kind.NOTIFICATION_CREATED]


async def test_a_deleted_message_mentions_nobody_any_more(database: str) -> None:
    two = await pair()
    message = await two.conversation.send(at(two.mentee), by=two.mentor, client_id="k")
    await message.delete_for_all(by=two.mentor)
    assert not await Mention.exists(message_id=message.id)
    stored = await Message.get(id=message.id)
    assert (stored.body, stored.html) == ("", "")
    # That something was there is still told; what, is not.
    assert await told(two.mentee) == [(NotificationKind.MENTION, message.id, False)]


async def test_a_scheduled_message_that_is_refused_notifies_its_author(database: str) -> None:
    two = await pair()
    later = clock.now() + HOUR
    waiting = await ScheduledMessage.write(two.conversation, "Later", by=two.mentor, send_at=later, client_id="k")
    await two.mentorship.end(by=two.mentee)
    with clock.moved(HOUR * 2):
        for _ in range(2):
            await ScheduledMessage.send_due()
    (one,) = await Notification.visible_to(two.mentor)
    assert (one.kind, one.scheduled_message_id) == (NotificationKind.NOT_SENT, waiting.id)


async def test_who_is_notified_of_another_conversation_still_reads_this_one_quickly(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await pair()
    other = await pair(mentee=two.mentee)
    await other.conversation.send(at(two.mentee), by=other.mentor, client_id="k")
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    with monkeypatch.context() as patch:
        patch.setattr(Conversation, "mark_read_in_steps", None)
        await two.conversation.mark_read(1, by=two.mentee)
    assert await Notification.unread(two.mentee.id) == 1
    await other.conversation.mark_read(1, by=two.mentee)
    assert await Notification.unread(two.mentee.id) == 0
