"""People for tests: accounts with profiles, and pairs of them, made by the real verbs."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from models import clock, password
from models.account import Account
from models.conversation import Conversation
from models.mentorship import Cadence, Mentorship
from models.organisation import Enrolment, Membership, OrganisationRole, Participation, Programme
from models.profile import Profile
from models.request import MentorshipRequest

PASSWORD = "correct horse battery"

_numbers = count(1)
_hash: list[str] = []


async def person(name: str = "Ana", **profile: Any) -> Account:
    """Somebody with an account; further arguments are what `Profile.change` takes."""
    if not _hash:
        # One hash for all: hashing is slow on purpose, and tested elsewhere.
        _hash.append(await password.hashed(PASSWORD))
    email = f"{name.lower().replace(' ', '.')}.{next(_numbers)}@example.org"
    session, _ = await Account._open(email, _hash[0], name, "UTC", "test")
    account = await Account.get(id=session.account_id)
    if profile:
        await (await Profile.get(id=account.id)).change(by=account, **profile)
    return account


async def member(organisation_id: UUID, account: Account) -> None:
    """Somebody who belongs to an organisation."""
    joined = {"role": OrganisationRole.PARTICIPANT, "joined_at": clock.now()}
    await Membership.get_or_create(joined, organisation_id=organisation_id, profile_id=account.id)


async def enrolled(programme: Programme, account: Account) -> Participation:
    """Somebody who belongs to the organisation, and takes part in its programme on both sides."""
    await member(programme.organisation_id, account)
    return await Participation.join(programme, Enrolment(account.id), by=account)


async def request(mentor: Account, mentee: Account) -> MentorshipRequest:
    """The mentee has asked the mentor."""
    return await MentorshipRequest.ask(mentor.id, by=mentee, message="Will you?", months=6, cadence=Cadence.FORTNIGHTLY)


@dataclass
class Pair:
    """A mentor, a mentee, their mentorship and its conversation."""

    mentor: Account
    mentee: Account
    mentorship: Mentorship
    conversation: Conversation


async def pair(mentor: Account | None = None, mentee: Account | None = None) -> Pair:
    """Two people with an active mentorship."""
    mentor = mentor or await person("Mara", capacity=3)
    mentee = mentee or await person("Theo")
    mentorship = await (await request(mentor, mentee)).accept(by=mentor)
    return Pair(mentor, mentee, mentorship, await Conversation.get(mentorship_id=mentorship.id))
