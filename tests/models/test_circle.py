"""Circles: who may let people in and put them out, what roles they have, and what who is out still gets."""

import asyncio
from collections.abc import Sequence

import pytest

from models.account import Account
from models.conversation import Circle, Conversation, Message, Participant, Role, circle
from models.inbox import Kind
from models.organisation import ContactRule
from models.refusal import RefusalCode, Refused
from tests.models.expect import news, place, refused
from tests.people import pair, person

NOT_ALLOWED, NOT_FOUND = RefusalCode.NOT_ALLOWED, RefusalCode.NOT_FOUND


async def reachable(*names: str) -> list[Account]:
    """People to whom everyone may write."""
    people = [await person(name) for name in names]
    await Account.filter(id__in=[one.id for one in people]).update(contact=ContactRule.EVERYONE)
    return people


async def opened(*members: Account, by: Account) -> Conversation:
    return await Circle.open("Women in tech", [one.id for one in members], by=by)


async def roles(conversation: Conversation) -> dict[str, Role]:
    parts = await Participant.filter(conversation_id=conversation.id).select_related("profile")
    return {part.profile.name: part.role for part in parts}


async def test_who_opens_a_circle_owns_it_and_all_hear_of_it(database: str) -> None:
    ana, bo, cy = await reachable("Ana", "Bo", "Cy")
    before = [await place(one) for one in (ana, bo, cy)]
    made = await Circle.open("  Women in tech ", [bo.id, cy.id, bo.id, ana.id], by=ana)
    assert (made.kind, made.title, made.mentorship_id, made.direct_pair) == ("CIRCLE", "Women in tech", None, None)
    assert await roles(made) == {"Ana": Role.OWNER, "Bo": Role.MEMBER, "Cy": Role.MEMBER}
    for one, position in zip((ana, bo, cy), before, strict=True):
        assert await news(one, position) == [Kind.CONVERSATION_CHANGED]


