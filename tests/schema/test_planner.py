"""The planner answers as ordinary execution does, with one statement for each root field."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from models.conversation import Conversation
from models.goal import Goal, GoalStatus, Milestone
from models.meeting import Meeting, MeetingKind
from models.session import Session
from models.video import VideoSession
from schema.context import Context
from schema.execution import execute_plainly, planner, prepare
from schema.node import global_id
from tests.people import Pair, pair, person

# Each with the variables that it is asked with; "…" is filled with ids of the data below.
QUERIES: list[tuple[str, list[dict[str, Any]]]] = [
    ("{ viewer { id email createdAt inboxAddress: email profile { name capacity } } }", [{}]),
    ("query($id: ID!) { profile(id: $id) { id name languages placesFree skillsOffered { id name } } }", [
        {"id": "mentor"}, {"id": "mentee"}, {"id": "stranger"}, {"id": "Profile:01a20668-3181-78a3-8c66-1c7c9529d83f"},
    ]),
    ("query($skill: String, $first: Int, $after: String) { mentors(skill: $skill, first: $first, after: $after) {"
     " totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
     " edges { cursor node { __typename name headline yearsOfExperience skillsOffered { name } } } } }", [
        {}, {"first": 1}, {"skill": " sQL"}, {"skill": "hiring", "first": 2}, {"skill": "'; DROP TABLE profile; --"},
        {"first": 1, "after": "mara"}, {"first": 2, "after": "mara"},
    ]),
    ("{ mentors { totalCount } }", [{}]),
    ("{ conversations { edges { node { id lastNumber lastActivityAt closedAt unreadCount readNumber"
     " counterpart { name } lastMessage { number body clientId createdAt author { name } } } } } }", [{}]),
    ("query($n: Int, $c: String) { conversations(first: 1) { edges { node { messages(last: $n, before: $c) {"
     " totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number body } }"
     " } } } } }", [{}, {"n": 2}, {"n": 100}, {"n": 2, "c": "third"}]),
    ("query($id: ID!, $goals: Int) { mentorship(id: $id) { id status cadence endsOn endedAt endReason createdAt"
     " mentor { name } mentee { name skillsWanted { name } }"
     " goals(first: $goals) { pageInfo { endCursor hasNextPage } edges { node { title description dueOn status"
     " closedAt milestones { position title completedAt dueOn } } } }"
     " meetings { edges { node { kind startsAt localStart timeZone minutes } } }"
     " conversation { lastNumber } } }", [{"id": "mentorship"}, {"id": "mentorship", "goals": 1}, {"id": "other"}]),
    ("query($id: ID!) { node(id: $id) { __typename id ... on Profile { name } ... on Goal { title }"
     " ... on Node { again: id } ... on Message { body } } }", [
        {"id": "mentor"}, {"id": "goal"}, {"id": "message"}, {"id": "other"},
    ]),
    ("query($with: Boolean!, $without: Boolean = true) { mentors { ...Page } }"
     " fragment Page on ProfileConnection { edges { node { ...One name @skip(if: $without) } } }"
     " fragment One on Profile { headline @include(if: $with) ...Two } fragment Two on Profile { industry headline }", [
        {"with": True}, {"with": False}, {"with": True, "without": False},
    ]),
    ("query A { viewer { id } } ", [{}]),
    ("{ a: mentorships(status: ACTIVE) { edges { node { id } } } b: mentorships(status: ENDED) { totalCount }"
     " c: mentorshipRequests { edges { cursor node { status months reason expiresAt mentorship { id } } } } }", [{}]),
    ("query($status: MentorshipStatus) { mentorships(status: $status) { edges { node { status } } } }", [
        {}, {"status": "ACTIVE"}, {"status": "ENDED"}, {"status": None},
    ]),
    ("query($id: ID!) { videoSession(id: $id) { status liveAt endedAt meeting { agenda }"
     " participants { createdAt leftAt profile { name } } } }", [{"id": "call"}]),
    ("{ programmes { edges { node { name startsOn organisation { name } } } } }", [{}]),
]  # fmt: skip


@pytest.fixture
async def people(database: str) -> AsyncIterator[tuple[Pair, dict[str, str]]]:
    """A pair with a bit of everything, and the names by which the queries call their rows."""
    mentor = await person('Mara "quoted" \\ 🙂', capacity=3, skills_offered=["SQL", "Hiring"], languages=["pt", "en"])
    await person("Mentor two", capacity=1, skills_offered=["sql"], headline="Two\u2028lines")
    await person("Another", capacity=2)
    two = await pair(mentor, await person("Théo", skills_wanted=["SQL"]))
    other = await pair()
    for index in range(5):
        by = two.mentee if index % 2 else two.mentor
        await two.conversation.send(f'"{index}"\n\t\\ é🙂\u2028', by=by, client_id=f"m{index}")
    await two.conversation.mark_read(2, by=two.mentee)
    goal = await Goal.add(two.mentorship, by=two.mentee, title="One", milestones=["a", "b"])
    await (await Milestone.get(goal_id=goal.id, position=1)).complete(by=two.mentor)
    await (await Goal.add(two.mentorship, by=two.mentor, title="Two")).mark(GoalStatus.REACHED, by=two.mentor)
    await Meeting.schedule(
        two.mentorship, by=two.mentee, kind=MeetingKind.VIDEO, local_start="2027-01-10T10:00",
        time_zone="Europe/Lisbon", minutes=30,
    )  # fmt: skip
    call = await VideoSession.start(two.mentorship, by=two.mentee)
    await call.join(by=two.mentee, device_id="phone")
    messages = await Conversation.get(id=two.conversation.id).prefetch_related("messages")
    profile = await mentor.profile
    third = sorted(messages.messages, key=lambda message: message.number)[2]  # type: ignore[attr-defined]
    yield two, {
        "mentor": global_id(profile), "mentee": f"Profile:{two.mentee.id}", "stranger": f"Profile:{other.mentee.id}",
        "mentorship": global_id(two.mentorship), "other": global_id(other.mentorship), "goal": global_id(goal),
        "message": global_id(third), "call": global_id(call), "mara": f"profiles:{profile.id}:{profile.name}",
        "third": f"messages:{third.id}:3",
    }  # fmt: skip


async def context(account: Any) -> Context:
    session, _ = await Session.open(account)
    return Context(session=session)


@pytest.mark.parametrize(("query", "asked"), QUERIES, ids=[query[:40] for query, _ in QUERIES])
async def test_both_ways_give_the_same_answer(people: Any, query: str, asked: list[dict[str, Any]]) -> None:
    two, names = people
    for viewer in (two.mentor, two.mentee, await person("Nobody")):
        asking = await context(viewer)
        for variables in asked:
            filled = {
                name: names.get(value, value) if isinstance(value, str) else value for name, value in variables.items()
            }
            operation = prepare(query, filled, None)
            plainly = await execute_plainly(operation, asking)
            planned = await planner.answer(query, operation.document, operation.node, filled, asking)
            assert planned is not None, (query, variables)
            # Parsed and written again, as only the white space may differ.
            assert orjson.dumps(orjson.loads(planned)) == plainly, (query, variables)
