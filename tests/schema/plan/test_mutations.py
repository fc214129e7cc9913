"""Planned mutations: the verb runs once whatever comes of it, and ordinary execution completes what a plan cannot."""

from typing import Any

import orjson
import pytest

from models.conversation import Conversation, Message
from models.session import Session
from schema.context import Context
from schema.execution import RequestError, prepare, run
from schema.node import global_id
from schema.plan.mutations import Mutation
from tests.people import Pair, pair, person

SENT = "... on SendMessagePayload { sent { __typename id number body createdAt clientId author { id } replies: id } }"
REFUSED = "... on Refusal { __typename code said: message field }"


def sending(selection: str) -> str:
    return f"mutation($input: SendMessageInput!) {{ sendMessage(input: $input) {{ {selection} }} }}"


class Asking:
    """Somebody who sends mutations, and how each was answered: by a plan, or by ordinary execution."""

    def __init__(self, session: Session | None, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = session
        self.planned: list[bool] = []
        written = Mutation.written

        async def noted(mutation: Mutation, *given: Any) -> bytes | None:
            answer = await written(mutation, *given)
            self.planned.append(answer is not None)
            return answer

        monkeypatch.setattr(Mutation, "written", noted)

    async def ask(self, document: str, **given: Any) -> Any:
        """The answer, from JSON."""
        return orjson.loads(await run(prepare(document, given, None), Context(session=self.session)))


@pytest.fixture
async def two(database: str) -> Pair:
    return await pair()


@pytest.fixture
async def asking(two: Pair, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """The mentor."""
    session, _ = await Session.open(two.mentor)
    found = await Session.filter(id=session.id).select_related("account").get()
    return Asking(found, monkeypatch)


def message(two: Pair, key: str = "k", body: str = "Hello") -> dict[str, str]:
    return {"conversationId": global_id(two.conversation), "body": body, "clientId": key}


@pytest.mark.one_path
async def test_a_sent_message_is_answered_from_its_row_without_a_statement(
    asking: Asking, two: Pair, statements: list[str]
) -> None:
    await asking.ask(sending(SENT), input=message(two))
    statements.clear()
    answer = await asking.ask(sending(SENT), input=message(two, "2"))
    sent = answer["data"]["sendMessage"]["sent"]
    assert (sent["number"], sent["body"], sent["clientId"]) == (2, "Hello", "2")
    assert sent["author"]["id"] == f"Profile:{two.mentor.id}"
    assert asking.planned == [True, True]
    assert [text for text in statements if text.startswith("SELECT")] == []


async def test_aliases_fragments_and_conditions_are_heeded(asking: Asking, two: Pair) -> None:
    document = """mutation Send($input: SendMessageInput!, $no: Boolean!) { done: sendMessage(input: $input) {
        kind: __typename ...Sent ... on SendMessagePayload { sent { number body @include(if: $no) } } } }
        fragment Sent on SendMessagePayload { sent { text: body author { who: id __typename } } }"""
    answer = await asking.ask(document, input=message(two), no=False)
    who = {"who": f"Profile:{two.mentor.id}", "__typename": "Profile"}
    assert answer == {
        "data": {"done": {"kind": "SendMessagePayload", "sent": {"text": "Hello", "author": who, "number": 1}}}
    }
    assert asking.planned == [True]


async def test_what_lies_below_a_row_is_read_by_a_statement(asking: Asking, two: Pair) -> None:
    answer = await asking.ask(sending("... on SendMessagePayload { sent { author { name } } }"), input=message(two))
    assert answer["data"]["sendMessage"]["sent"] == {"author": {"name": "Mara"}}
    assert asking.planned == [True]


async def test_the_marker_is_answered_with_the_conversation(asking: Asking, two: Pair) -> None:
    document = """mutation($input: MarkReadInput!) { markRead(input: $input) {
        ... on MarkReadPayload { conversation { id lastNumber closedAt } } } }"""
    await two.conversation.send("Hello", by=two.mentee, client_id="1")
    given = {"conversationId": global_id(two.conversation), "number": 1}
    answer = await asking.ask(document, input=given)
    conversation = {"id": global_id(two.conversation), "lastNumber": 1, "closedAt": None}
    assert answer == {"data": {"markRead": {"conversation": conversation}}}
    assert asking.planned == [True]


async def test_a_refusal_is_written_by_the_plan_too(asking: Asking, two: Pair) -> None:
    answer = await asking.ask(sending(f"{SENT} {REFUSED}"), input=message(two, body=" "))
    refusal = answer["data"]["sendMessage"]
    assert (refusal["__typename"], refusal["code"], refusal["field"]) == ("Refusal", "INVALID", "body")
    assert refusal["said"]
    assert asking.planned == [True]
    # What the client did not ask of a refusal, it is not told.
    assert await asking.ask(sending(SENT), input=message(two, body=" ")) == {"data": {"sendMessage": {}}}


async def test_a_conversation_of_others_is_not_there(asking: Asking, two: Pair) -> None:
    other = await pair(await person("Nia", capacity=1))
    for conversation in (other.conversation, Conversation()):
        given = {**message(two), "conversationId": global_id(conversation)}
        answer = await asking.ask(sending(REFUSED), input=given)
        assert answer["data"]["sendMessage"]["code"] == "NOT_FOUND"
    given = {**message(two), "conversationId": global_id(two.mentorship)}
    assert (await asking.ask(sending(REFUSED), input=given))["data"]["sendMessage"]["code"] == "INVALID"


async def test_a_stranger_is_told_to_sign_in_at_the_field(asking: Asking, two: Pair) -> None:
    asking.session = None
    answer = await asking.ask(sending(SENT), input=message(two))
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("UNAUTHENTICATED", ["sendMessage"])
    assert await Message.all().count() == 0


async def test_a_verb_that_cannot_be_planned_runs_as_any_other(asking: Asking, two: Pair) -> None:
    # An enum is among its values.
    document = """mutation($input: RequestMentorshipInput!) { requestMentorship(input: $input) {
        ... on RequestMentorshipPayload { request { message } } } }"""
    nia = await person("Nia", capacity=1)
    given = {"mentorId": f"Profile:{nia.id}", "message": "Will you?"}
    answer = await asking.ask(document, input=given)
    assert answer["data"]["requestMentorship"]["request"] == {"message": "Will you?"}
    assert asking.planned == []


@pytest.mark.one_path
async def test_a_payload_that_a_plan_cannot_write_is_completed_and_the_verb_runs_once(
    asking: Asking, two: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(Mutation, "written", nothing)
    answer = await asking.ask(sending(SENT), input=message(two))
    assert answer["data"]["sendMessage"]["sent"]["number"] == 1
    assert await Message.all().count() == 1


@pytest.mark.one_path
async def test_a_fault_of_the_plan_is_no_fault_of_the_answer(
    asking: Asking, two: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise LookupError("the plan")

    monkeypatch.setattr(Mutation, "_answer", broken)
    answer = await asking.ask(sending(SENT), input=message(two))
    assert answer["data"]["sendMessage"]["sent"]["number"] == 1
    assert await Message.all().count() == 1


@pytest.mark.parametrize("given", [{}, {"input": None}, {"input": {"body": "x"}}, {"input": "x"}])
async def test_values_that_their_type_cannot_take_are_refused_before_the_verb(
    asking: Asking, given: dict[str, Any]
) -> None:
    with pytest.raises(RequestError):
        await asking.ask(sending(SENT), **given)
    assert asking.planned == []


async def test_a_number_beyond_32_bits_is_an_error_at_its_place(asking: Asking, two: Pair) -> None:
    await Conversation.filter(id=two.conversation.id).update(last_number=2**31 - 1)
    answer = await asking.ask(sending("... on SendMessagePayload { sent { number } }"), input=message(two))
    assert answer["data"] is None
    assert answer["errors"][0]["path"] == ["sendMessage", "sent", "number"]
    assert asking.planned == [False]
    assert await Message.all().count() == 1
