"""The planner answers as ordinary execution does, with one statement for each root field."""

import asyncio
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from models.conversation import Conversation
from models.goal import Goal, GoalStatus, Milestone
from models.meeting import Meeting, MeetingKind
from models.profile import Profile
from models.session import Session
from models.video import VideoSession
from schema.context import Context
from schema.execution import execute_plainly, planner, prepare, run
from schema.node import global_id
from schema.plan import planner as planning
from schema.plan.planner import Planner
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
async def people(database: str) -> tuple[Pair, dict[str, str]]:
    """A pair with a bit of everything, and the names by which the queries call their rows."""
    mentor = await person('Mara "quoted" \\ 🙂', capacity=3, skills_offered=["SQL", "Hiring"], languages=["pt", "en"])
    await person("Mentor two", capacity=1, skills_offered=["sql"], headline="Two é lines")
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
    return two, {
        "mentor": global_id(profile), "mentee": f"Profile:{two.mentee.id}", "stranger": f"Profile:{other.mentee.id}",
        "mentorship": global_id(two.mentorship), "other": global_id(other.mentorship), "goal": global_id(goal),
        "message": global_id(third), "call": global_id(call), "mara": f"profiles:{profile.id}:{profile.name}",
        "third": f"messages:{third.id}:3",
    }  # fmt: skip


