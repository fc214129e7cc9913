"""A pair with all that it has, filled once for each engine."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from models import clock
from models.account import Account
from models.conversation import Circle, Notification, ScheduledMessage
from models.evidence import Evidence
from models.goal import Goal, Milestone
from models.matching import MatchedPair, Matching, RunOptions
from models.meeting import Meeting, MeetingKind
from models.mentorship import Cadence
from models.organisation import (
    ContactRule,
    Enrolment,
    Organisation,
    OrganisationRole,
    Participation,
    Programme,
    ProgrammeSide,
)
from models.request import Choice, MentorshipRequest, Queue
from models.saved_search import SavedSearch, SearchFor
from models.video import VideoSession
from tests.models.matching_world import worked_off
from tests.people import enrolled, pair, person
from tests.schema.asking import signed_in
from tests.schema.refusals.world import World
from tests.templates import Template, Templates


async def build() -> World:
    """The pair, and all that it has."""
    made, pia = await pair(), await person("Pia")
    found = World(made, await signed_in(made.mentor), await signed_in(made.mentee), await signed_in(pia))
    goal = await Goal.add(made.mentorship, by=made.mentee, title="Goal", milestones=["Step"])
    meeting = await Meeting.schedule(
        made.mentorship,
        by=made.mentee,
        kind=MeetingKind.PHONE,
        local_start="2027-06-01T12:00",
        time_zone="UTC",
        minutes=30,
    )
    call = await VideoSession.start(made.mentorship, by=made.mentee)
    participant, found.ticket, _ = await call.join(by=made.mentee, device_id="phone")
    other, _, _ = await call.join(by=made.mentor, device_id="phone")
    free = await person("Nora", capacity=1)
    heard = await made.conversation.send(f"[@You](Profile:{made.mentee.id})", by=made.mentor, client_id="hello")
    message, answer = [
        await made.conversation.send(body, by=made.mentee, client_id=body) for body in ("Question", "Answer")
    ]
    scheduled = await ScheduledMessage.write(
        made.conversation, "Later", by=made.mentee, send_at=clock.now() + timedelta(days=1), client_id="Later"
    )
    await Account.filter(id__in=[free.id, made.mentee.id]).update(contact=ContactRule.EVERYONE)
    circle = await Circle.open("Circle", [made.mentor.id], by=made.mentee)
    guild, theirs = [await Organisation.found("Guild", by=who) for who in (made.mentee, made.mentor)]
    (asked,) = await guild.invite(
        by=made.mentee, profile_ids=[made.mentor.id], emails=[], role=OrganisationRole.PARTICIPANT
    )
    (invitation,) = await theirs.invite(
        by=made.mentor, profile_ids=[made.mentee.id], emails=[], role=OrganisationRole.OBSERVER
    )
    membership = await asked.accept(by=made.mentor)
    programme = await Programme.set_up(
        guild, by=made.mentee, name="Run", starts_on=clock.now().date(), ends_on=clock.now().date()
    )
    said = [Enrolment(who.id, ProgrammeSide.BOTH) for who in (made.mentor, made.mentee)]
    participation, _ = await Participation.enrol(programme, said, by=made.mentee)
    quin = await person("Quin")
    drafted, running = [
        await Programme.set_up(
            guild, by=made.mentee, name="Run", starts_on=clock.now().date(), ends_on=clock.now().date()
        )
        for _ in range(2)
    ]
    for who in (pia, quin, made.mentor, free):
        side = ProgrammeSide.MENTEE if who in (pia, quin) else ProgrammeSide.MENTOR
        for run in (drafted, running):
            enrolment = await enrolled(run, who)
            await Participation.filter(id=enrolment.id).update(side=side, capacity=1)
    draft = await worked_off(await Matching.run(drafted, RunOptions(), by=made.mentee))
    matched, other_matched = await MatchedPair.filter(matching_id=draft.id)
    choices = [Choice(mentor.id, "Will you?") for mentor in (made.mentor, free)]
    pending, queued = await Queue.add(choices, by=pia, months=6, cadence=Cadence.WEEKLY)
    rows_of: dict[str, Any] = {
        "guild": guild,
        "matched programme": drafted,
        "draft": draft,
        "matched": matched,
        "other matched": other_matched,
        "running": await Matching.run(running, RunOptions(), by=made.mentee),
        "membership": membership,
        "invitation": invitation,
        "programme": programme,
        "participation": participation,
        "mentorship": made.mentorship,
        "conversation": made.conversation,
        "circle": circle,
        "heard": heard,
        "goal": goal,
        "milestone": await Milestone.get(goal_id=goal.id),
        "meeting": meeting,
        "call": call,
        "message": message,
        "scheduled": scheduled,
        "search": await SavedSearch.save_as("Mine", SearchFor.MENTEES, by=made.mentee, client_id="k"),
        "evidence": await Evidence.forward(answer, goal, by=made.mentee),
        "notification": await Notification.get(message_id=heard.id),
        "participant": participant,
        "other": other,
        "pending": pending,
        "queued": queued,
        "accepted": await MentorshipRequest.get(id=made.mentorship.request_id),
    }
    found.ids = {name: f"{type(row).__name__}:{row.id}" for name, row in rows_of.items()}
    found.ids["member"] = f"Profile:{made.mentor.id}"
    found.ids["free"] = f"Profile:{free.id}"
    return found


@pytest.fixture
def filled(engine: str, templates: Templates) -> Template:
    return templates.of(engine, build)


@pytest.fixture
def url_of_a_copy(engine: str, templates: Templates) -> Iterator[str]:
    with templates.copy(engine, build) as url:
        yield url


@pytest.fixture
def url_for_all(engine: str, templates: Templates) -> str:
    return templates.untouched(engine, build)


@pytest.fixture
async def world(filled: Template, url_of_a_copy: str) -> AsyncIterator[World]:
    """The world, in a database of the test's own."""
    async with filled.opened(url_of_a_copy) as what:
        yield what


@pytest.fixture
async def untouched(filled: Template, url_for_all: str) -> AsyncIterator[World]:
    """The world, in the one database of all the tests that write nothing."""
    async with filled.opened(url_for_all) as what:
        yield what
