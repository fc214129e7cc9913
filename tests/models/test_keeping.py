"""How somebody keeps their conversations, and which of them a list holds."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import clock
from models.account import Account
from models.conversation import Circle, Conversation, ConversationKind, Direct, Participant, participant
from models.inbox import Kind
from models.organisation import ContactRule
from models.refusal import RefusalCode, Refused
from tests.models.expect import news, place, refused
from tests.people import pair, person

HOUR = timedelta(hours=1)


async def listed(viewer: Account, **wanted: Any) -> set[str]:
    """The kinds of the conversations in a list."""
    return {one.kind.value for one in await Conversation.listed(viewer, now=clock.now(), **wanted)}


async def three() -> tuple[Account, dict[str, Conversation]]:
    """Somebody with a conversation of each kind."""
    two, other = await pair(), await person("Other")
    await Account.all().update(contact=ContactRule.EVERYONE)
    direct = await Direct.open(other.id, by=two.mentee)
    circle = await Circle.open("A", [other.id], by=two.mentee)
    return two.mentee, {"MENTORSHIP": two.conversation, "DIRECT": direct, "CIRCLE": circle}


async def test_a_list_holds_what_its_filter_asks_for(database: str) -> None:
    me, mine = await three()
    assert await listed(me) == {"MENTORSHIP", "DIRECT", "CIRCLE"}
    for kind in ConversationKind:
        assert await listed(me, kind=kind) == {kind}
    await (await Participant.of(mine["DIRECT"].id, me)).pin(True)
    assert (await listed(me, pinned=True), await listed(me, pinned=False)) == ({"DIRECT"}, {"MENTORSHIP", "CIRCLE"})
    await (await Participant.of(mine["CIRCLE"].id, me)).archive(True)
    assert (await listed(me), await listed(me, archived=False)) == ({"MENTORSHIP", "DIRECT"},) * 2
    assert await listed(me, archived=True) == {"CIRCLE"}
    assert await listed(me, archived=True, kind=ConversationKind.DIRECT) == set()


async def test_what_is_unread_is_listed_until_it_is_read(database: str) -> None:
    me, mine = await three()
    other = await Account.get(profile__name="Other")
    assert await listed(me, unread=True) == set()
    await mine["DIRECT"].send("Hi", by=other, client_id="1")
    assert (await listed(me, unread=True), await listed(other, unread=True)) == ({"DIRECT"}, set())
    assert await listed(me, unread=False) == {"MENTORSHIP", "CIRCLE"}
    await mine["DIRECT"].mark_read(1, by=me)
    assert await listed(me, unread=True) == set()


async def test_what_is_muted_for_a_time_or_for_ever_is_so_until_then(database: str) -> None:
    me, mine = await three()
    direct, circle = [await Participant.of(mine[kind].id, me) for kind in ("DIRECT", "CIRCLE")]
    await direct.mute(clock.now() + HOUR)
    await circle.mute()
    assert (await listed(me, muted=True), await listed(me, muted=False)) == ({"DIRECT", "CIRCLE"}, {"MENTORSHIP"})
    with clock.moved(2 * HOUR):
        assert (await listed(me, muted=True), await listed(me, muted=False)) == ({"CIRCLE"}, {"MENTORSHIP", "DIRECT"})
        assert (direct.is_muted, circle.is_muted) == (False, True)
    await circle.unmute()
    assert await listed(me, muted=True) == {"DIRECT"}


@pytest.mark.parametrize(
    "until",
    [
        datetime(2999, 1, 1),  # noqa: DTZ001 - a moment without its zone is the point
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime.fromisoformat("0001-01-01T00:00:00+14:00"),
        datetime.fromisoformat("9999-12-31T23:59:59-14:00"),
        participant.FOR_EVER,
    ],
    ids=str,
)
async def test_nothing_is_muted_until_a_moment_that_has_been_or_cannot_be(database: str, until: datetime) -> None:
    two = await pair()
    part = await Participant.of(two.conversation.id, two.mentor)
    with refused(RefusalCode.INVALID, "until"):
        await part.mute(until)


async def test_only_ones_own_devices_hear_how_one_keeps_it_and_once(database: str) -> None:
    two = await pair()
    before = await place(two.mentor), await place(two.mentee)
    part = await Participant.of(two.conversation.id, two.mentor)
    for _ in range(2):
        await part.pin(True)
        await part.archive(True)
        await part.mute()
    assert await news(two.mentor, before[0]) == [Kind.CONVERSATION_CHANGED] * 3
    pinned_at = part.pinned_at
    await part.pin(True)
    assert (await Participant.of(two.conversation.id, two.mentor)).pinned_at == pinned_at
    for _ in range(2):
        await part.pin(False)
        await part.archive(False)
        await part.unmute()
    assert await news(two.mentor, before[0]) == [Kind.CONVERSATION_CHANGED] * 6
    assert await news(two.mentee, before[1]) == []
    assert not (await Participant.of(two.conversation.id, two.mentee)).is_muted


async def test_a_new_message_brings_an_archived_conversation_back_but_not_its_sound(database: str) -> None:
    two = await pair()
    part = await Participant.of(two.conversation.id, two.mentor)
    await part.archive(True)
    await part.mute()
    assert await listed(two.mentor) == set()
    await two.conversation.send("Hi", by=two.mentee, client_id="1")
    assert await listed(two.mentor) == await listed(two.mentor, muted=True) == {"MENTORSHIP"}


async def test_so_many_are_pinned_and_no_more_however_many_at_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participant, "MOST_PINNED", 2)
    me, mine = await three()
    parts = [await Participant.of(one.id, me) for one in mine.values()]
    done = await asyncio.gather(*(part.pin(True) for part in parts), return_exceptions=True)
    (over,) = [one for one in done if one is not None]
    assert isinstance(over, Refused)
    assert over.code is RefusalCode.LIMIT_REACHED
    # What is on top already takes no further place.
    pinned = [part for part, one in zip(parts, done, strict=True) if one is None]
    await pinned[0].pin(True)
    await pinned[0].pin(False)
    (left,) = [part for part in parts if part not in pinned]
    await left.pin(True)


async def test_who_is_out_keeps_nothing(database: str) -> None:
    me, mine = await three()
    part = await Participant.of(mine["CIRCLE"].id, me)
    await Circle(mine["CIRCLE"]).leave(by=me)
    for attempt in (part.pin(True), part.archive(True), part.mute(), Participant.of(mine["CIRCLE"].id, me)):
        with refused(RefusalCode.NOT_FOUND, "conversationId"):
            await attempt
