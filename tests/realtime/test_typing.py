"""Who is typing: heard by those who take part, no more often than is of use, and over after a while."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models import bell
from models.conversation import Participant
from models.refusal import RefusalCode
from realtime.bells import Bells
from realtime.broker import embedded_broker
from realtime.typing import MOST_CHANGES, Typing, Typists, typing
from tests.models.expect import refused
from tests.people import pair


@pytest.fixture
async def bells() -> AsyncIterator[Bells]:
    async with embedded_broker() as found:
        yield found


async def test_the_other_hears_that_somebody_begins_and_stops_and_the_typist_does_not(
    database: str, bells: Bells
) -> None:
    two, typists = await pair(), Typists()
    heard = typing(bells, two.mentee, two.conversation, ends=60)
    own = typing(bells, two.mentor, two.conversation, ends=60)
    first, nothing = asyncio.create_task(anext(heard)), asyncio.create_task(anext(own))
    await asyncio.sleep(0)
    typists.say(two.conversation, by=two.mentor, typing=True)
    assert await first == Typing(two.mentor.id, True)
    typists.say(two.conversation, by=two.mentor, typing=False)
    assert await anext(heard) == Typing(two.mentor.id, False)
    assert not nothing.done()
    nothing.cancel()
    await asyncio.gather(nothing, return_exceptions=True)
    await heard.aclose()


async def test_who_says_no_more_has_stopped_after_a_while(database: str, bells: Bells) -> None:
    two, typists = await pair(), Typists()
    heard = typing(bells, two.mentee, two.conversation, ends=0.02)
    first = asyncio.create_task(anext(heard))
    await asyncio.sleep(0)
    typists.say(two.conversation, by=two.mentor, typing=True)
    assert await first == Typing(two.mentor.id, True)
    assert await anext(heard) == Typing(two.mentor.id, False)
    await heard.aclose()


async def test_however_often_it_is_said_it_is_whispered_once_in_a_while(database: str, bells: Bells) -> None:
    two, typists = await pair(), Typists()
    with bells.overhear(f"typing {two.conversation.id}") as ear:
        for _ in range(10):
            typists.say(two.conversation, by=two.mentor, typing=True)
        typists.say(two.conversation, by=two.mentee, typing=True)
        typists.say(two.conversation, by=two.mentor, typing=False)
        typists.say(two.conversation, by=two.mentor, typing=True)
        assert len(ear._heard) == 4


async def test_who_begins_and_stops_without_end_is_heard_a_few_times_in_a_while(database: str, bells: Bells) -> None:
    two, typists = await pair(), Typists()
    with bells.overhear(f"typing {two.conversation.id}") as ear:
        for number in range(40):
            typists.say(two.conversation, by=two.mentor, typing=not number % 2)
        assert len(ear._heard) == 1 + MOST_CHANGES


async def test_who_takes_no_part_any_more_hears_nothing_more(database: str, bells: Bells) -> None:
    two, typists = await pair(), Typists()
    heard = typing(bells, two.mentee, two.conversation)
    first = asyncio.create_task(anext(heard, None))
    await asyncio.sleep(0)
    await Participant.filter(profile_id=two.mentee.id).delete()
    typists.say(two.conversation, by=two.mentor, typing=True)
    assert await first is None
    assert not bells._ears


async def test_where_nothing_may_be_said_nobody_types(database: str) -> None:
    two = await pair()
    await two.mentorship.end(by=two.mentor)
    await two.conversation.refresh_from_db()
    with refused(RefusalCode.WRONG_STATE, "conversationId"):
        Typists().say(two.conversation, by=two.mentee, typing=True)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"by": 1}', '{"by": "x", "typing": true}'])
async def test_a_whisper_that_is_not_ours_is_passed_over(database: str, bells: Bells, text: str) -> None:
    two = await pair()
    heard = typing(bells, two.mentee, two.conversation)
    first = asyncio.create_task(anext(heard))
    await asyncio.sleep(0)
    bell.whisper(f"typing {two.conversation.id}", text)
    Typists().say(two.conversation, by=two.mentor, typing=True)
    assert await first == Typing(two.mentor.id, True)
    await heard.aclose()
