import asyncio
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from tortoise import Tortoise

from api.demo import fill
from api.demo.people import SOURCE
from models import clock, password
from models.account import Account
from models.conversation import Conversation, Message, Participant
from models.database import connect
from models.goal import Goal, GoalStatus, Milestone
from models.inbox import Inbox, InboxEvent
from models.meeting import Meeting
from models.mentorship import Mentorship, MentorshipStatus
from models.organisation import Participation, Programme
from models.profile import Profile
from models.request import MentorshipRequest, RequestStatus
from models.session import Session

# One worker for all of them: they share one filled database.
pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str]]]:
    """A database that was filled with the default seed, and what `fill` returned."""
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite3"
    shutil.copy(sqlite_template, path)

    async def run() -> list[tuple[str, str]]:
        async with connect(f"sqlite://{path}"):
            return await fill()

    return path, asyncio.run(run())


@pytest.fixture
async def demo(filled: tuple[Path, Any], tmp_path: Path) -> AsyncIterator[list[tuple[str, str]]]:
    """An open connection to a copy of it; the e-mail addresses and passwords."""
    path, accounts = filled
    shutil.copy(path, tmp_path / "copy.sqlite3")
    async with connect(f"sqlite://{tmp_path / 'copy.sqlite3'}"):
        yield accounts


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def rows() -> dict[str, int]:
    """How many rows each table has."""
    assert Tortoise.apps is not None
    return {name: await model.all().count() for name, model in Tortoise.apps["models"].items()}


async def described() -> dict[str, Any]:
    """All that a seed decides, by people's names instead of ids."""
    name = {person.id: person.name for person in await Profile.all()}
    pair = {each.id: (name[each.mentor_id], name[each.mentee_id]) for each in await Mentorship.all()}
    talk = {each.id: pair[each.mentorship_id] for each in await Conversation.all() if each.mentorship_id}
    goals = {goal.id: (pair[goal.mentorship_id], goal.title, goal.status) for goal in await Goal.all()}
    columns = ("headline", "experience", "years_of_experience", "industry", "languages", "time_zone", "capacity")
    people = await Profile.all().prefetch_related("skills_offered", "skills_wanted")
    found: dict[str, list[Any]] = {
        "people": [(each.name, *(getattr(each, column) for column in columns)) for each in people],
        "hours": [(each.name, [tuple(sorted(window.items())) for window in each.availability]) for each in people],
        "offered": [(each.name, sorted(skill.name for skill in each.skills_offered)) for each in people],
        "wanted": [(each.name, sorted(skill.name for skill in each.skills_wanted)) for each in people],
        "mentorships": [(pair[each.id], each.status, each.end_reason) for each in await Mentorship.all()],
        "requests": [
            (name[each.mentor_id], name[each.mentee_id], each.message, each.months, each.cadence, each.status)
            for each in await MentorshipRequest.all()
        ],
        "messages": [
            (talk[each.conversation_id], each.number, name[each.author_id], each.body) for each in await Message.all()
        ],
        "markers": [
            (talk[each.conversation_id], name[each.profile_id], each.read_number) for each in await Participant.all()
        ],
        "milestones": [
            (goals[each.goal_id], each.position, each.title, each.completed_at is not None)
            for each in await Milestone.all()
        ],
        "meetings": [
            (pair[each.mentorship_id], each.kind, each.minutes, each.agenda, each.time_zone)
            for each in await Meeting.all()
        ],
    }
    return {title: sorted(lines) for title, lines in found.items()}