async def test_a_retry_with_its_key_finds_the_first_circle_whatever_has_been_set_since(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    tries = await asyncio.gather(*(Circle.open("A", [bo.id], by=ana, client_id="k") for _ in range(3)))
    await bo.prefer(by=bo, contact=ContactRule.OFF)
    tries.append(await Circle.open("A", [bo.id], by=ana, client_id="k"))
    assert len({one.id for one in tries}) == 1
    assert await Conversation.all().count() == 1
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await Circle.open("Another", [bo.id], by=ana, client_id="k")


async def test_by_the_key_of_its_opening_nobody_finds_a_circle_that_they_are_out_of(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    made = await Circle.open("A", [bo.id], by=ana, client_id="k")
    await Circle(made).set_role(bo.id, Role.OWNER, by=ana)
    await Circle(made).remove(ana.id, by=bo)
    with refused(NOT_FOUND, "clientId"):
        await Circle.open("A", [bo.id], by=ana, client_id="k")
    await Circle(made).add([ana.id], by=bo)
    assert (await Circle.open("A", [bo.id], by=ana, client_id="k")).id == made.id


async def test_nobody_is_let_in_who_cannot_be_written_to(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    off = await person("Off")
    await off.prefer(by=off, contact=ContactRule.OFF)
    made = await opened(bo, by=ana)
    for attempt in (
        Circle.open("A", [bo.id, off.id], by=ana),
        Circle(made).add([off.id], by=ana),
    ):
        with refused(NOT_ALLOWED, "profileIds"):
            await attempt
    assert await Conversation.all().count() == 1
    assert set(await roles(made)) == {"Ana", "Bo"}


async def test_who_has_an_open_conversation_with_somebody_may_let_them_in(database: str) -> None:
    two = await pair()
    for one in (two.mentor, two.mentee):
        await one.prefer(by=one, contact=ContactRule.OFF)
    made = await opened(two.mentee, by=two.mentor)
    assert len(await roles(made)) == 2
    await two.mentorship.end(by=two.mentee)
    with refused(NOT_ALLOWED, "profileIds"):
        await opened(two.mentee, by=two.mentor)


async def test_to_be_in_one_circle_is_no_reason_to_be_let_into_another(database: str) -> None:
    ana, bo, cy = await reachable("Ana", "Bo", "Cy")
    await opened(bo, cy, by=ana)
    await cy.prefer(by=cy, contact=ContactRule.OFF)
    with refused(NOT_ALLOWED, "profileIds"):
        await opened(cy, by=bo)


async def test_there_is_no_circle_of_people_who_do_not_exist_nor_of_too_many(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo, cy = await reachable("Ana", "Bo", "Cy")
    made = await opened(bo, by=ana)
    with refused(NOT_FOUND, "profileIds"):
        await Circle.open("A", [bo.id, made.id], by=ana)
    monkeypatch.setattr(circle, "MOST_PEOPLE", 2)
    for attempt in (opened(bo, cy, by=ana), Circle(made).add([cy.id], by=ana)):
        with refused(RefusalCode.LIMIT_REACHED, "profileIds"):
            await attempt
    # Who is in already takes no place.
    await Circle(made).add([bo.id, ana.id], by=ana)


async def test_a_newcomer_sees_what_was_said_and_none_of_it_is_unread(database: str) -> None:
    ana, bo, cy = await reachable("Ana", "Bo", "Cy")
    made = await opened(bo, by=ana)
    await made.send("Hello", by=ana, client_id="1")
    before = [await place(one) for one in (ana, bo, cy)]
    for _ in range(2):
        await Circle(made).add([cy.id, bo.id], by=ana)
    assert [message.body for message in await Message.visible_to(cy)] == ["Hello"]
    part = await Participant.of(made.id, cy)
    assert (part.role, part.read_number, part.delivered) == (Role.MEMBER, 1, 1)
    for one, position in zip((ana, bo, cy), before, strict=True):
        # Whoever was in already is not let in again.
        assert await news(one, position) == [Kind.CONVERSATION_CHANGED]


@pytest.mark.parametrize("by", ["himself", "the owner"])
async def test_who_is_out_sees_and_hears_nothing_more_and_is_told_so(database: str, by: str) -> None:
    ana, bo, cy = await reachable("Ana", "Bo", "Cy")
    made = await opened(bo, cy, by=ana)
    await made.send("Hello", by=bo, client_id="1")
    before = [await place(one) for one in (ana, bo, cy)]
    if by == "himself":
        await Circle(made).leave(by=bo)
    else:
        await Circle(made).remove(bo.id, by=ana)
    await made.send("He is out", by=ana, client_id="2")
    assert await news(bo, before[1]) == [Kind.CONVERSATION_LEFT]
    for one, position in ((ana, before[0]), (cy, before[2])):
        assert await news(one, position) == [Kind.CONVERSATION_CHANGED, Kind.MESSAGE_CREATED]
    for model in (Conversation, Message, Participant):
        assert await model.visible_to(bo) == []
    for attempt in (made.send("Hi", by=bo, client_id="3"), made.mark_read(1, by=bo), Circle(made).leave(by=bo)):
        with refused(NOT_FOUND, "conversationId"):
            await attempt


async def test_who_comes_back_is_a_member_again(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    made = await opened(bo, by=ana)
    await Circle(made).set_role(bo.id, Role.MODERATOR, by=ana)
    await Circle(made).leave(by=bo)
    await Circle(made).add([bo.id], by=ana)
    assert await roles(made) == {"Ana": Role.OWNER, "Bo": Role.MEMBER}


async def test_what_is_sent_while_somebody_is_put_out_reaches_them_before_that_or_not_at_all(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    made = await opened(bo, by=ana)
    before = await place(bo)
    await asyncio.gather(
        *(made.send(f"{number}", by=ana, client_id=f"{number}") for number in range(4)),
        Circle(made).remove(bo.id, by=ana),
        *(made.send(f"{number}", by=ana, client_id=f"{number}") for number in range(4, 8)),
    )
    heard = await news(bo, before)
    assert heard.count(Kind.CONVERSATION_LEFT) == 1
    assert heard[-1] is Kind.CONVERSATION_LEFT


async def led(*names: str) -> tuple[Conversation, list[Account]]:
    """A circle of an owner, two moderators and two members."""
    people: Sequence[Account] = await reachable(*names)
    made = await opened(*people[1:], by=people[0])
    for moderator in people[1:3]:
        await Circle(made).set_role(moderator.id, Role.MODERATOR, by=people[0])
    return made, list(people)


async def test_moderators_let_members_in_and_out_and_rename_and_no_more(database: str) -> None:
    made, (owner, moderator, other, member, second) = await led("Owner", "Moderator", "Other", "Member", "Second")
    (new,) = await reachable("New")
    await Circle(made).add([new.id], by=moderator)
    await Circle(made).remove(new.id, by=moderator)
    assert (await Circle(made).rename("Other title", by=moderator)).title == "Other title"
    for attempt, field in (
        (Circle(made).remove(owner.id, by=moderator), "profileId"),
        (Circle(made).remove(other.id, by=moderator), "profileId"),
        (Circle(made).set_role(member.id, Role.MODERATOR, by=moderator), None),
        (Circle(made).set_role(moderator.id, Role.OWNER, by=moderator), None),
        (Circle(made).add([new.id], by=member), None),
        (Circle(made).remove(second.id, by=member), None),
        (Circle(made).rename("Mine", by=member), None),
        (Circle(made).set_role(member.id, Role.OWNER, by=member), None),
    ):
        with refused(NOT_ALLOWED, field):
            await attempt
    assert list((await roles(made)).values()).count(Role.MEMBER) == 2
    await Circle(made).remove(other.id, by=owner)
    with refused(RefusalCode.INVALID, "profileId"):
        await Circle(made).remove(owner.id, by=owner)


async def test_for_others_there_is_no_such_circle_and_no_such_person_in_it(database: str) -> None:
    ana, bo, eve = await reachable("Ana", "Bo", "Eve")
    made = await opened(bo, by=ana)
    for attempt in (
        Circle(made).rename("Mine", by=eve),
        Circle(made).add([eve.id], by=eve),
        Circle(made).remove(bo.id, by=eve),
        Circle(made).set_role(eve.id, Role.OWNER, by=eve),
        Circle(made).leave(by=eve),
    ):
        with refused(NOT_FOUND, "conversationId"):
            await attempt
    for attempt in (Circle(made).remove(eve.id, by=ana), Circle(made).set_role(eve.id, Role.OWNER, by=ana)):
        with refused(NOT_FOUND, "profileId"):
            await attempt


async def test_a_conversation_of_two_is_no_circle(database: str) -> None:
    two, other = await pair(), (await reachable("Other"))[0]
    for attempt in (
        Circle(two.conversation).rename("Ours", by=two.mentor),
        Circle(two.conversation).add([other.id], by=two.mentor),
        Circle(two.conversation).remove(two.mentee.id, by=two.mentor),
        Circle(two.conversation).set_role(two.mentor.id, Role.OWNER, by=two.mentor),
        Circle(two.conversation).leave(by=two.mentor),
    ):
        with refused(NOT_ALLOWED, "conversationId"):
            await attempt
    assert await Participant.filter(conversation_id=two.conversation.id).count() == 2


async def test_a_circle_keeps_an_owner(database: str) -> None:
    made, (owner, moderator, _, member, _) = await led("Owner", "Moderator", "Other", "Member", "Second")
    with refused(RefusalCode.WRONG_STATE, "role"):
        await Circle(made).set_role(owner.id, Role.MEMBER, by=owner)
    await Circle(made).set_role(member.id, Role.OWNER, by=owner)
    await Circle(made).set_role(owner.id, Role.MEMBER, by=member)
    # The last owner may go: the one who has led it for the longest owns it then, and after them who has been in it.
    await Circle(made).leave(by=member)
    assert await roles(made) == {
        "Owner": Role.MEMBER, "Moderator": Role.OWNER, "Other": Role.MODERATOR, "Second": Role.MEMBER,
    }  # fmt: skip
    await Circle(made).remove((await Participant.get(profile__name="Other")).profile_id, by=moderator)
    await Circle(made).leave(by=moderator)
    assert await roles(made) == {"Owner": Role.OWNER, "Second": Role.MEMBER}


async def test_owners_who_leave_at_once_leave_an_owner_behind(database: str) -> None:
    made, people = await led("Owner", "Moderator", "Other", "Member", "Second")
    await Circle(made).set_role(people[1].id, Role.OWNER, by=people[0])
    await asyncio.gather(*(Circle(made).leave(by=one) for one in people[:2]))
    assert await roles(made) == {"Other": Role.OWNER, "Member": Role.MEMBER, "Second": Role.MEMBER}


async def test_two_owners_who_put_each_other_out_leave_one(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    made = await opened(bo, by=ana)
    await Circle(made).set_role(bo.id, Role.OWNER, by=ana)
    done = await asyncio.gather(
        Circle(made).remove(bo.id, by=ana), Circle(made).remove(ana.id, by=bo), return_exceptions=True
    )
    assert len([one for one in done if isinstance(one, Refused) and one.code is NOT_FOUND]) == 1
    assert list((await roles(made)).values()) == [Role.OWNER]


async def test_once_the_last_has_left_it_is_closed_and_nobody_sees_it(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    made = await opened(bo, by=ana)
    for one in (ana, bo):
        await Circle(made).leave(by=one)
    assert (await Conversation.get(id=made.id)).closed_at is not None
    assert await Conversation.visible_to(ana) == await Conversation.visible_to(bo) == []


async def test_the_same_title_or_role_is_no_news(database: str) -> None:
    ana, bo = await reachable("Ana", "Bo")
    made = await opened(bo, by=ana)
    before = await place(bo)
    await Circle(made).rename("Women in tech", by=ana)
    await Circle(made).set_role(bo.id, Role.MEMBER, by=ana)
    assert await news(bo, before) == []
    await Circle(made).rename("Women", by=ana)
    await Circle(made).set_role(bo.id, Role.MODERATOR, by=ana)
    assert await news(bo, before) == [Kind.CONVERSATION_CHANGED] * 2
