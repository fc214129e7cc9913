"""Who belongs to an organisation, and what a role lets its member do."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest

from models import clock
from models.account import Account
from models.block import Block
from models.conversation import Notification, NotificationKind
from models.conversation.contact import reachable
from models.inbox import Inbox, InboxEvent, Kind
from models.organisation import (
    PERMISSIONS,
    Cohort,
    ContactRule,
    Deed,
    Departure,
    Enrolment,
    Membership,
    Organisation,
    OrganisationRole,
    PairRule,
    PairRuleKind,
    Participation,
    Programme,
    ProgrammeMode,
    ProgrammeSide,
)
from models.refusal import RefusalCode, Refused
from tests.models.expect import refused
from tests.people import PASSWORD, person

ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"])


@dataclass
class Guild:
    """An organisation with a programme, and somebody in each role."""

    organisation: Organisation
    programme: Programme
    people: dict[OrganisationRole, Account]
    members: dict[OrganisationRole, Membership]

    @property
    def owner(self) -> Account:
        return self.people[OrganisationRole.OWNER]

    @property
    def participant(self) -> Account:
        return self.people[OrganisationRole.PARTICIPANT]


async def a_guild(name: str = "Guild") -> Guild:
    people = {role: await person(role.value.title()) for role in OrganisationRole}
    owner = people[OrganisationRole.OWNER]
    organisation = await Organisation.found(name, by=owner)
    members = {OrganisationRole.OWNER: await Membership.get(profile_id=owner.id)}
    for role, who in people.items():
        if who is not owner:
            (asked,) = await organisation.invite(by=owner, profile_ids=[who.id], emails=[], role=role)
            members[role] = await asked.accept(by=who)
    days = {"starts_on": date(2027, 9, 1), "ends_on": date(2028, 2, 29)}
    return Guild(organisation, await Programme.set_up(organisation, by=owner, name="Run", **days), people, members)


Tried = Callable[[Guild, Account], Awaitable[object]]

TRIED: list[tuple[Deed, Tried]] = [
    (Deed.GOVERN, lambda guild, by: guild.organisation.change(by=by, contact=ContactRule.OFF)),
    (Deed.GOVERN, lambda guild, by: guild.members[OrganisationRole.PARTICIPANT].give(OrganisationRole.OBSERVER, by=by)),
    (
        Deed.GOVERN,
        lambda guild, by: guild.organisation.invite(
            by=by, profile_ids=[guild.owner.id], emails=[], role=OrganisationRole.OBSERVER
        ),
    ),
    (
        Deed.INVITE,
        lambda guild, by: guild.organisation.invite(
            by=by, profile_ids=[], emails=["b@example.org"], role=OrganisationRole.PARTICIPANT
        ),
    ),
    (Deed.ORGANISE, lambda guild, by: guild.programme.change(by=by, same_site=True)),
    (Deed.ORGANISE, lambda guild, by: Cohort.open(guild.programme, by=by, name="Spring")),
    (Deed.ORGANISE, lambda guild, by: Participation.enrol(guild.programme, [Enrolment(guild.owner.id)], by=by)),
]


@ONE_ENGINE
@pytest.mark.parametrize("role", OrganisationRole)
async def test_a_role_allows_what_the_table_says_and_nothing_else(database: str, role: OrganisationRole) -> None:
    guild = await a_guild()
    for deed, tried in TRIED:
        if deed in PERMISSIONS[role]:
            await tried(guild, guild.people[role])
        else:
            with refused(RefusalCode.NOT_ALLOWED):
                await tried(guild, guild.people[role])


async def test_nobody_belongs_to_an_organisation_before_they_accept(database: str) -> None:
    guild, eve = await a_guild(), await person("Eve")
    (asked,) = await guild.organisation.invite(
        by=guild.owner, profile_ids=[], emails=[eve.email.upper()], role=OrganisationRole.PARTICIPANT
    )
    # They see who asks, and no more; and nothing is done with them.
    assert [one.id for one in await Organisation.visible_to(eve)] == [guild.organisation.id]
    assert await Programme.visible_to(eve) == []
    with refused(RefusalCode.NOT_FOUND, "participants"):
        await Participation.enrol(guild.programme, [Enrolment(eve.id)], by=guild.owner)
    member = await asked.accept(by=eve)
    assert (member.profile_id, member.email) == (eve.id, None)
    assert [one.id for one in await Programme.visible_to(eve)] == [guild.programme.id]
    assert (await asked.accept(by=eve)).id == member.id


async def test_of_two_invitations_one_membership_comes_with_the_greater_role(database: str) -> None:
    guild, eve = await a_guild(), await person("Eve")
    invite = guild.organisation.invite
    await invite(by=guild.owner, profile_ids=[eve.id], emails=[], role=OrganisationRole.ORGANISER)
    (asked,) = await invite(by=guild.owner, profile_ids=[], emails=[eve.email], role=OrganisationRole.PARTICIPANT)
    await asked.accept(by=eve)
    (member,) = await Membership.filter(profile_id=eve.id)
    assert member.role is OrganisationRole.ORGANISER
    assert not await Membership.exists(email=eve.email)
    # And no invitation makes anything else of who is in.
    (same,) = await invite(by=guild.owner, profile_ids=[eve.id], emails=[], role=OrganisationRole.OWNER)
    assert same.role is OrganisationRole.ORGANISER


@ONE_ENGINE
async def notices(who: Account) -> list[tuple[UUID | None, bool]]:
    """The invitations that somebody is notified of, and whether they have read of them."""
    found = await Notification.visible_to(who).order_by("created_at", "id")
    assert {one.kind for one in found} <= {NotificationKind.INVITATION}
    return [(one.membership_id, one.read_at is not None) for one in found]


async def test_whoever_is_invited_is_notified_once_until_they_come_in(database: str) -> None:
    guild, ana, bo = await a_guild(), await person("Ana"), await person("Bo")
    before = {who: (await Inbox.get(id=who.id)).position for who in (ana, bo)}
    for _ in range(2):
        by_name, by_address = await guild.organisation.invite(
            by=guild.owner,
            profile_ids=[ana.id],
            emails=[bo.email],
            role=OrganisationRole.PARTICIPANT,
        )
    assert await notices(ana) == [(by_name.id, False)]
    assert await notices(bo) == [(by_address.id, False)]
    for who in (ana, bo):
        heard = await InboxEvent.filter(account_id=who.id, position__gt=before[who]).values_list("kind", flat=True)
        assert heard == [Kind.NOTIFICATION_CREATED]
    await by_address.accept(by=bo)
    assert await notices(bo) == [(by_address.id, True)]
    await by_name.end(by=ana)
    assert await notices(ana) == []
    assert await notices(guild.participant) == [(guild.members[OrganisationRole.PARTICIPANT].id, True)]


async def test_who_is_invited_twice_reads_of_both_when_they_come_in(database: str) -> None:
    guild, ana = await a_guild(), await person("Ana")
    invite = guild.organisation.invite
    (by_address,) = await invite(by=guild.owner, profile_ids=[], emails=[ana.email], role=OrganisationRole.PARTICIPANT)
    (by_name,) = await invite(by=guild.owner, profile_ids=[ana.id], emails=[], role=OrganisationRole.ORGANISER)
    assert await notices(ana) == [(by_address.id, False), (by_name.id, False)]
    await by_address.accept(by=ana)
    assert await notices(ana) == [(by_name.id, True)]


async def test_whoever_signs_up_hears_of_the_invitations_that_wait_for_them(database: str) -> None:
    one, other = await a_guild(), await a_guild("Other")
    waiting = [
        await guild.organisation.invite(
            by=guild.owner, profile_ids=[], emails=["new@example.org"], role=OrganisationRole.PARTICIPANT
        )
        for guild in (one, other)
    ]
    session, _ = await Account.sign_up("New@example.org", PASSWORD, name="New")
    new = await Account.get(id=session.account_id)
    assert await notices(new) == [(invitation.id, False) for (invitation,) in waiting]


async def test_whoever_signs_up_with_an_address_that_was_invited_comes_in_as_a_participant(database: str) -> None:
    guild = await a_guild()
    for role in set(OrganisationRole) - {OrganisationRole.PARTICIPANT}:
        with refused(RefusalCode.INVALID, "role"):
            await guild.organisation.invite(by=guild.owner, profile_ids=[], emails=["a@example.org"], role=role)
    (asked,) = await guild.organisation.invite(
        by=guild.owner, profile_ids=[], emails=["a@example.org"], role=OrganisationRole.PARTICIPANT
    )
    with refused(RefusalCode.WRONG_STATE, "membershipId"):
        await asked.give(OrganisationRole.OWNER, by=guild.owner)


async def test_owners_who_leave_at_once_leave_one(database: str) -> None:
    guild = await a_guild()
    second = await guild.members[OrganisationRole.ORGANISER].give(OrganisationRole.OWNER, by=guild.owner)
    leaving = (
        guild.members[OrganisationRole.OWNER].end(by=guild.owner),
        second.end(by=guild.people[OrganisationRole.ORGANISER]),
    )
    outcomes = await asyncio.gather(*leaving, return_exceptions=True)
    (refusal,) = [one for one in outcomes if one is not None]
    assert isinstance(refusal, Refused)
    assert refusal.code is RefusalCode.WRONG_STATE
    assert await Membership.filter(role=OrganisationRole.OWNER).count() == 1


async def test_who_is_put_out_takes_part_in_nothing_any_more(database: str) -> None:
    guild, other = await a_guild(), await a_guild("Other")
    who = guild.participant
    await Participation.enrol(guild.programme, [Enrolment(who.id)], by=guild.owner)
    (asked,) = await other.organisation.invite(
        by=other.owner, profile_ids=[who.id], emails=[], role=OrganisationRole.PARTICIPANT
    )
    await asked.accept(by=who)
    await Participation.join(other.programme, Enrolment(who.id), by=who)
    await Participation.enrol(guild.programme, [Enrolment(guild.owner.id)], by=guild.owner)
    await PairRule.put(guild.programme, who.id, guild.owner.id, PairRuleKind.MUST, by=guild.owner)
    await guild.members[OrganisationRole.PARTICIPANT].end(by=guild.owner)
    assert [one.programme_id for one in await Participation.filter(profile_id=who.id)] == [other.programme.id]
    assert [one.id for one in await Organisation.visible_to(who)] == [other.organisation.id]
    # What was said of them holds if they come back, and can be taken away.
    assert await PairRule.all().count() == 1
    await PairRule.put(guild.programme, who.id, guild.owner.id, None, by=guild.owner)
    assert await PairRule.all().count() == 0


@ONE_ENGINE
async def test_a_participant_sees_themselves_and_an_observer_everybody_and_another_organisation_nobody(
    database: str,
) -> None:
    guild, other = await a_guild(), await a_guild("Other")
    said = [Enrolment(guild.participant.id, answers=[("Why?", "So.")]), Enrolment(guild.owner.id)]
    await Participation.enrol(guild.programme, said, by=guild.owner)
    await PairRule.put(guild.programme, guild.participant.id, guild.owner.id, PairRuleKind.NEVER, by=guild.owner)
    seen = {
        role: (await Participation.visible_to(who).count(), await PairRule.visible_to(who).count())
        for role, who in guild.people.items()
    }
    assert set(seen.values()) == {(2, 1), (1, 0)}
    assert seen[OrganisationRole.PARTICIPANT] == (1, 0)
    for model in (Participation, PairRule, Cohort):
        assert await model.visible_to(other.owner).count() == 0
    assert [one.organisation_id for one in await Programme.visible_to(other.owner)] == [other.organisation.id]


async def test_enrolling_many_is_a_handful_of_statements_and_says_anew_what_was_said(database: str) -> None:
    guild = await a_guild()
    who = [guild.owner, guild.participant]
    first = await Participation.enrol(
        guild.programme, [Enrolment(one.id, capacity=3, team="Red") for one in who], by=guild.owner
    )
    await Participation.join(guild.programme, Enrolment(guild.owner.id, answers=[("Why?", "So.")]), by=guild.owner)
    again = await Participation.enrol(
        guild.programme, [Enrolment(one.id, capacity=None, team="Blue") for one in who], by=guild.owner
    )
    # What somebody has said themselves is not taken from them.
    assert again[0].answers == [["Why?", "So."]]
    assert [one.id for one in again] == [one.id for one in first]
    assert {(one.capacity, one.team) for one in again} == {(None, "Blue")}


@ONE_ENGINE
async def test_a_member_joins_where_a_programme_is_open_for_it_and_changes_none_of_its_keys(database: str) -> None:
    guild = await a_guild()
    who = guild.participant
    await guild.programme.change(by=guild.owner, mode=ProgrammeMode.ORGANISER)
    with refused(RefusalCode.NOT_ALLOWED):
        await Participation.join(guild.programme, Enrolment(who.id), by=who)
    await Participation.enrol(guild.programme, [Enrolment(who.id, team="Red")], by=guild.owner)
    mentor = Enrolment(who.id, ProgrammeSide.MENTOR, capacity=2, team="Blue", answers=[("Why?", "So.")])
    joined = await Participation.join(guild.programme, mentor, by=who)
    # Where organisers make the pairs, they say as what somebody is there, too.
    assert (joined.side, joined.capacity, joined.team) == (ProgrammeSide.BOTH, None, "Red")
    assert joined.answers == [["Why?", "So."]]
    await guild.programme.change(by=guild.owner, mode=ProgrammeMode.HYBRID)
    joined = await Participation.join(guild.programme, mentor, by=who)
    assert (joined.side, joined.capacity, joined.team) == (ProgrammeSide.MENTOR, 2, "Red")


@ONE_ENGINE
@pytest.mark.parametrize("by_whom", ["by themselves", "by an organiser"])
async def test_whoever_leaves_and_comes_back_is_who_they_were_to_the_organisers(database: str, by_whom: str) -> None:
    guild = await a_guild()
    who = guild.participant
    keys = {"team": "Red", "site": "Porto", "staff_key": "7", "manager": "1"}
    (there,) = await Participation.enrol(guild.programme, [Enrolment(who.id, **keys)], by=guild.owner)  # type: ignore[arg-type]
    await there.leave(by=who if by_whom == "by themselves" else guild.owner)
    back = await Participation.join(guild.programme, Enrolment(who.id, team="Blue"), by=who)
    assert {name: getattr(back, name) for name in keys} == keys
    assert await Departure.all().count() == 0
    await back.leave(by=who)
    (anew,) = await Participation.enrol(guild.programme, [Enrolment(who.id, team="Blue")], by=guild.owner)
    assert (anew.team, anew.site) == ("Blue", "")


@ONE_ENGINE
async def test_nobody_hears_of_an_invitation_by_whom_they_have_blocked_nor_sees_it(database: str) -> None:
    guild, ana = await a_guild(), await person("Ana")
    organiser = guild.people[OrganisationRole.ORGANISER]
    await Block.put(organiser.id, by=ana)
    invite = guild.organisation.invite
    for named in ({"profile_ids": [ana.id], "emails": []}, {"profile_ids": [], "emails": [ana.email]}):
        (asked,) = await invite(by=organiser, **named, role=OrganisationRole.PARTICIPANT)  # type: ignore[arg-type]
        assert await notices(ana) == []
        assert await Organisation.visible_to(ana).count() == await Membership.visible_to(ana).count() == 0
        with refused(RefusalCode.NOT_FOUND, "membershipId"):
            await asked.accept(by=ana)
        # Whoever invited learns nothing of it.
        assert asked.id in [one.id for one in await Membership.visible_to(organiser)]
    # Another one's word is heard, though the row was there already.
    (same,) = await invite(by=guild.owner, profile_ids=[ana.id], emails=[], role=OrganisationRole.PARTICIPANT)
    assert await notices(ana) == [(same.id, False)]
    await same.accept(by=ana)
    assert [one.id for one in await Organisation.visible_to(ana)] == [guild.organisation.id]


@ONE_ENGINE
async def test_a_block_puts_out_of_sight_what_was_asked_before_it_and_keeps_members_in(database: str) -> None:
    guild, other, ana = await a_guild(), await a_guild("Other"), await person("Ana")
    role = OrganisationRole.OBSERVER
    for each in (guild, other):
        (asked,) = await each.organisation.invite(by=each.owner, profile_ids=[ana.id], emails=[], role=role)
        if each is guild:
            await asked.accept(by=ana)
    for each in (guild, other):
        await Block.put(each.owner.id, by=ana)
    assert [one.id for one in await Organisation.visible_to(ana)] == [guild.organisation.id]


@ONE_ENGINE
async def test_somebody_hears_three_times_a_day_from_one_other_that_they_are_invited(database: str) -> None:
    guild, ana = await a_guild(), await person("Ana")
    for number in range(5):
        heard = (await Inbox.get(id=ana.id)).position
        (asked,) = await guild.organisation.invite(
            by=guild.owner, profile_ids=[ana.id], emails=[], role=OrganisationRole.PARTICIPANT
        )
        assert (await Inbox.get(id=ana.id)).position - heard == (number < 3)
        await asked.end(by=guild.owner)
    with clock.moved(timedelta(days=1)):
        await guild.organisation.invite(
            by=guild.owner, profile_ids=[ana.id], emails=[], role=OrganisationRole.PARTICIPANT
        )
        assert len(await notices(ana)) == 1


@ONE_ENGINE
async def test_a_mentee_must_be_paired_with_one_mentor_only(database: str) -> None:
    guild = await a_guild()
    three = [guild.owner, guild.participant, guild.people[OrganisationRole.OBSERVER]]
    await Participation.enrol(guild.programme, [Enrolment(one.id) for one in three], by=guild.owner)
    mentee, one, other = (who.id for who in three)

    async def put(mentor_id: object, kind: PairRuleKind | None) -> PairRule | None:
        return await PairRule.put(guild.programme, mentee, mentor_id, kind, by=guild.owner)  # type: ignore[arg-type]

    assert await put(one, PairRuleKind.NEVER)
    must = await put(one, PairRuleKind.MUST)
    assert must is not None
    with refused(RefusalCode.WRONG_STATE, "menteeId"):
        await put(other, PairRuleKind.MUST)
    await put(one, None)
    assert await put(other, PairRuleKind.MUST)
    assert await PairRule.all().count() == 1


@ONE_ENGINE
async def test_the_contact_rule_of_an_organisation_holds_for_its_members_alone(database: str) -> None:
    guild, eve = await a_guild(), await person("Eve")
    await Account.all().update(contact=ContactRule.EVERYONE)
    await guild.organisation.invite(by=guild.owner, profile_ids=[eve.id], emails=[], role=OrganisationRole.PARTICIPANT)
    await guild.organisation.change(by=guild.owner, contact=ContactRule.OFF)
    ana = await person("Ana")
    await Account.all().update(contact=ContactRule.EVERYONE)
    assert await reachable(ana, [eve.id, guild.participant.id]) == {eve.id}


async def test_who_leaves_while_they_are_enrolled_takes_part_in_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = await a_guild()
    put, who = Participation._put, guild.participant
    # Out of the unit that enrols.
    beside = copy_context()
    leaving: list[asyncio.Task[None]] = []

    async def while_they_leave(*said: object) -> list[Participation]:
        # After it is known that they are in, and before they take part.
        leaving.append(asyncio.create_task(guild.members[OrganisationRole.PARTICIPANT].end(by=who), context=beside))
        await asyncio.wait(leaving, timeout=0.2)
        return await put(*said)  # type: ignore[arg-type]

    monkeypatch.setattr(Participation, "_put", while_they_leave)
    await Participation.enrol(guild.programme, [Enrolment(who.id)], by=guild.owner)
    await leaving[0]
    assert await Participation.filter(profile_id=who.id).count() == 0
    # Nor does anybody join who is not in, however they came to the programme.
    with refused(RefusalCode.NOT_FOUND, "programmeId"):
        await Participation.join(guild.programme, Enrolment(who.id), by=who)
