"""Scheduled messages: sent once, when their time has come."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from models import clock
from models.conversation import MOST_WAITING, Message, ScheduledMessage
from models.inbox import Kind
from models.refusal import RefusalCode
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person

HOUR = timedelta(hours=1)


async def later(two: Pair, body: str = "Later", **more: Any) -> ScheduledMessage:
    """What the mentor has written for in an hour."""
    given = {"send_at": clock.now() + HOUR, "client_id": body, **more}
    return await ScheduledMessage.write(two.conversation, body, by=two.mentor, **given)


async def bodies() -> list[str]:
    return [message.body for message in await Message.all().order_by("number")]


async def test_a_message_is_sent_when_its_time_has_come_and_not_before(database: str) -> None:
    two = await pair()
    scheduled = await later(two)
    before = await place(two.mentor), await place(two.mentee)
    with clock.moved(HOUR - timedelta(minutes=1)):
        await ScheduledMessage.send_due()
        assert await bodies() == []
    with clock.moved(HOUR):
        await ScheduledMessage.send_due()
        await ScheduledMessage.send_due()
    stored = await ScheduledMessage.get(id=scheduled.id)
    message = await Message.get()
    assert (message.body, message.author_id, message.number) == ("Later", two.mentor.id, 1)
    assert (stored.sent_id, stored.due_at, stored.refusal) == (message.id, None, "")
    assert await news(two.mentor, before[0]) == [Kind.MESSAGE_CREATED, Kind.SCHEDULED_MESSAGE_CHANGED]
    assert await news(two.mentee, before[1]) == [Kind.MESSAGE_CREATED]
    assert await ScheduledMessage.pending(two.mentor) == []


async def test_sweepers_that_meet_send_each_once_and_in_order(database: str) -> None:
    two = await pair()
    for number in range(4):
        await later(two, str(number), send_at=clock.now() + HOUR + timedelta(seconds=number))
    with clock.moved(HOUR * 2):
        await asyncio.gather(*(ScheduledMessage.send_due() for _ in range(3)))
    assert await bodies() == ["0", "1", "2", "3"]


async def test_a_sweeper_that_died_in_between_leaves_nothing_half_done(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await pair()
    scheduled = await later(two)

    async def died(*_: Any) -> None:
        raise RuntimeError("killed")

    with clock.moved(HOUR):
        with monkeypatch.context() as broken:
            broken.setattr(ScheduledMessage, "_finish", died)
            await ScheduledMessage.send_due()
        assert await bodies() == []
        assert (await ScheduledMessage.get(id=scheduled.id)).due_at is not None
        await ScheduledMessage.send_due()
    assert await bodies() == ["Later"]


async def test_a_second_sending_of_the_same_row_finds_the_first_message(database: str) -> None:
    two = await pair()
    scheduled = await later(two)
    with clock.moved(HOUR):
        await ScheduledMessage.send_due()
        # As if the first had been forgotten: the row's key still stands for one message.
        await ScheduledMessage.filter(id=scheduled.id).update(due_at=scheduled.due_at, body="Later", sent_id=None)
        await ScheduledMessage.send_due()
    assert await bodies() == ["Later"]
    assert (await ScheduledMessage.get(id=scheduled.id)).sent_id == (await Message.get()).id


async def test_what_cannot_be_sent_says_why_until_it_is_put_out_of_sight(database: str) -> None:
    two = await pair()
    scheduled, other = await later(two), await later(await pair(two.mentor), "Other")
    await two.mentorship.end(by=two.mentee)
    before = await place(two.mentor)
    with clock.moved(HOUR):
        await ScheduledMessage.send_due()
    # The others are sent all the same.
    assert await bodies() == ["Other"]
    (shown,) = await ScheduledMessage.pending(two.mentor)
    assert shown.id == scheduled.id
    assert "closed" in shown.refusal
    assert (shown.due_at, shown.body) == (None, "Later")
    told = [Kind.MESSAGE_CREATED, Kind.NOTIFICATION_CREATED, *[Kind.SCHEDULED_MESSAGE_CHANGED] * 2]
    assert sorted(await news(two.mentor, before)) == told
    await shown.cancel(by=two.mentor)
    assert await ScheduledMessage.pending(two.mentor) == []
    assert (await ScheduledMessage.get(id=other.id)).sent_id is not None


async def test_what_is_cancelled_is_not_sent_and_what_is_sent_is_not_cancelled(database: str) -> None:
    two = await pair()
    scheduled, other = await later(two), await later(two, "Other")
    for _ in range(2):
        cancelled = await scheduled.cancel(by=two.mentor)
        assert (cancelled.due_at, cancelled.body) == (None, "")
    with refused(RefusalCode.NOT_FOUND, "scheduledMessageId"):
        await other.cancel(by=two.mentee)
    with clock.moved(HOUR):
        await ScheduledMessage.send_due()
    assert await bodies() == ["Other"]
    with refused(RefusalCode.WRONG_STATE, "scheduledMessageId"):
        await other.cancel(by=two.mentor)


async def test_a_retry_finds_what_was_written_also_after_it_was_sent(database: str) -> None:
    two = await pair()
    at = clock.now() + HOUR
    first = await later(two, send_at=at)
    # The same moment in another zone is the same.
    elsewhere = at.astimezone(timezone(timedelta(hours=9)))
    assert (await later(two, send_at=elsewhere)).id == first.id
    with clock.moved(HOUR):
        await ScheduledMessage.send_due()
        assert (await later(two, send_at=at)).id == first.id
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await later(two, send_at=at + HOUR)


@pytest.mark.parametrize(
    "ahead", [timedelta(), timedelta(seconds=59), timedelta(days=-1), timedelta(days=365, minutes=1)]
)
async def test_a_moment_is_between_a_minute_and_a_year_ahead(database: str, ahead: timedelta) -> None:
    two = await pair()
    with refused(RefusalCode.INVALID, "sendAt"):
        await later(two, send_at=clock.now() + ahead)


async def test_a_moment_without_a_zone_is_refused(database: str) -> None:
    two = await pair()
    for moment in (datetime.now(UTC).replace(tzinfo=None) + HOUR, datetime.max.replace(tzinfo=timezone(-HOUR))):
        with refused(RefusalCode.INVALID, "sendAt"):
            await later(two, send_at=moment)


async def test_an_answer_that_waits_answers_when_it_is_sent(database: str) -> None:
    two = await pair()
    question = await two.conversation.send("Question", by=two.mentee, client_id="k")
    await later(two, "Answer", reply_to_id=question.id)
    with clock.moved(HOUR):
        await ScheduledMessage.send_due()
    assert (await Message.get(body="Answer")).reply_to_id == question.id
    other = await pair(two.mentor)
    with refused(RefusalCode.NOT_FOUND, "replyToId"):
        await later(other, "Elsewhere", reply_to_id=question.id)


async def test_only_who_takes_part_schedules_and_only_while_messages_are_taken(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    with refused(RefusalCode.NOT_FOUND, "conversationId"):
        await ScheduledMessage.write(two.conversation, "Hi", by=eve, send_at=clock.now() + HOUR, client_id="k")
    await later(two)
    assert await ScheduledMessage.visible_to(two.mentee).count() == 0
    await two.mentorship.end(by=two.mentor)
    with refused(RefusalCode.WRONG_STATE, "conversationId"):
        await later(two, "More")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_waits_has_a_bound(database: str) -> None:
    two = await pair()
    for number in range(MOST_WAITING):
        written = await later(two, str(number))
    with refused(RefusalCode.LIMIT_REACHED):
        await later(two, "One more")
    await written.cancel(by=two.mentor)
    await later(two, "One more")
