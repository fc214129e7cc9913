"""What is asked for, and whether it can begin."""

from typing import Any

import orjson
import pytest

from schema import execution
from schema.context import Context
from schema.execution import RequestError, prepare, run
from schema.limits import DEFAULT_LIMITS
from tests.people import pair, person
from tests.schema.asking import ask, code, signed_in
from tests.schema.execution.documents import MENTORS, SIGN_IN


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "{ viewer { id }",
        "{ nothing }",
        "{ viewer { passwordHash } }",
        "{ viewer }",
        '{ mentors(first: "1") { edges { cursor } } }',
        "{ mentors(first: " + "9" * 5000 + ") { edges { cursor } } }",
        "query($first: Text) { mentors(first: $first) { edges { cursor } } }",
        "{ ...F } fragment F on Query { ...F }",
        "fragment F on Query { viewer { id } }",
        "query A { viewer { id } } query B { viewer { id } }",
        "subscription { inbox { __typename } again: inbox { __typename } }",
        "{ viewer { id } } \x00",
    ],
)
async def test_a_malformed_or_invalid_document_does_not_run(document: str) -> None:
    with pytest.raises(RequestError) as refused:
        prepare(document, None, None)
    assert refused.value.errors
    for error in refused.value.errors:
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert error["message"]


async def test_an_unknown_field_gets_no_suggestion(database: str) -> None:
    answer = await ask("{ viewer { emal } }")
    assert code(answer) == "BAD_INPUT"
    assert "email" not in str(answer)


@pytest.mark.parametrize("name", ["B", "", "a", "\ud800"])
def test_an_operation_that_the_document_does_not_hold_cannot_run(name: str) -> None:
    with pytest.raises(RequestError) as refused:
        prepare("query A { viewer { id } }", None, name)
    assert refused.value.errors[0]["extensions"] == {"code": "BAD_INPUT"}


async def test_the_operation_that_is_named_runs() -> None:
    document = "query A { viewer { id } } query B { b: viewer { id } }"
    assert orjson.loads(await run(prepare(document, None, "B"), Context())) == {"data": {"b": None}}


@pytest.mark.parametrize(
    "given",
    [
        {"first": "ten"},
        {"first": 1.5},
        {"first": 2**31},
        {"first": 1e300},
        {"first": True},
        {"first": [1]},
        {"skill": {}},
    ],
)
async def test_variables_of_a_wrong_type_are_bad_input(database: str, given: dict[str, Any]) -> None:
    answer = await ask(MENTORS, await signed_in(await person()), **given)
    assert code(answer) == "BAD_INPUT"


@pytest.mark.parametrize("given", [{}, {"input": None}, {"input": {}}, {"input": {"email": "a", "password": 1}}])
async def test_a_request_that_cannot_begin_has_no_data(database: str, given: dict[str, Any]) -> None:
    # https://spec.graphql.org/draft/#sec-Data: "If an error was raised before execution begins, the response
    # must be a request error result which will result in no response data."
    answer = await ask(SIGN_IN, **given)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_INPUT"}
    assert "data" not in answer


@pytest.mark.parametrize(
    ("document", "limit"),
    [
        ("{ viewer " * 11 + "{ id" + "}" * 12, "depth"),
        ("{ " + " ".join(f"a{n}: viewer {{ id }}" for n in range(31)) + " }", "aliases"),
        ("{ " + "viewer { id } " * 600 + "}", "tokens"),
        ("# " + "x" * 20_000 + "\n{ viewer { id } }", "source_bytes"),
        ("mutation { a: signOut(input: {}) { __typename } b: signOut(input: {}) { __typename } }", "root_mutations"),
    ],
)
def test_a_document_that_asks_for_too_much_says_which_limit_it_passes(document: str, limit: str) -> None:
    with pytest.raises(RequestError) as refused:
        prepare(document, None, None)
    (error,) = refused.value.errors
    assert error["extensions"]["code"] == "TOO_COMPLEX"
    assert error["extensions"]["limit"] == limit


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    "path",
    [
        "mentorships edges node conversation messages edges node author skillsOffered name",
        "mentorshipRequests edges node mentorship conversation lastMessage author skillsOffered name",
        "mentorshipRequests edges node mentorship goals edges node milestones title",
        "conversations edges node messages edges node author skillsOffered name",
    ],
)
async def test_the_deepest_document_that_is_allowed_is_answered(database: str, path: str) -> None:
    made = await pair()
    await made.conversation.send("Hello", by=made.mentor, client_id="1")
    fields = path.split()
    assert len(fields) <= DEFAULT_LIMITS.depth
    document = " { ".join(["", *fields]).replace(" { edges", "(first: 1) { edges") + " }" * len(fields)
    answer = await ask(document, await signed_in(made.mentor))
    assert "errors" not in answer
    assert answer["data"][fields[0]]["edges"]


def test_variables_that_a_document_does_not_declare_are_not_kept() -> None:
    execution._measured.cache_clear()
    for number in range(50):
        given = {f"v{number}": number, "up": 1}
        prepare("query Made($up: Int) { mentors(first: $up) { totalCount } }", given, None)
    assert execution._measured.cache_info().currsize == 1


def test_a_size_that_only_another_operation_of_the_document_declares_is_measured_too() -> None:
    source = """query A { __typename }
        query B($n: Int!) { mentors(first: $n) { edges { node { skillsOffered { name } } } } }"""
    prepare(source, {"n": 500}, "A")
    with pytest.raises(RequestError, match="between 1 and 100"):
        prepare(source, {"n": 500}, "B")
