"""Planned reads find their rows by indexes, however large the tables are."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from tortoise.connection import get_connection

from benches.data import fill
from benches.queries import cases
from models.database import connect, dialect
from models.session import Session
from schema.context import Context
from schema.execution import prepare, run
from schema.plan import planner as planning

# What grows with people and their talk, and is filled here: of an empty table an index tells nothing.
LARGE = {"account", "profile", "profile_skill_offered", "profile_skill_wanted", "mentorship_request", "mentorship"}
LARGE |= {"conversation", "participant", "message", "goal", "milestone"}

# Beside those that are benched.
OTHERS = [
    '{ mentors(skill: "Skill 7", first: 20) { edges { node { name skillsWanted { name } } } pageInfo { endCursor } } }',
    '{ mentors(filter: {skillsAll: ["Skill 7"], languages: ["en"], overlapHours: 1, placesFree: true}, first: 5) {'
    " edges { node { name } } } }",
    "{ mentors(orderBy: NEWEST, first: 5) { edges { node { name } } } }",
    '{ mentors(filter: {text: "nobody"}, first: 5) { edges { node { name } } } }',
    "{ viewer { email profile { name skillsOffered { name } } } }",
    "{ conversations(first: 5) { edges { cursor node { messages(last: 20) { edges { node { body author { name } } }"
    " pageInfo { hasPreviousPage } } } } } }",
    "{ mentorships(status: ACTIVE) { edges { node { mentee { name } conversation { lastNumber unreadCount } } } } }",
    "{ mentorshipRequests { edges { node { status mentorship { id } mentee { name } } } } }",
    "{ conversations(filter: {unread: true, muted: false, pinned: false}) { edges { node { kind muted pinned } } } }",
    "{ conversations(filter: {kind: MENTORSHIP, archived: true}) { totalCount edges { node { myRole } } } }",
    "{ conversations(first: 5) { edges { node { participants { edges { node { readNumber deliveredNumber"
    " profile { name } } } } } } } }",
    '{ node(id: "$mentorship") { ... on Mentorship { meetings { edges { node { startsAt } } } } } }',
]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, list[Any]]]]:
    """The statements that the planner runs, with their parameters."""
    noted: list[tuple[str, list[Any]]] = []
    fetch = planning._fetch

    async def note(text: str, values: list[Any]) -> Any:
        noted.append((text, values))
        return await fetch(text, values)

    monkeypatch.setattr(planning, "_fetch", note)
    return noted


async def scanned(text: str, values: list[Any]) -> set[str]:
    """The tables of which the database means to read every row."""
    connection = get_connection(dialect())
    if dialect() == "postgres":
        found = await connection.execute_query_dict(f"EXPLAIN (FORMAT JSON) {text}", values)
        plan = found[0]["QUERY PLAN"]
        return set(_sequential(orjson.loads(plan) if isinstance(plan, str) else plan))
    given = [str(value) if isinstance(value, UUID) else value for value in values]
    steps = await connection.execute_query_dict(f"EXPLAIN QUERY PLAN {text}", given)
    # Walking an index in the order of a page ends with the page. Names such as t0 are not tables.
    scans = (re.fullmatch(r"SCAN (\w+)", step["detail"]) for step in steps)
    return {scan.group(1) for scan in scans if scan and not re.fullmatch(r"[a-z]\d*", scan.group(1))}


def _sequential(plan: Any) -> Iterator[str]:
    if isinstance(plan, list):
        for part in plan:
            yield from _sequential(part)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield plan["Relation Name"]
        for part in plan.values():
            yield from _sequential(part)


@pytest.mark.timeout(300)
async def test_no_planned_read_looks_through_a_large_table(
    unused: None, database_url: str, statements: list[tuple[str, list[Any]]]
) -> None:
    key = await fill(database_url)
    asked = [(case.document, case.parameters) for case in cases(key)]
    asked += [(document.replace("$mentorship", f"Mentorship:{key.mentorship}"), {}) for document in OTHERS]
    async with connect(database_url):
        session = await Session.filter(account_id=key.viewer).select_related("account").first()
        for document, parameters in asked:
            statements.clear()
            answer = orjson.loads(await run(prepare(document, parameters, None), Context(session=session)))
            assert "errors" not in answer
            assert len(statements) == 1, document
            assert not await scanned(*statements[0]) & LARGE, statements[0][0]


@pytest.mark.timeout(300)
async def test_a_full_scan_would_be_noticed(database_url: str) -> None:
    async with connect(database_url):
        assert await scanned('SELECT "body" FROM "message" WHERE "body" LIKE \'%x\'', []) == {"message"}
