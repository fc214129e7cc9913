"""Reactions and stars."""

import asyncio

import emoji as unicode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.conversation import MOST_DIFFERENT, MOST_OF_ONE, Message, Reaction, Star
from models.conversation.emoji import one_emoji
from models.inbox import Kind
from models.refusal import RefusalCode, Refused
from tests.models.expect import news, place, refused
from tests.models.test_message import circle, said
from tests.people import pair, person

PICTURES = sorted(text for text, about in unicode.EMOJI_DATA.items() if about["status"] != unicode.STATUS["component"])


async def put(message: Message) -> set[tuple[str, str]]:
    """The emoji under a message, and whose they are."""
    return {(row.emoji, str(row.profile_id)) for row in await Reaction.filter(message_id=message.id)}


async def test_a_reaction_is_there_once_and_told_once(database: str) -> None:
    two = await pair()
    message = await said(two)
    before = await place(two.mentor), await place(two.mentee)
    await asyncio.gather(*(Reaction.add(message, "👍", by=two.mentee) for _ in range(3)))
    assert await put(message) == {("👍", str(two.mentee.id))}
    await Reaction.add(message, "👍", by=two.mentor)
    for _ in range(2):
        await Reaction.remove(message, "👍", by=two.mentee)
    assert await put(message) == {("👍", str(two.mentor.id))}
    for account, place_before in zip((two.mentor, two.mentee), before, strict=True):
        assert await news(account, place_before) == [Kind.REACTION_CHANGED] * 3


async def test_one_picture_has_one_spelling(database: str) -> None:
    two = await pair()
    message = await said(two)
    for spelling in ("❤", "❤\ufe0f"):
        await Reaction.add(message, spelling, by=two.mentor)
    assert await put(message) == {("❤\ufe0f", str(two.mentor.id))}
    await Reaction.remove(message, "❤", by=two.mentor)
    assert await put(message) == set()


async def test_for_others_there_is_no_such_message(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    message = await said(two)
    for change in (Reaction.add(message, "👍", by=eve), Reaction.remove(message, "👍", by=eve)):
        with refused(RefusalCode.NOT_FOUND, "messageId"):
            await change
    with refused(RefusalCode.NOT_FOUND, "messageId"):
        await Star.put(message, True, by=eve)
    await Reaction.add(message, "👍", by=two.mentor)
    assert await Reaction.visible_to(eve).count() == 0


async def test_a_person_and_a_message_have_a_bound_of_emoji(database: str) -> None:
    people = [await person(name) for name in ("Ana", "Ben", "Cleo")]
    message = await (await circle(*people)).send("Hello", by=people[0], client_id="k")
    some = [text for text in PICTURES if len(text) == 1][: MOST_DIFFERENT + 1]
    for index, text in enumerate(some[:MOST_DIFFERENT]):
        await Reaction.add(message, text, by=people[index // MOST_OF_ONE])
    with refused(RefusalCode.LIMIT_REACHED):
        await Reaction.add(message, some[-1], by=people[0])
    with refused(RefusalCode.LIMIT_REACHED):
        await Reaction.add(message, some[-1], by=people[2])
    # One that is there already can be joined.
    await Reaction.add(message, some[0], by=people[2])


@given(st.sampled_from(PICTURES))
def test_every_emoji_of_unicode_is_taken_and_fits_its_column(text: str) -> None:
    taken = one_emoji(text, "emoji")
    assert unicode.EMOJI_DATA[taken]["status"] == unicode.STATUS["fully_qualified"]
    assert one_emoji(taken, "emoji") == taken
    assert len(taken) <= Reaction._meta.fields_map["emoji"].max_length  # type: ignore[attr-defined]


@given(st.text(max_size=12) | st.builds("".join, st.lists(st.sampled_from([*PICTURES, "\u200d", "\ufe0f", "x"]))))
def test_no_other_text_is_taken(text: str) -> None:
    if text not in PICTURES:
        with pytest.raises(Refused):
            one_emoji(text, "emoji")


async def test_a_star_is_heard_of_by_who_starred_alone(database: str) -> None:
    two = await pair()
    message = await said(two)
    before = await place(two.mentor), await place(two.mentee)
    for starred in (True, True, False, False):
        await Star.put(message, starred, by=two.mentee)
        assert await Star.visible_to(two.mentee).count() == starred
        assert await Star.visible_to(two.mentor).count() == 0
    assert await news(two.mentee, before[1]) == [Kind.MESSAGE_UPDATED] * 2
    assert await news(two.mentor, before[0]) == []


async def test_stars_have_a_bound(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.conversation.star.MOST_STARS", 2)
    two = await pair()
    sent = [await said(two, str(number)) for number in range(3)]
    for message in sent[:2]:
        await Star.put(message, True, by=two.mentee)
    with refused(RefusalCode.LIMIT_REACHED):
        await Star.put(sent[2], True, by=two.mentee)