async def test_the_community_has_people_of_each_kind_and_pairs_in_every_state(demo: Any) -> None:
    people = await Profile.all().prefetch_related("skills_wanted")
    mentors = [person for person in people if person.capacity]
    assert (len(people), len(mentors)) == (60, 25)
    assert all(1 <= person.capacity <= 4 for person in mentors)
    assert sum(len(person.skills_wanted) > 1 for person in mentors) >= 5
    assert await Programme.all().count() == 1
    assert await Participation.all().count() == 60
    statuses = Counter(each.status for each in await MentorshipRequest.all())
    assert statuses == {
        RequestStatus.ACCEPTED: 15,
        RequestStatus.PENDING: 5,
        RequestStatus.DECLINED: 3,
        RequestStatus.WITHDRAWN: 2,
        RequestStatus.QUEUED: 2,
    }
    assert Counter(each.status for each in await Mentorship.all()) == {
        MentorshipStatus.ACTIVE: 14,
        MentorshipStatus.ENDED: 1,
    }


async def test_the_people_come_from_many_places_and_say_who_they_are(demo: Any) -> None:
    people = await Profile.all()
    assert len({person.time_zone for person in people}) > 25
    assert len({tag for person in people for tag in person.languages}) > 20
    assert len({person.headline for person in people}) == len({person.experience for person in people}) == 60
    for person in people:
        assert 2 <= len(re.findall(r"[.!?](?= |$)", person.experience)) <= 4, person.experience
        assert person.availability
        assert person.industry


async def test_skills_are_wanted_and_offered_by_zipf(demo: Any) -> None:
    people = await Profile.all().prefetch_related("skills_offered", "skills_wanted")
    named = Counter(skill.name for person in people for skill in (*person.skills_offered, *person.skills_wanted))
    assert set(named) <= set(SOURCE["skills"])
    assert len(named) > 50
    first, *_, last = (count for _, count in named.most_common(40))
    assert first >= 8 * last
    assert SOURCE["skills"].index(named.most_common(1)[0][0]) < 3


async def test_goals_are_under_way_and_some_are_reached(demo: Any) -> None:
    goals = await Goal.all().prefetch_related("milestones")
    milestones = await Milestone.all()
    assert 0 < sum(each.completed_at is not None for each in milestones) < len(milestones)
    assert Counter(goal.status for goal in goals)[GoalStatus.REACHED] == 3
    for goal in goals:
        steps = await Milestone.filter(goal_id=goal.id)
        assert (goal.status is GoalStatus.REACHED) == all(step.completed_at for step in steps)


async def test_meetings_were_and_will_be_at_hours_when_both_are_up(demo: Any) -> None:
    meetings = await Meeting.all().prefetch_related("mentorship__mentor", "mentorship__mentee")
    assert sum(meeting.starts_at > clock.now() for meeting in meetings) >= 5
    assert sum(meeting.starts_at < clock.now() for meeting in meetings) >= 15
    for meeting in meetings:
        assert meeting.created_at < meeting.starts_at
        for person in (meeting.mentorship.mentor, meeting.mentorship.mentee):
            assert 6 <= meeting.starts_at.astimezone(ZoneInfo(person.time_zone)).hour < 22


async def test_conversations_differ_and_name_their_people(demo: Any) -> None:
    conversations = await Conversation.all()
    lengths = sorted(each.last_number for each in conversations)
    assert (len(lengths), lengths[0], lengths[-1]) == (15, 3, 25)
    bodies = [message.body for message in await Message.all()]
    assert len(set(bodies)) == len(bodies)
    assert not any(re.search(r"[{}]|lorem", body) for body in bodies)
    for each in conversations:
        people = await Profile.filter(conversations__conversation_id=each.id)
        text = " ".join([message.body for message in await Message.filter(conversation_id=each.id)])
        assert any(name in text for person in people for name in person.name.split())


async def test_some_conversations_are_unread_and_some_are_read(demo: Any) -> None:
    unread: Counter[bool] = Counter()
    for conversation in await Conversation.all():
        markers = [person.read_number for person in await Participant.filter(conversation_id=conversation.id)]
        assert max(markers) == conversation.last_number
        unread[min(markers) < conversation.last_number] += 1
    assert unread == {True: 7, False: 8}


