"""After a write one statement reads what the client selected; likewise for each event of the inbox."""

from contextlib import aclosing
from typing import Any

import orjson
import pytest

from models.account import Account
from models.conversation import Conversation
from models.goal import Goal
from models.inbox import Inbox
from models.session import Session
from schema.context import Context
from schema.execution import prepare, run, stream
from schema.node import global_id
from tests.people import Pair, pair, person

PROFILE = "{ id name skillsOffered { name } skillsWanted { id } placesFree }"
GOAL = "{ __typename id title milestones { id title position completedAt } }"
MENTORSHIP = f"""{{ status mentor {PROFILE} conversation {{ unreadCount lastMessage {{ body author {{ name }} }} }}
    goals(first: 2) {{ totalCount edges {{ node {GOAL} }} }} }}"""
REQUEST = f"{{ status message mentor {PROFILE} mentee {{ id }} mentorship {MENTORSHIP} }}"
CONVERSATION = "{ unreadCount readNumber counterpart { name } messages(last: 2) { edges { cursor node { number } } } }"
CALL = "{ status meeting { agenda } participants { leftAt profile { name } } }"


class Story:
    """Mutations one after the other, and the statements that each took."""

    def __init__(self, statements: list[str]) -> None:
        self.statements = statements

    async def tell(self, by: Account, name: str, selection: str, **given: Any) -> dict[str, Any]:
        """The payload of a mutation that succeeds. Whatever it selects of a row is read last, by one statement."""
        session, _ = await Session.open(by)
        kind = name[0].upper() + name[1:]
        query = f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ ... on {kind}Payload {{ {selection} }}"
        operation = prepare(query + " ... on Refusal { said: message } } }", {"input": given}, None)
        self.statements.clear()
        answer = orjson.loads(await run(operation, Context(session=session)))
        assert "errors" not in answer, answer
        assert "said" not in answer["data"][name], answer
        rows = len(answer["data"][name])
        last = self.statements[-rows:]
        assert [text for text in self.statements if " || " in text] == last, name
        return dict(answer["data"][name])


@pytest.mark.one_path
async def test_a_payload_is_read_by_one_statement_for_each_row(database: str, statements: list[str]) -> None:
    tell = Story(statements).tell
    mentor, mentee = await person("Mara", capacity=2, skills_offered=["SQL"]), await person("Théo")
    await tell(mentor, "updateProfile", f"profile {PROFILE}", skillsOffered=["SQL", "Go"])
    asked = await tell(
        mentee, "requestMentorship", f"request {REQUEST[:-1]} id }}", mentorId=f"Profile:{mentor.id}", message="?"
    )
    begun = await tell(
        mentor, "acceptMentorshipRequest", f"mentorship {MENTORSHIP[:-1]} id }} request {REQUEST}",
        requestId=asked["request"]["id"],
    )  # fmt: skip
    key = begun["mentorship"]["id"]
    goal = (await tell(mentee, "addGoal", f"goal {GOAL}", mentorshipId=key, title="g", milestones=["a", "b"]))["goal"]
    assert [step["title"] for step in goal["milestones"]] == ["a", "b"]
    marked = await tell(mentee, "markGoal", f"goal {GOAL}", goalId=goal["id"], status="REACHED")
    assert marked["goal"] == goal
    talk = await Conversation.all().first()
    assert talk is not None
    sent = await tell(
        mentor,
        "sendMessage",
        f"sent {{ body author {PROFILE} }}",
        conversationId=global_id(talk),
        body="é",
        clientId="1",
    )
    assert sent["sent"] == {"body": "é", "author": {**sent["sent"]["author"], "name": "Mara"}}
    read = await tell(mentee, "markRead", f"conversation {CONVERSATION}", conversationId=global_id(talk), number=1)
    assert read["conversation"]["unreadCount"] == 0
    call = (await tell(mentor, "startVideoSession", f"session {CALL[:-1]} id }}", mentorshipId=key))["session"]
    await tell(mentor, "endVideoSession", f"session {CALL}", sessionId=call["id"])
    ended = await tell(mentor, "endMentorship", f"mentorship {MENTORSHIP}", mentorshipId=key, reason="done")
    assert ended["mentorship"]["status"] == "ENDED"


@pytest.mark.one_path
async def test_what_the_row_itself_can_tell_needs_no_statement(database: str, statements: list[str]) -> None:
    two = await pair()
    session, _ = await Session.open(two.mentee)
    query = """mutation($input: AddGoalInput!) { addGoal(input: $input) {
        ... on AddGoalPayload { goal { id title status dueOn } } } }"""
    operation = prepare(query, {"input": {"mentorshipId": global_id(two.mentorship), "title": "g"}}, None)
    statements.clear()
    answer = orjson.loads(await run(operation, Context(session=session)))
    assert answer["data"]["addGoal"]["goal"]["title"] == "g"
    assert not [text for text in statements if " || " in text]


INBOX = f"""subscription($after: String) {{ inbox(after: $after) {{ ...Any }} }}
    fragment Any on InboxItem {{ __typename ... on InboxEvent {{ cursor }}
      ... on MessageCreated {{ message {{ body author {{ name }} }} }} ... on GoalChanged {{ goal {GOAL} }}
      ... on RequestChanged {{ request {{ mentor {{ name }} }} }}
      ... on MentorshipChanged {{ mentorship {{ mentee {{ name }} }} }}
      ... on ReadMarkerMoved {{ conversation {{ unreadCount }} }} }}"""


async def told(two: Pair) -> str:
    """The cursor from which the mentor's inbox has one event of each of these kinds."""
    inbox = await Inbox.get(id=two.mentor.id)
    start = str(inbox.cursor())
    await two.conversation.send("é", by=two.mentee, client_id="1")
    await two.conversation.mark_read(1, by=two.mentor)
    await Goal.add(two.mentorship, by=two.mentee, title="g", milestones=["a"])
    await two.mentorship.end(by=two.mentee)
    return start


@pytest.mark.one_path
async def test_the_events_of_a_kind_are_read_by_one_statement(database: str, statements: list[str]) -> None:
    two = await pair()
    after = await told(two)
    session, _ = await Session.open(two.mentor)
    statements.clear()
    events = []
    async with aclosing(stream(prepare(INBOX, {"after": after}, None), Context(session=session))) as answers:
        async for answer in answers:
            events.append(orjson.loads(answer)["data"]["inbox"])
            if events[-1]["__typename"] == "MentorshipChanged":
                break
    kinds = {event["__typename"] for event in events}
    assert {"MessageCreated", "ReadMarkerMoved", "GoalChanged", "MentorshipChanged"} <= kinds
    # Whether its subject is seen, and all that is selected on it.
    assert len([text for text in statements if " || " in text]) == len(statements) == len(kinds)
