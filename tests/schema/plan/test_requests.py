"""What a request may give, case by case: each is answered as ordinary execution answers it."""

from typing import Any

import orjson
import pytest

from schema.execution import RequestError, _measured, planner, prepare, run
from tests.schema.plan.both import both
from tests.schema.plan.community import Community

NOWHERE = "01890000-0000-7000-8000-000000000000"

# Each query with what is given for its variables.
CASES: list[tuple[str, dict[str, Any]]] = [
    # Null where null may not be, behind a variable that has a default.
    ('query($id: ID = "x") { profile(id: $id) { id } }', {"id": None}),
    ('query($id: ID = "x") { node(id: $id) { id } }', {"id": None}),
    ('query($s: String = "s") { skills(startingWith: $s) { totalCount } }', {"s": None}),
    ("query($b: Boolean = true) { mentors { totalCount @skip(if: $b) } }", {"b": None}),
    ("query($b: Boolean = true) { mentors { __typename ...F @include(if: $b) } }"
     " fragment F on ProfileConnection { totalCount }", {"b": None}),
    ("query($b: Boolean = true) { mentors { ... @skip(if: $b) { totalCount } __typename } }", {"b": None}),
    ("query($b: Boolean = true) { viewer { id } mentors @skip(if: $b) { totalCount } }", {"b": None}),
    # Defaults, values left out, values that are not declared, null where it may be.
    ('query($s: String = "sql") { mentors(skill: $s) { totalCount } }', {}),
    ('query($s: String = "sql") { mentors(skill: $s) { totalCount } }', {"s": None}),
    ('query($s: String = "sql") { mentors(skill: $s) { totalCount } }', {"s": "c++", "undeclared": [{"x": 1}]}),
    ("query($s: String) { mentors(skill: $s) { totalCount } }", {}),
    ("query($n: Int, $a: String) { mentors(first: $n, after: $a) { totalCount } }", {"n": None, "a": None}),
    ("query($s: MentorshipStatus = ENDED) { mentorships(status: $s) { totalCount } }", {}),
    ("{ mentors(skill: null, first: null, after: null) { totalCount } }", {}),
    # Values of another type.
    ("query($n: Int) { mentors(first: $n) { totalCount } }", {"n": "1"}),
    ("query($n: Int) { mentors(first: $n) { totalCount } }", {"n": True}),
    ("query($n: Int) { mentors(first: $n) { totalCount } }", {"n": 2.0}),
    ("query($s: String) { mentors(skill: $s) { totalCount } }", {"s": 5}),
    ("query($s: MentorshipStatus) { mentorships(status: $s) { totalCount } }", {"s": "SOON"}),
    ("query($id: ID!) { profile(id: $id) { id } }", {"id": 5}),
    ("query($id: ID!) { profile(id: $id) { id } }", {}),
    ("query($id: ID!) { profile(id: $id) { id } }", {"id": "Goal:" + NOWHERE}),
    ("query($id: ID!) { profile(id: $id) { id } }", {"id": "Profile:" + NOWHERE}),
    ("query($id: ID!) { node(id: $id) { id } }", {"id": "\ud800"}),
    ("query($id: ID!) { node(id: $id) { id } }", {"id": "Profile:\x00"}),
    # Cursors, used or not.
    ('{ mentors(after: "x") { totalCount } }', {}),
    ("query($c: String) { mentors(after: $c) { totalCount } }", {"c": "x"}),
    ("query($c: String) { mentors(after: $c) { __typename } }", {"c": "x"}),
    ("query($c: String) { mentors(after: $c) { totalCount } }", {"c": "@cursor:goals:1"}),
    ("query($c: String) { conversations { edges { node { messages(last: 1, before: $c) { totalCount } } } } }",
     {"c": "x"}),
    ("query($c: String) { viewer { sessions(after: $c) { totalCount } } }", {"c": "x"}),
    ("query($c: String) { mentors(after: $c) { edges { node { id } } } }", {"c": f"profiles:{NOWHERE}:\ud800"}),
    ("query($c: String) { mentors(after: $c) { edges { node { id } } } }", {"c": f"profiles:{NOWHERE}:a\x00"}),
    # A moment in another zone is the same moment.
    ("query($c: String) { mentorships { edges { node { goals(after: $c) { edges { node { createdAt } } } } } } }",
     {"c": f"goals:{NOWHERE}:2026-01-02T08:34:05+05:30"}),
    ("query($c: String) { mentorships { edges { node { meetings(after: $c) { edges { node { startsAt } } } } } } }",
     {"c": f"meetings:{NOWHERE}:2026-01-01T19:04:05.1-08:00"}),
    ("query($c: String) { programmes(after: $c) { edges { node { startsOn } } } }",
     {"c": f"programmes:{NOWHERE}:20240229"}),
    # The first and the last day that Python knows, which PostgreSQL's driver keeps as infinities.
    ("{ programmes { pageInfo { startCursor endCursor } edges { cursor node { startsOn endsOn } } } }", {}),
    ("{ mentorships { edges { node { goals { edges { node { dueOn milestones { dueOn } } } } } } } }", {}),
    # Of where a page lies, what needs no row.
    ("{ mentors { pageInfo { __typename } } }", {}),
    ('{ mentors(skill: "none") { pageInfo { hasPreviousPage } } }', {}),
    ("{ mentors { pageInfo { hasNextPage @skip(if: true) } totalCount } }", {}),
    ("{ mentorships { edges { node { goals { pageInfo { __typename hasPreviousPage } } } } } }", {}),
    ("{ conversations { edges { node { messages(last: 2) { pageInfo { hasNextPage } } } } } }", {}),
    ("{ conversations { edges { node { messages(last: 2) { edges { cursor } pageInfo { hasNextPage } } } } } }", {}),
    ("{ conversations { edges { node { messages { one: pageInfo { __typename } pageInfo { endCursor } } } } } }", {}),
    # Both ends at once, and each alone.
    ("query($n: Int) { conversations { edges { node { messages(first: $n, last: $n) { totalCount } } } } }", {"n": 1}),
    ("query($a: String, $b: String) { conversations { edges { node { messages(last: 2, after: $a, before: $b) {"
     " pageInfo { hasNextPage hasPreviousPage } edges { node { number } } } } } } }",
     {"a": "@cursor:messages:1", "b": "@cursor:messages:20"}),
    # Text that is longer than its column.
    ("query($s: String) { mentors(skill: $s) { totalCount } }", {"s": "x" * 181}),
    ('{ mentors(skill: "' + "x" * 181 + '") { totalCount } }', {}),
    ('{ skills(startingWith: "' + "x" * 181 + '") { totalCount } }', {}),
    ("query($c: String) { mentors(after: $c) { edges { node { id } } } }", {"c": f"profiles:{NOWHERE}:" + "x" * 81}),
    ('{ skills(after: "skills:' + NOWHERE + ":" + "x" * 61 + '") { edges { node { id } } } }', {}),
    # Text that is hard to hold.
    ("query($s: String) { mentors(skill: $s) { totalCount } }", {"s": "\x00"}),
    ("query($s: String) { mentors(skill: $s) { totalCount } }", {"s": "\ud800"}),
    ('{ mentors(skill: "\\u0000") { totalCount } skills(startingWith: "\\u0000") { totalCount } }', {}),
    ('{ skills(startingWith: "%") { totalCount } }', {}),
    ('{ skills(startingWith: "k12%_") { edges { node { name } } } }', {}),
    ("query($s: String!) { skills(startingWith: $s) { totalCount } }", {"s": "\ud800"}),
]  # fmt: skip