async def test_what_must_hold_of_any_community_holds_of_this_one(demo: Any) -> None:
    active = await Mentorship.filter(status=MentorshipStatus.ACTIVE)
    for person in await Profile.all():
        assert person.mentees == sum(each.mentor_id == person.id for each in active) <= person.capacity
    for mentorship in await Mentorship.all():
        conversation = await Conversation.get(mentorship_id=mentorship.id)
        assert (conversation.closed_at is None) == (mentorship.status is MentorshipStatus.ACTIVE)
        messages = await Message.filter(conversation_id=conversation.id).order_by("number")
        assert [each.number for each in messages] == list(range(1, conversation.last_number + 1))
        assert conversation.last_activity_at == messages[-1].created_at
    for inbox in await Inbox.all():
        events = await InboxEvent.filter(account_id=inbox.id).order_by("position")
        assert [each.position for each in events] == list(range(1, inbox.position + 1))


async def test_what_happened_lies_in_the_past_and_in_the_order_of_the_inbox(demo: Any) -> None:
    joined = min([account.created_at for account in await Account.all()])
    assert timedelta(days=97) < clock.now() - joined < timedelta(days=99)
    for inbox in await Inbox.all():
        times = [each.created_at for each in await InboxEvent.filter(account_id=inbox.id).order_by("position")]
        assert times == sorted(times)
        assert all(joined < moment < datetime.now(UTC) for moment in times)
    for request in await MentorshipRequest.filter(status=RequestStatus.PENDING):
        assert request.expires_at is not None
        assert request.expires_at > datetime.now(UTC)


async def test_the_passwords_that_are_returned_sign_in_and_nobody_else_is_signed_in(
    demo: list[tuple[str, str]],
) -> None:
    assert sorted(email for email, _ in demo) == sorted([account.email for account in await Account.all()])
    assert all(email.endswith("@example.org") for email, _ in demo)
    assert await Session.filter(revoked_at=None).count() == 0
    for email, secret in demo[::15]:
        session, _ = await Account.sign_in(email, secret)
        assert session.account.email == email


async def test_a_second_fill_does_nothing(demo: Any) -> None:
    before = await rows()
    assert await fill(8) == []
    assert await rows() == before


async def test_one_seed_makes_the_same_community_in_any_database(
    filled: tuple[Path, Any], database_url: str, quick_hashes: None
) -> None:
    async with connect(database_url):
        accounts = await fill(7, password=lambda: "a password for all")
        there = await described()
        assert {secret for _, secret in accounts} == {"a password for all"}
    async with connect(f"sqlite://{filled[0]}"):
        here = await described()
    assert [email for email, _ in accounts] == [email for email, _ in filled[1]]
    for title in here:
        assert there[title] == here[title]


async def test_a_failure_in_the_middle_leaves_the_database_empty(
    database: str, quick_hashes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        assert await Message.all().count() > 20
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(Goal, "mark", broken)
    with pytest.raises(RuntimeError, match="on fire"):
        await fill()
    assert set((await rows()).values()) == {0}
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


async def test_an_interrupted_fill_leaves_the_database_empty(
    database: str, quick_hashes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = asyncio.Event()
    schedule = Meeting.schedule

    async def noticed(*args: Any, **kwargs: Any) -> Meeting:
        under_way.set()
        return await schedule(*args, **kwargs)

    monkeypatch.setattr(Meeting, "schedule", noticed)
    filling = asyncio.create_task(fill())
    await under_way.wait()
    filling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filling
    assert set((await rows()).values()) == {0}


async def test_a_second_process_that_waited_for_the_first_finds_its_accounts_and_adds_none(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks before it waits, at the skills, and again after it."""
    looks = iter([False, True])

    async def exists(**_: Any) -> bool:
        return next(looks)

    monkeypatch.setattr(Account, "exists", exists)
    assert await fill() == []
    assert list(looks) == []
    assert await Account.all().count() == 0
