"""Conversations as a client sees them: of two and of many, as one keeps them, and after one has left."""

from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from models import clock
from models.account import Account
from models.conversation import Circle, Conversation, Direct, Participant, Role
from models.inbox import Inbox
from models.organisation import ContactRule
from models.session import Session
from schema.execution import planner
from tests.people import person
from tests.schema.asking import answers, ask, signed_in

LIST = """query($filter: ConversationFilterInput) { conversations(first: 5, filter: $filter) { totalCount edges { node {
    kind title counterpart { name } myRole muted mutedUntil pinned archived
    participants(first: 5) { edges { node { role profile { name } readNumber deliveredNumber } } } } } } }"""

PEOPLE = "conversation { participants { totalCount } }"


async def three() -> tuple[list[Account], list[Session], Conversation, Conversation]:
    """Ana, Bo and Cy, signed in; a direct conversation of Ana and Bo, and a circle of all, which Ana owns."""
    people = [await person(name) for name in ("Ana", "Bo", "Cy")]
    await Account.all().update(contact=ContactRule.EVERYONE)
    ana, bo, cy = people
    direct = await Direct.open(bo.id, by=ana)
    circle = await Circle.open("Women in tech", [bo.id, cy.id], by=ana)
    return people, [await signed_in(one) for one in people], direct, circle


async def shown(by: Session, **wanted: Any) -> dict[str, dict[str, Any]]:
    """The conversations of a list, by their kind; what is planned must be planned."""
    planned = planner.answered
    found = (await ask(LIST, by, filter=wanted or None))["data"]["conversations"]
    assert planner.answered == planned + 1
    assert found["totalCount"] == len(found["edges"])
    return {edge["node"]["kind"]: edge["node"] for edge in found["edges"]}


async def test_a_circle_has_a_title_and_roles_and_a_direct_conversation_has_a_counterpart(database: str) -> None:
    _, (ana, bo, _), _, _ = await three()
    found = await shown(bo)
    assert found["CIRCLE"] | {"participants": None} == {
        "kind": "CIRCLE", "title": "Women in tech", "counterpart": None, "myRole": "MEMBER", "muted": False,
        "mutedUntil": None, "pinned": False, "archived": False, "participants": None,
    }  # fmt: skip
    assert (found["DIRECT"]["title"], found["DIRECT"]["counterpart"]) == ("", {"name": "Ana"})
    assert (await shown(ana))["CIRCLE"]["myRole"] == "OWNER"
    roles = {edge["node"]["profile"]["name"]: edge["node"]["role"] for edge in found["CIRCLE"]["participants"]["edges"]}
    assert roles == {"Ana": "OWNER", "Bo": "MEMBER", "Cy": "MEMBER"}


async def test_a_filter_in_a_variable_and_in_parts_and_as_a_literal_means_the_same(database: str) -> None:
    (ana, _, _), (session, other, _), direct, circle = await three()
    await (await Participant.of(direct.id, ana)).pin(True)
    await (await Participant.of(circle.id, ana)).archive(True)
    wanted: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["DIRECT"]),
        ({"pinned": True}, ["DIRECT"]),
        ({"pinned": False}, []),
        ({"archived": True}, ["CIRCLE"]),
        ({"archived": None}, ["DIRECT"]),
        ({"kind": "CIRCLE"}, []),
        ({"kind": "CIRCLE", "archived": True}, ["CIRCLE"]),
        ({"unread": True}, []),
    ]
    # Each twice: a plan that was made for one filter answers no other one.
    for given, kinds in wanted * 2:
        assert list(await shown(session, **given)) == kinds, given
        names = ", ".join(f"{name}: ${name}" for name in given)
        types = ", ".join(f"${name}: {'ConversationKind' if name == 'kind' else 'Boolean'}" for name in given)
        head = f"query({types})" if types else "query"
        document = f"{head} {{ conversations(filter: {{{names}}}) {{ edges {{ node {{ kind }} }} }} }}"
        found = (await ask(document, session, **given))["data"]["conversations"]["edges"]
        assert [edge["node"]["kind"] for edge in found] == kinds, given
    # Nobody else keeps them so.
    assert set(await shown(other)) == {"DIRECT", "CIRCLE"}


async def test_what_is_muted_is_told_by_the_moment_of_each_request(database: str) -> None:
    (ana, _, _), (session, *_), direct, circle = await three()
    until = clock.now() + timedelta(hours=1)
    await (await Participant.of(direct.id, ana)).mute(until)
    await (await Participant.of(circle.id, ana)).mute()
    found = await shown(session, muted=True)
    assert (found["DIRECT"]["muted"], found["CIRCLE"]["muted"]) == (True, True)
    assert (found["DIRECT"]["mutedUntil"], found["CIRCLE"]["mutedUntil"]) == (until.isoformat(), None)
    with clock.moved(timedelta(hours=2)):
        assert list(await shown(session, muted=True)) == ["CIRCLE"]
        assert (await shown(session, muted=False))["DIRECT"]["muted"] is False


@pytest.mark.parametrize("hiding", [None, "Ana", "Bo"])
async def test_who_hides_how_far_they_have_read_is_shown_of_nobody_else(database: str, hiding: str | None) -> None:
    (ana, bo, _), (session, *_), direct, _ = await three()
    for number in range(3):
        await direct.send("Hi", by=ana, client_id=f"{number}")
    await direct.mark_read(1, by=bo)
    await direct.mark_delivered(2, by=bo)
    for one, name in ((ana, "Ana"), (bo, "Bo")):
        await one.prefer(by=one, read_receipts=name != hiding)
    parts = (await shown(session))["DIRECT"]["participants"]["edges"]
    found = {
        part["node"]["profile"]["name"]: (part["node"]["readNumber"], part["node"]["deliveredNumber"]) for part in parts
    }
    assert found == {"Ana": (3, 3), "Bo": (1, 2) if hiding is None else (None, None)}


