"""A small believable community for an empty database: people, a programme, and pairs who are on their way.

The people and the words stand in `people.toml` and `stories.toml`. From a seed, `community` decides who takes part and
who goes with whom, and `timeline` when everything happened. Then each deed is done by its own verb, under a clock that
is moved into the past: so the demo obeys every rule that a real community obeys.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from random import Random
from typing import Final

from api.demo.community import Community, community
from api.demo.deeds import Acquaintance
from api.demo.passwords import readable
from api.demo.people import SKILLS, Person
from api.demo.timeline import OPENED, Moment, timeline
from matching.fit import Side
from models import clock, skill
from models.account import Account
from models.database import transaction
from models.organisation import (
    Enrolment,
    Organisation,
    OrganisationRole,
    Participation,
    Programme,
    ProgrammeSide,
)
from models.password import MOST_WAITING
from models.profile import Profile
from models.session import Session
from models.skill import Skill

ORGANISATION: Final = "The Lantern Network"
PROGRAMME: Final = "Side by Side: the first year"
PURPOSE: Final = "Half a year of regular talks across careers and countries, for people who are about to take a step."


async def fill(seed: int = 7, *, password: Callable[[], str] = readable) -> list[tuple[str, str]]:
    """Fill an empty database with a demo community, and return the e-mail address and password of each account.

    Where there is an account already, nothing happens and the list is empty. Equal seeds make equal people, pairs,
    texts and times before now. It needs an open database, and a process that does nothing else meanwhile: it moves
    the clock of the domain.
    """
    random = Random(seed)
    planned = community(random)
    caller = asyncio.current_task()
    return await _fill(
        planned,
        timeline(planned, random),
        password,
        # A unit outlives its caller. Here it must not: nobody would ever be told the passwords.
        lambda: caller is not None and caller.cancelling() > 0,
    )


@transaction
async def _fill(
    planned: Community, moments: list[Moment], password: Callable[[], str], interrupted: Callable[[], bool]
) -> list[tuple[str, str]]:
    """One unit, so that a database is never half full: the next start would take it for a real one."""
    if await Account.exists():
        return []
    secrets = [password() for _ in planned.people]
    with clock.moved(-OPENED):
        # First what has unique names. Of two processes that start at once, the second waits here, and finds accounts.
        for first in range(0, len(SKILLS), skill.MOST_PER_PERSON):
            await Skill.named(SKILLS[first : first + skill.MOST_PER_PERSON], "skillsOffered")
        if await Account.exists():
            return []
        accounts = await _sign_up(planned.people, secrets)
        await _open_programme(planned.people, accounts)
    pairs = [_acquaintance(one.mentor, one.mentee, accounts) for one in planned.pairs]
    pairs += [_acquaintance(one.mentor, one.mentee, accounts, one.further) for one in planned.hopes]
    for moment in moments:
        if interrupted():
            raise asyncio.CancelledError
        with clock.moved(-moment.ago):
            await moment.deed.done(pairs[moment.pair])
    return [(person.email, secret) for person, secret in zip(planned.people, secrets, strict=True)]


async def _sign_up(people: list[Person], secrets: list[str]) -> dict[str, Account]:
    """Everybody's account, by e-mail address, signed out again."""
    # At once, because hashing is what takes long and it has two threads; the statements of a unit wait for each other.
    # All are awaited even when one fails: none may go on writing after the unit.
    places = asyncio.Semaphore(MOST_WAITING)

    async def sign_up(person: Person, secret: str) -> tuple[Session, str]:
        async with places:
            return await Account.sign_up(person.email, secret, person.name, time_zone=person.time_zone, device="demo")

    outcomes = await asyncio.gather(*map(sign_up, people, secrets), return_exceptions=True)
    accounts = {}
    for person, outcome in zip(people, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            raise outcome
        session, _ = outcome
        await session.revoke()
        accounts[person.email] = session.account
    return accounts


async def _open_programme(people: list[Person], accounts: dict[str, Account]) -> None:
    """The programme, with everybody in it and everybody's profile as they wrote it. The first of them runs it."""
    today = clock.now().date()
    owner = accounts[people[0].email]
    organisation = await Organisation.found(ORGANISATION, by=owner)
    programme = await Programme.set_up(
        organisation,
        by=owner,
        name=PROGRAMME,
        purpose=PURPOSE,
        starts_on=today + timedelta(days=7),
        ends_on=today + timedelta(days=7 + 365),
    )
    for person in people:
        account = accounts[person.email]
        profile = await Profile.get(id=account.id)
        await profile.change(
            by=account,
            headline=person.headline,
            experience=person.experience,
            years_of_experience=person.years,
            industry=person.industry,
            languages=list(person.languages),
            availability=[asdict(window) for window in person.availability],
            capacity=person.capacity,
            skills_offered=list(person.offered),
            skills_wanted=list(person.wanted),
            seeking=bool(person.wanted),
        )
        if account.id != owner.id:
            await _come_in(organisation, account, owner)
        await Participation.join(programme, Enrolment(account.id, _side(person)), by=account)


async def _come_in(organisation: Organisation, account: Account, owner: Account) -> None:
    role = OrganisationRole.PARTICIPANT
    (asked,) = await organisation.invite(by=owner, profile_ids=[account.id], emails=[], role=role)
    await asked.accept(by=account)


def _side(person: Person) -> ProgrammeSide:
    if person.capacity and person.wanted:
        return ProgrammeSide.BOTH
    return ProgrammeSide.MENTOR if person.capacity else ProgrammeSide.MENTEE


def _acquaintance(
    mentor: Person, mentee: Person, accounts: dict[str, Account], further: Sequence[Person] = ()
) -> Acquaintance:
    two = {Side.MENTOR: accounts[mentor.email], Side.MENTEE: accounts[mentee.email]}
    return Acquaintance(mentor, mentee, two, [accounts[person.email] for person in further])