@pytest.mark.parametrize("viewer", ["the mentee", "large numbers"])
async def test_what_a_request_gives_means_the_same_to_both_paths(loud: None, populated: Community, viewer: str) -> None:
    for query, given in CASES:
        source, variables = populated.fill(query, given)
        planned, plainly = await both(source, variables, populated.viewers[viewer])
        assert planned == plainly, (source, variables)
        assert "INTERNAL" not in str(planned.get("errors")), (source, variables)


async def test_a_number_that_no_int_can_hold_is_an_error_where_it_stands(loud: None, populated: Community) -> None:
    asking = populated.viewers["large numbers"]
    for fields in (
        "lastNumber", "unreadCount", "readNumber", "lastMessage { number }", "messages { edges { node { number } } }",
        "messages(first: 2) { edges { cursor node { number } } }", "messages { pageInfo { startCursor endCursor } }",
    ):  # fmt: skip
        planned, plainly = await both(f"{{ conversations {{ edges {{ node {{ {fields} }} }} }} }}", {}, asking)
        assert planned == plainly, fields
        # What is left unread is one message, and the first two numbers are small enough.
        held = any(part in fields for part in ("first: 2", "pageInfo", "unreadCount"))
        assert len(planned["errors"]) == (0 if held else 1), fields


async def test_a_moment_is_the_same_in_each_zone(loud: None, populated: Community) -> None:
    query = "query($c: String) { mentorships { edges { node { goals(after: $c) { edges { cursor } } } } } }"
    found = []
    for moment in ("2026-01-02T03:04:05+00:00", "2026-01-02T08:34:05+05:30", "2026-01-01T15:04:05-12:00"):
        planned, plainly = await both(query, {"c": f"goals:{NOWHERE}:{moment}"}, populated.viewers["the mentee"])
        assert planned == plainly
        found.append(planned)
    assert found[0] == found[1] == found[2]


