"""Reports: what their authors chose, as it was, and nothing else."""

from datetime import timedelta

import pytest

from models import clock
from models.conversation import Message
from models.refusal import RefusalCode
from models.report import MOST_A_DAY, MOST_MESSAGES, Report, ReportedMessage, ReportReason
from tests.models.expect import refused
from tests.people import Pair, pair, person


async def talk(two: Pair) -> list[Message]:
    bodies = [("You are late", two.mentor), ("Sorry", two.mentee), ("canary insult", two.mentor)]
    return [await two.conversation.send(body, by=by, client_id=body) for body, by in bodies]


async def file(two: Pair, messages: list[Message], client_id: str = "k", text: str = "Look") -> Report:
    return await Report.file(
        two.conversation,
        two.mentor.id,
        [message.id for message in messages],
        by=two.mentee,
        reason=ReportReason.HARASSMENT,
        text=text,
        client_id=client_id,
    )


async def test_a_report_shows_the_messages_that_were_chosen_as_they_were(database: str) -> None:
    two = await pair()
    first, _, third = await talk(two)
    report = await file(two, [third, first])
    await Message.filter(id=third.id).update(body="", deleted_at=clock.now())
    await Message.filter(id=first.id).update(body="You are welcome", edited_at=clock.now())
    copies = await ReportedMessage.visible_to(two.mentee).filter(report_id=report.id).order_by("position")
    assert [(copy.number, copy.body) for copy in copies] == [(1, "You are late"), (3, "canary insult")]
    assert await (await Report.get(id=report.id)).is_intact()


@pytest.mark.parametrize("change", [{"body": "x"}, {"number": 2}, {"sent_at": clock.now() + timedelta(1)}])
async def test_a_copy_that_was_changed_breaks_the_seal(database: str, change: dict[str, object]) -> None:
    two = await pair()
    report = await file(two, await talk(two))
    await ReportedMessage.filter(position=2).update(**change)
    assert not await report.is_intact()


async def test_nobody_but_its_author_sees_a_report_and_a_retry_files_it_once(database: str) -> None:
    two = await pair()
    messages = await talk(two)
    report = await file(two, messages)
    assert (await file(two, messages)).id == report.id
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await file(two, messages[2:])
    for other in (two.mentor, await person("Eve")):
        assert await Report.visible_to(other) == []
        assert await ReportedMessage.visible_to(other) == []


async def test_what_can_be_reported_is_said(database: str) -> None:
    two, other = await pair(), await pair()
    messages = await talk(two)
    (elsewhere, *_) = await talk(other)
    for chosen, code in (
        ([], RefusalCode.INVALID),
        ([messages[1]], RefusalCode.INVALID),
        ([messages[0], elsewhere], RefusalCode.NOT_FOUND),
    ):
        with refused(code, "messageIds"):
            await file(two, chosen)
    await Message.filter(id=messages[0].id).update(deleted_at=clock.now())
    with refused(RefusalCode.INVALID, "messageIds"):
        await file(two, messages)
    many = [await two.conversation.send("x", by=two.mentor, client_id=f"m{n}") for n in range(MOST_MESSAGES + 1)]
    with refused(RefusalCode.INVALID, "messageIds"):
        await file(two, many)
    eve = await person("Eve")
    with refused(RefusalCode.NOT_FOUND, "conversationId"):
        await Report.file(
            two.conversation, two.mentor.id, [many[0].id], by=eve, reason=ReportReason.SPAM, text="", client_id="k"
        )
    with refused(RefusalCode.NOT_ALLOWED, "profileId"):
        await Report.file(
            two.conversation,
            two.mentor.id,
            [many[0].id],
            by=two.mentor,
            reason=ReportReason.SPAM,
            text="",
            client_id="k",
        )
    assert await Report.all().count() == await ReportedMessage.all().count() == 0


async def test_reports_are_bounded_a_day_and_possible_after_the_end(database: str) -> None:
    two = await pair()
    messages = await talk(two)
    await two.mentorship.end(by=two.mentor)
    for number in range(MOST_A_DAY):
        await file(two, messages[2:], str(number))
    with refused(RefusalCode.LIMIT_REACHED):
        await file(two, messages[2:], "more")
    with clock.moved(timedelta(days=1, minutes=1)):
        await file(two, messages[2:], "more")