async def test_who_is_put_out_hears_it_and_then_nothing_and_comes_back_to_all_of_it(database: str) -> None:
    (ana, bo, _), (_, session, _), _, circle = await three()
    start = str((await Inbox.get(id=bo.id)).cursor())
    await circle.send("Before", by=ana, client_id="1")
    await Circle(circle).remove(bo.id, by=ana)
    await circle.send("Meanwhile", by=ana, client_id="2")
    heard = """subscription($after: String) { inbox(after: $after) {
        __typename ... on ConversationLeft { conversationId } } }"""
    # What was said before is not shown any more either.
    assert await first(heard, session, start) == {
        "__typename": "ConversationLeft", "conversationId": f"Conversation:{circle.id}",
    }  # fmt: skip
    assert set(await shown(session)) == {"DIRECT"}
    await Circle(circle).add([bo.id], by=ana)
    assert (await first(heard, session, start))["__typename"] == "MessageCreated"
    node = (
        "query($id: ID!) { node(id: $id) { ... on Conversation { unreadCount messages { edges { node { body } } } } } }"
    )
    found = (await ask(node, session, id=f"Conversation:{circle.id}"))["data"]["node"]
    assert [edge["node"]["body"] for edge in found["messages"]["edges"]] == ["Before", "Meanwhile"]
    assert found["unreadCount"] == 0


async def first(document: str, by: Session, after: str) -> dict[str, Any]:
    """The first event after a cursor."""
    async with aclosing(answers(document, by, after=after)) as found:
        return dict((await anext(found))["data"]["inbox"])


async def test_a_mutation_is_answered_with_what_it_has_changed(database: str) -> None:
    (_, bo, cy), (session, *_), _, circle = await three()
    ids = {"conversationId": f"Conversation:{circle.id}"}
    bo_too = {**ids, "profileId": f"Profile:{bo.id}", "role": "OWNER"}
    cy_too = {**ids, "profileIds": [f"Profile:{cy.id}"]}
    asked: list[tuple[str, dict[str, Any], str, Any]] = [
        ("openConversation", {"profileId": f"Profile:{bo.id}"}, "conversation { kind }", {"kind": "DIRECT"}),
        ("renameCircle", {**ids, "title": "Women"}, "conversation { title }", {"title": "Women"}),
        ("pinConversation", {**ids, "pinned": True}, "conversation { pinned }", {"pinned": True}),
        ("archiveConversation", {**ids, "archived": True}, "conversation { archived }", {"archived": True}),
        ("muteConversation", ids, "conversation { muted mutedUntil }", {"muted": True, "mutedUntil": None}),
        ("muteConversation", {**ids, "muted": False}, "conversation { muted }", {"muted": False}),
        ("removeFromCircle", {**ids, "profileId": f"Profile:{cy.id}"}, PEOPLE, {"participants": {"totalCount": 2}}),
        ("addToCircle", cy_too, PEOPLE, {"participants": {"totalCount": 3}}),
        ("setRole", bo_too, "conversation { myRole }", {"myRole": "OWNER"}),
        ("leaveConversation", ids, "conversationId", ids["conversationId"]),
        ("updatePreferences", {"readReceipts": False}, "account { readReceipts }", {"readReceipts": False}),
        ("updatePreferences", {"contact": "OFF", "missedMail": None}, "account { contact }", {"contact": "OFF"}),
    ]
    for name, given, selection, expected in asked:
        capital = name[0].upper() + name[1:]
        document = f"""mutation($input: {capital}Input!) {{ {name}(input: $input) {{
            ... on {capital}Payload {{ {selection} }} }} }}"""
        answer = await ask(document, session, input=given)
        assert list(answer["data"][name].values()) == [expected], (name, answer)
    assert (await Participant.of(circle.id, bo)).role is Role.OWNER
    mine = await ask("{ viewer { contact readReceipts presence missedMail } }", session)
    assert mine["data"]["viewer"] == {
        "contact": "OFF", "readReceipts": False, "presence": "CONTACTS", "missedMail": True,
    }  # fmt: skip


async def test_no_moment_is_given_to_unmute(database: str) -> None:
    _, (session, *_), direct, _ = await three()
    document = (
        "mutation($input: MuteConversationInput!) { muteConversation(input: $input) { ... on Refusal { code field } } }"
    )
    given = {"conversationId": f"Conversation:{direct.id}", "muted": False, "until": "2999-01-01T00:00:00Z"}
    answer = await ask(document, session, input=given)
    assert answer["data"]["muteConversation"] == {"code": "INVALID", "field": "until"}


async def test_who_was_put_out_reads_nothing_by_opening_the_circle_again_under_its_key(database: str) -> None:
    (ana, bo, _), (session, *_), _, _ = await three()
    document = """mutation($input: OpenCircleInput!) { openCircle(input: $input) {
        ... on OpenCirclePayload { conversation {
            id title lastMessage { body } messages(first: 5) { edges { node { body } } } } }
        ... on Refusal { code } } }"""
    given = {"title": "Ours", "profileIds": [f"Profile:{bo.id}"], "clientId": "k"}
    made = (await ask(document, session, input=given))["data"]["openCircle"]["conversation"]
    row = await Conversation.get(title="Ours")
    assert made["id"] == f"Conversation:{row.id}"
    await Circle(row).set_role(bo.id, Role.OWNER, by=ana)
    await Circle(row).remove(ana.id, by=bo)
    await row.send("now that Ana is out", by=bo, client_id="1")
    answer = await ask(document, session, input=given)
    assert answer == {"data": {"openCircle": {"code": "NOT_FOUND"}}}
