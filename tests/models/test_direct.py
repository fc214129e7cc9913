"""Direct conversations, and who may write to whom first."""

import asyncio
from datetime import timedelta
from itertools import product

import pytest

from models import clock
from models.account import Account
from models.block import Block
from models.conversation import Circle, Conversation, ConversationKind, Direct, Participant, opening
from models.conversation.contact import reachable
from models.inbox import Kind
from models.organisation import ContactRule, Organisation, Programme
from models.refusal import RefusalCode, Refused
from tests.models.expect import news, place, refused
from tests.people import enrolled, pair, person

OFF, SAME_PROGRAMME, EVERYONE = ContactRule


async def programme(rule: ContactRule, *people: Account) -> None:
    """A programme of an organisation with this rule, in which these people take part."""
    organisation = await Organisation.create(name="Guild", contact=rule)
    today = clock.now().date()
    run = await Programme.create(organisation_id=organisation.id, name="Run", starts_on=today, ends_on=today)
    for one in people:
        await enrolled(run, one)


async def two_who_allow(first: ContactRule, second: ContactRule) -> tuple[Account, Account]:
    ana, bo = await person("Ana"), await person("Bo")
    return await ana.prefer(by=ana, contact=first), await bo.prefer(by=bo, contact=second)


async def opens(by: Account, other: Account) -> bool:
    """May they? Told by whether it is refused."""
    try:
        await Direct.open(other.id, by=by)
    except Refused as refusal:
        told = refusal.code, refusal.message, refusal.field
        assert told == (RefusalCode.NOT_ALLOWED, "You cannot write to this person now.", "profileId")
        return False
    return True


async def test_two_people_have_one_conversation_whoever_opens_it(database: str) -> None:
    ana, bo = await two_who_allow(EVERYONE, EVERYONE)
    before = await place(ana), await place(bo)
    made = await Direct.open(bo.id, by=ana)
    assert (made.kind, made.mentorship_id) == (ConversationKind.DIRECT, None)
    assert (await Direct.open(ana.id, by=bo)).id == (await Direct.open(bo.id, by=ana)).id == made.id
    assert await news(ana, before[0]) == await news(bo, before[1]) == [Kind.CONVERSATION_CHANGED]
    message = await made.send("Hello", by=bo, client_id="1")
    assert message.number == 1


async def test_two_who_open_it_at_once_get_the_same_one(database: str) -> None:
    ana, bo = await two_who_allow(EVERYONE, EVERYONE)
    made = await asyncio.gather(
        *(Direct.open(bo.id, by=ana) for _ in range(3)), *(Direct.open(ana.id, by=bo) for _ in range(3))
    )
    assert len({one.id for one in made}) == 1
    assert await Conversation.all().count() == 1
    assert await Participant.all().count() == 2


@pytest.mark.parametrize("common", [True, False])
async def test_both_peoples_settings_decide(database: str, common: bool) -> None:
    for first, second in product(ContactRule, repeat=2):
        ana, bo = await two_who_allow(first, second)
        await programme(EVERYONE, *((ana, bo) if common else (ana,)))
        allowed = OFF not in (first, second) and (common or SAME_PROGRAMME not in (first, second))
        assert await opens(ana, bo) is allowed, (first, second)


@pytest.mark.parametrize("rule", ContactRule)
@pytest.mark.parametrize("members", ["both", "the one who writes", "the other"])
async def test_the_rule_of_every_organisation_of_either_holds(database: str, rule: ContactRule, members: str) -> None:
    ana, bo = await two_who_allow(EVERYONE, EVERYONE)
    await programme(EVERYONE, ana)
    await programme(rule, *{"both": (ana, bo), "the one who writes": (ana,), "the other": (bo,)}[members])
    assert await opens(ana, bo) is (rule is EVERYONE or (rule is SAME_PROGRAMME and members == "both"))


async def test_a_common_programme_does_not_outweigh_an_organisation_that_says_off(database: str) -> None:
    ana, bo = await two_who_allow(SAME_PROGRAMME, SAME_PROGRAMME)
    await programme(EVERYONE, ana, bo)
    assert await reachable(ana, [bo.id]) == {bo.id}
    await programme(OFF, bo)
    assert await reachable(ana, [bo.id]) == await reachable(bo, [ana.id]) == set()


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_of_either_is_stricter_than_all_and_is_not_told_apart(database: str, blocker: int) -> None:
    both = await two_who_allow(EVERYONE, EVERYONE)
    await Block.put(both[1 - blocker].id, by=both[blocker])
    assert not await opens(both[0], both[1])
    with refused(RefusalCode.NOT_ALLOWED, "profileIds"):
        await Circle.open("A", [both[1].id], by=both[0])
    await Block.lift(both[1 - blocker].id, by=both[blocker])
    assert await opens(both[0], both[1])


async def test_a_conversation_that_is_opened_while_one_blocks_the_other_takes_no_messages(database: str) -> None:
    ana, bo = await two_who_allow(EVERYONE, EVERYONE)
    await asyncio.gather(Direct.open(bo.id, by=ana), Block.put(ana.id, by=bo), return_exceptions=True)
    opened = await Conversation.filter(direct_pair__isnull=False)
    assert [one.blocks for one in opened] in ([], [1])


async def test_of_many_people_those_are_told_who_can_be_reached(database: str) -> None:
    ana, bo = await two_who_allow(SAME_PROGRAMME, SAME_PROGRAMME)
    cy, off = await person("Cy"), await person("Off")
    await programme(EVERYONE, ana, bo, off)
    await off.prefer(by=off, contact=OFF)
    assert await reachable(ana, [bo.id, cy.id, off.id]) == {bo.id}


async def test_one_that_is_there_is_found_whatever_the_two_have_set_since(database: str) -> None:
    ana, bo = await two_who_allow(EVERYONE, EVERYONE)
    made = await Direct.open(bo.id, by=ana)
    await bo.prefer(by=bo, contact=OFF)
    assert (await Direct.open(bo.id, by=ana)).id == made.id


async def test_a_mentorships_conversation_is_another_one(database: str) -> None:
    two = await pair()
    for one in (two.mentor, two.mentee):
        await one.prefer(by=one, contact=EVERYONE)
    assert (await Direct.open(two.mentee.id, by=two.mentor)).id != two.conversation.id


async def test_nobody_writes_to_themselves_or_to_nobody(database: str) -> None:
    ana, bo = await two_who_allow(EVERYONE, EVERYONE)
    with refused(RefusalCode.INVALID, "profileId"):
        await Direct.open(ana.id, by=ana)
    made = await Direct.open(bo.id, by=ana)
    with refused(RefusalCode.NOT_FOUND, "profileId"):
        await Direct.open(made.id, by=ana)


async def test_one_person_opens_so_many_a_day(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_OPENED", 2)
    ana, *others = [await person(name) for name in ("Ana", "Bo", "Cy", "Di")]
    await Account.all().update(contact=EVERYONE)
    done = await asyncio.gather(*(Direct.open(one.id, by=ana) for one in others), return_exceptions=True)
    (over,) = [one for one in done if isinstance(one, Refused)]
    assert (over.code, over.field) == (RefusalCode.LIMIT_REACHED, None)
    # Those that are there are found; and others may still write to her.
    assert await Conversation.all().count() == 2
    for other, made in zip(others, done, strict=True):
        found = await Direct.open(ana.id, by=other)
        assert isinstance(made, Refused) or found.id == made.id
    (last,) = [await person("Eve")]
    await last.prefer(by=last, contact=EVERYONE)
    with clock.moved(timedelta(hours=25)):
        await Direct.open(last.id, by=ana)