async def test_operations_of_one_document_have_plans_of_their_own(loud: None, populated: Community) -> None:
    asking = populated.viewers["the mentee"]
    source = (
        "query A { viewer { id } } query B { viewer { email } } query C($n: Int) { mentors(first: $n) { __typename } }"
    )
    kept = {}
    for name in ("A", "B", "C", "A", "B", "C"):
        answer = orjson.loads(await run(prepare(source, {"n": 1}, name), asking))["data"]
        assert kept.setdefault(name, answer) == answer
    assert list(kept["A"]["viewer"]) == ["id"]
    assert list(kept["B"]["viewer"]) == ["email"]
    assert list(kept["C"]) == ["mentors"]


async def test_plans_of_one_source_are_told_apart_by_what_is_given(loud: None, populated: Community) -> None:
    asking = populated.viewers["the mentor"]
    query = (
        "query($n: Int, $s: String, $b: Boolean = false, $status: MentorshipStatus, $c: String) {"
        " mentors(first: $n, skill: $s, after: $c) { edges { node { name headline @include(if: $b) } } }"
        " mentorships(status: $status, first: $n) { edges { node { status } } } }"
    )
    cursor = populated.names["cursor:mentors"][2]
    for n in (None, 1, 2, ...):
        for s in (None, "sql", "c++", ...):
            for b, status in ((True, "ACTIVE"), (False, "ENDED"), (..., None), (True, ...)):
                for c in (None, cursor):
                    given = {"n": n, "s": s, "b": b, "status": status, "c": c}
                    variables = {name: value for name, value in given.items() if value is not ...}
                    planned, plainly = await both(query, variables, asking)
                    assert planned == plainly, variables
                    assert not planned["errors"]


async def test_the_plans_that_are_kept_are_bounded(
    loud: None, populated: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.plan.planner.PLANS_KEPT", 8)
    planner._plans.clear()
    asking = populated.viewers["the mentor"]
    for size in range(1, 21):
        planned, plainly = await both("query($n: Int) { mentors(first: $n) { totalCount } }", {"n": size}, asking)
        assert planned == plainly
        assert len(planner._plans) <= 8


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_nodes_are_kept_as_long_as_what_is_known_of_them(loud: None, populated: Community) -> None:
    planner._plans.clear()
    asking = populated.viewers["the mentor"]
    for fields in ("id", "id skillsOffered { name }", "availability { start } skillsWanted { id }"):
        await both(f"{{ suggestions(first: 2) {{ edges {{ score node {{ {fields} }} }} }} }}", {}, asking)
    kept = [(key[0], plan) for key, plan in planner._plans.items() if isinstance(key[0], tuple)]
    assert len(kept) > 3
    for identities, plan in kept:
        assert plan is not None
        assert tuple(map(id, plan.nodes)) == identities


def test_what_a_client_makes_up_is_not_kept() -> None:
    """A request may name an operation and variables at any length, as often as it likes."""
    source = "query Once($n: Int) { mentors(first: $n) { totalCount } }"
    prepare(source, {"n": 1}, None)
    kept = _measured.cache_info().currsize
    for made_up in ("a" * 1000, "b" * 1000):
        prepare(source, {"n": 1, made_up: 1}, None)
        with pytest.raises(RequestError):
            prepare(source, {"n": 1}, made_up)
    assert _measured.cache_info().currsize == kept