def fill(variables: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The variables, with ids and cursors in place of the names of rows."""
    return {name: names.get(value, value) if isinstance(value, str) else value for name, value in variables.items()}


async def context(account: Any) -> Context:
    session, _ = await Session.open(account)
    return Context(session=session)


async def test_both_ways_give_the_same_answer(people: Any) -> None:
    two, names = people
    for viewer in (two.mentor, two.mentee, await person("Nobody")):
        asking = await context(viewer)
        for query, asked in QUERIES:
            for variables in asked:
                filled = fill(variables, names)
                operation = prepare(query, filled, None)
                plainly = await execute_plainly(operation, asking)
                planned = await planner.answer(query, operation.document, operation.node, filled, asking)
                assert planned is not None, (query, variables)
                # Parsed and written again, as only the white space may differ.
                assert orjson.dumps(orjson.loads(planned)) == plainly, (query, variables)


BELOW = """query { suggestions(first: 5) { edges { score reasons cursor
    node { id name skillsOffered { name } placesFree } } pageInfo { hasNextPage } } }"""


@pytest.mark.one_path
async def test_what_is_selected_below_rows_is_read_by_one_statement(people: Any, statements: list[str]) -> None:
    # Somebody who looks for nothing is suggested everybody.
    asking = await context(await person("Nobody"))
    operation = prepare(BELOW, {}, None)
    plainly = await execute_plainly(operation, asking)
    statements.clear()
    assert orjson.loads(await run(operation, asking)) == orjson.loads(plainly)
    assert len([text for text in statements if " || " in text]) == 1
    assert len(orjson.loads(plainly)["data"]["suggestions"]["edges"]) > 2


@pytest.mark.one_path
async def test_each_root_field_costs_one_statement(people: Any, statements: list[str]) -> None:
    two, names = people
    asking = await context(two.mentee)
    for query, asked in QUERIES:
        for variables in asked:
            operation = prepare(query, fill(variables, names), None)
            statements.clear()
            answer = orjson.loads(await run(operation, asking))
            assert len(statements) == len(answer["data"]), query


@pytest.mark.one_path
async def test_no_value_of_a_request_is_in_the_text_of_a_statement(people: Any, statements: list[str]) -> None:
    two, names = people
    asking = await context(two.mentee)
    query = (
        "query($id: ID!, $skill: String, $after: String) { profile(id: $id) { name }"
        " mentors(skill: $skill, after: $after) { edges { node { name } } } }"
    )
    filled = {"id": names["mentor"], "skill": "canary'--", "after": names["mara"]}
    statements.clear()
    await run(prepare(query, filled, None), asking)
    assert len(statements) == 2
    for text in statements:
        assert "canary" not in text
        assert str(two.mentee.id) not in text
        assert names["mentor"].partition(":")[2] not in text


async def test_a_plan_is_made_once_for_requests_of_one_shape(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    two, names = people
    asking = await context(two.mentee)
    query = (
        "query($id: ID!, $n: Int) { a_fresh_one: node(id: $id) { id } mentors(first: $n) { edges { node { name } } } }"
    )
    compiled: list[Any] = []
    monkeypatch.setattr(planner, "_checked", lambda make: compiled.append(make) or Planner._checked(planner, make))
    for name, size, plans in (("mentor", 1, 1), ("mentee", 1, 1), ("mentor", 2, 2), ("goal", 2, 3), ("goal", 1, 4)):
        filled = {"id": names[name], "n": size}
        answer = orjson.loads(await run(prepare(query, filled, None), asking))
        assert answer["data"]["a_fresh_one"] == {"id": names[name]}
        assert len(compiled) == plans


async def test_what_depends_on_the_clock_is_not_planned(people: Any) -> None:
    two, _ = people
    asking = await context(two.mentee)
    query = "{ viewer { sessions { edges { node { device } } } } }"
    operation = prepare(query, {}, None)
    assert await planner.answer(query, operation.document, operation.node, {}, asking) is None
    assert orjson.loads(await run(operation, asking))["data"]["viewer"]["sessions"]["edges"]


async def test_a_null_that_must_not_be_is_left_to_ordinary_execution(
    people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, names = people
    asking = await context(two.mentee)
    monkeypatch.setattr(Profile, "pointed_to", classmethod(lambda cls, viewer: cls.filter(id=viewer.id)))
    query = "query($id: ID!) { node(id: $id) { ... on Message { number seenOnce: author { name } } } }"
    operation = prepare(query, {"id": names["message"]}, None)
    answer = orjson.loads(await run(operation, asking))
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["path"] == ["node", "seenOnce"]


async def test_a_forged_cursor_is_refused_with_the_field_that_holds_it(people: Any) -> None:
    two, names = people
    asking = await context(two.mentee)
    query = "query($after: String) { mentors(after: $after) { edges { node { name } } } }"
    for forged in ("", "x", "profiles:x:y", names["third"], "profiles:" + names["mara"].split(":")[1], "' OR 1=1 --"):
        answer = orjson.loads(await run(prepare(query, {"after": forged}, None), asking))
        if forged.count(":") != 1:
            assert answer["errors"][0]["extensions"]["field"] == "after", forged


async def test_operations_of_one_document_do_not_take_each_others_variables_for_their_own(people: Any) -> None:
    two, names = people
    document = """
        query A($a: Int, $b: Int, $id: ID!) { s: suggestions(first: 1) { edges { score } } ...F }
        query B($b: Int, $a: Int, $id: ID!) { s: suggestions(first: 1) { edges { score } } ...F }
        fragment F on Query { mentorship(id: $id) { goals(first: $a) { edges { node { title } } }
            conversation { messages(last: $b) { edges { node { number } } } } } }"""
    asking = await context(two.mentee)
    for name, a, b in (("A", 1, 2), ("B", 2, 1), ("A", 2, 1), ("B", 1, 2)):
        given = {"a": a, "b": b, "id": names["mentorship"]}
        found = orjson.loads(await run(prepare(document, given, name), asking))["data"]["mentorship"]
        assert (len(found["goals"]["edges"]), len(found["conversation"]["messages"]["edges"])) == (a, b)


@pytest.mark.one_path
async def test_a_fault_of_the_planner_fails_no_mutation_that_is_stored(
    people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, names = people

    async def broken(*_: Any) -> Any:
        raise RuntimeError("a fault")

    monkeypatch.setattr(planning, "_fetch", broken)
    document = """mutation($input: MarkGoalInput!) { markGoal(input: $input) {
        ... on MarkGoalPayload { goal { title milestones { title } } } } }"""
    given = {"input": {"goalId": names["goal"], "status": "DROPPED"}}
    with capture_logs() as logged:
        answer = orjson.loads(await run(prepare(document, given, None), await context(two.mentee)))
    assert answer["data"]["markGoal"]["goal"]["milestones"] == [{"title": "a"}, {"title": "b"}]
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == ["the planner failed"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_others_have_their_turn_between_the_reads_of_one_request(people: Any) -> None:
    two, _ = people
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    asking = await context(two.mentee)
    operation = prepare(f"{{ {' '.join(f'v{n}: viewer {{ email }}' for n in range(10))} }}", {}, None)
    await run(operation, asking)
    going = asyncio.create_task(others())
    await run(operation, asking)
    going.cancel()
    assert turns >= 9
