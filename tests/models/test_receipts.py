"""How far messages have come and been read: who marks it, and who is told."""

import asyncio

import pytest

from models.account import Account, PresenceAudience
from models.block import Block
from models.conversation import Circle, Conversation, Participant
from models.conversation.quick import words
from models.inbox import Kind
from models.organisation import ContactRule
from models.refusal import RefusalCode
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person

MOVED = Kind.READ_MARKER_MOVED


async def talking() -> Pair:
    """A pair of whom the mentor has sent three messages."""
    two = await pair()
    for number in range(3):
        await two.conversation.send("Hi", by=two.mentor, client_id=f"{number}")
    return two


async def shown_to(viewer: Account, of: Conversation) -> set[str]:
    """Whose markers the viewer may know."""
    parts = await Participant.showing(viewer).filter(conversation_id=of.id).select_related("profile")
    return {part.profile.name for part in parts}


@pytest.mark.parametrize(
    ("reader", "other", "told"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
async def test_receipts_are_mutual_or_none(database: str, reader: bool, other: bool, told: bool) -> None:
    two = await talking()
    await two.mentee.prefer(by=two.mentee, read_receipts=reader)
    await two.mentor.prefer(by=two.mentor, read_receipts=other)
    before = await place(two.mentor), await place(two.mentee)
    await two.conversation.mark_delivered(2, by=two.mentee)
    await two.conversation.mark_read(1, by=two.mentee)
    assert await news(two.mentor, before[0]) == ([MOVED] * 2 if told else [])
    # The reader's other devices hear of it always.
    assert await news(two.mentee, before[1]) == [MOVED] * 2
    assert await shown_to(two.mentor, two.conversation) == ({"Mara", "Theo"} if told else {"Mara"})
    assert await shown_to(two.mentee, two.conversation) == ({"Mara", "Theo"} if told else {"Theo"})


async def test_behind_a_block_nobody_knows_how_far_the_other_has_read(database: str) -> None:
    two = await talking()
    await Block.put(two.mentor.id, by=two.mentee)
    await two.conversation.mark_read(3, by=two.mentee)
    assert await shown_to(two.mentor, two.conversation) == {"Mara"}
    assert await shown_to(two.mentee, two.conversation) == {"Theo"}
    await Block.lift(two.mentor.id, by=two.mentee)
    assert await shown_to(two.mentor, two.conversation) == {"Mara", "Theo"}


async def test_a_mark_of_delivery_moves_forward_only_and_is_told_once(database: str) -> None:
    two = await talking()
    before = await place(two.mentor)
    for number, stands in ((2, 2), (1, 2), (2, 2), (0, 2), (3, 3)):
        await two.conversation.mark_delivered(number, by=two.mentee)
        assert (await Participant.of(two.conversation.id, two.mentee)).delivered == stands
    assert await news(two.mentor, before) == [MOVED] * 2
    for number in (-1, 4):
        with refused(RefusalCode.INVALID, "number"):
            await two.conversation.mark_delivered(number, by=two.mentee)


async def test_what_is_read_was_delivered_and_what_is_delivered_need_not_be_read(database: str) -> None:
    two = await talking()
    await two.conversation.mark_delivered(2, by=two.mentee)
    part = await Participant.of(two.conversation.id, two.mentee)
    assert (part.read_number, part.delivered) == (0, 2)
    await two.conversation.mark_read(3, by=two.mentee)
    part = await Participant.of(two.conversation.id, two.mentee)
    assert (part.read_number, part.delivered) == (3, 3)


async def test_marks_that_are_made_at_once_end_at_the_furthest(database: str) -> None:
    two = await talking()
    await asyncio.gather(
        *(two.conversation.mark_delivered(number, by=two.mentee) for number in (1, 3, 2)),
        *(two.conversation.mark_read(number, by=two.mentee) for number in (2, 1)),
    )
    part = await Participant.of(two.conversation.id, two.mentee)
    assert (part.read_number, part.delivered_number) == (2, 3)


async def test_after_the_end_only_the_reader_hears_of_it(database: str) -> None:
    two = await talking()
    await two.mentorship.end(by=two.mentor)
    before = await place(two.mentor), await place(two.mentee)
    await two.conversation.mark_delivered(3, by=two.mentee)
    assert (await news(two.mentor, before[0]), await news(two.mentee, before[1])) == ([], [MOVED])


async def test_for_others_there_is_nothing_to_mark(database: str) -> None:
    two, eve = await talking(), await person("Eve")
    with refused(RefusalCode.NOT_FOUND, "conversationId"):
        await two.conversation.mark_delivered(1, by=eve)


async def test_in_a_circle_those_are_told_who_show_theirs_unless_they_are_too_many(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo, cy = [await person(name) for name in ("Ana", "Bo", "Cy")]
    await Account.all().update(contact=ContactRule.EVERYONE)
    circle = await Circle.open("A", [bo.id, cy.id], by=ana)
    await circle.send("Hi", by=ana, client_id="1")
    await circle.send("Hi", by=ana, client_id="2")
    await cy.prefer(by=cy, read_receipts=False)
    before = [await place(one) for one in (ana, bo, cy)]
    await circle.mark_read(1, by=bo)
    monkeypatch.setattr(words, "MOST_TOLD_OF_READING", 2)
    await circle.mark_read(2, by=bo)
    told = [await news(one, position) for one, position in zip((ana, bo, cy), before, strict=True)]
    assert told == [[MOVED], [MOVED] * 2, []]
    assert await shown_to(ana, circle) == {"Ana", "Bo"}
    assert await shown_to(cy, circle) == {"Cy"}


async def test_preferences_change_as_they_are_given_and_by_their_person_only(database: str) -> None:
    ana, eve = await person("Ana"), await person("Eve")
    assert (ana.contact, ana.read_receipts, ana.presence, ana.missed_mail) == (
        ContactRule.SAME_PROGRAMME, True, PresenceAudience.CONTACTS, True,
    )  # fmt: skip
    await ana.prefer(by=ana, contact=ContactRule.OFF, presence=PresenceAudience.NOBODY)
    changed = await ana.prefer(by=ana, read_receipts=False)
    stored = await Account.get(id=ana.id)
    for one in (changed, stored):
        assert (one.contact, one.read_receipts, one.presence, one.missed_mail) == (
            ContactRule.OFF, False, PresenceAudience.NOBODY, True,
        )  # fmt: skip
    assert await ana.prefer(by=ana) == stored
    with refused(RefusalCode.NOT_ALLOWED):
        await ana.prefer(by=eve, read_receipts=True)


async def test_across_a_block_nobody_knows_how_far_the_other_has_read(database: str) -> None:
    two = await pair()
    await two.conversation.send("Hello", by=two.mentor, client_id="k")
    await Block.put(two.mentor.id, by=two.mentee)
    await two.conversation.mark_read(1, by=two.mentee)
    for viewer in (two.mentor, two.mentee):
        assert [part.profile_id for part in await Participant.showing(viewer)] == [viewer.id]
