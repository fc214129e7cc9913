"""Malformed bodies and strange values: never a failure of ours."""

import httpx2
import pytest

from api.request import RESPONSE_TYPE
from models.session import Session
from tests.api.graphql.exchange import VIEWER, code, post
from tests.people import person

NODE = '{"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": %s}}'
DEEP = 100_000
DIGITS = "9" * 5_000
MALFORMED: dict[str, str | bytes] = {
    "nothing": b"",
    "a number": "5",
    "a string": '"query"',
    "null": "null",
    "true": "true",
    "an array": "[]",
    "a batch": f"[{VIEWER}, {VIEWER}]",
    "no query": "{}",
    "query null": '{"query": null}',
    "query number": '{"query": 5}',
    "query array": '{"query": ["{ viewer { id } }"]}',
    "variables array": '{"query": "{ viewer { id } }", "variables": []}',
    "variables string": '{"query": "{ viewer { id } }", "variables": "{}"}',
    "variables number": '{"query": "{ viewer { id } }", "variables": 1}',
    "operation name number": '{"query": "{ viewer { id } }", "operationName": 1}',
    "extensions array": '{"query": "{ viewer { id } }", "extensions": []}',
    "half": '{"query": "{ viewer',
    "two": VIEWER + VIEWER,
    "bad UTF-8": b'{"query": "\xff"}',
    "overlong UTF-8": b'{"query": "\xc0\xaf"}',
    "UTF-16": VIEWER.encode("utf-16"),
    "byte order mark": VIEWER.encode("utf-8-sig"),
    "surrogate": '{"query": "\\ud800"}',
    "NaN": '{"query": "{ viewer { id } }", "variables": {"id": NaN}}',
    "infinity": '{"query": "{ viewer { id } }", "variables": {"id": 1e999}}',
    "deep arrays": "[" * DEEP + "]" * DEEP,
    "deep objects": '{"a":' * 40_000,
    "deep variables": '{"query": "{ viewer { id } }", "variables": {"id": ' + "[" * DEEP + "]" * DEEP + "}}",
    "digits": DIGITS,
    "digits of a variable": NODE % DIGITS,
    "negative digits": NODE % f"-{DIGITS}",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_body_is_400(client: httpx2.AsyncClient, name: str) -> None:
    response = await post(client, MALFORMED[name])
    assert (response.status_code, code(response)) == (400, "BAD_INPUT")
    assert response.json()["errors"][0]["message"]


FIRST = "query($first: Int) { mentors(first: $first) { totalCount } }"
TEXT = "query($text: String!) { skills(startingWith: $text) { totalCount } }"
ID = "query($id: ID!) { node(id: $id) { id } }"

# Well-formed JSON whose values are strange; the answer says so, and nobody is signed in besides.
STRANGE: dict[str, tuple[str, dict[str, str]]] = {
    "int of 19 digits": (FIRST, {"first": "9" * 19}),
    "int of 64 bits": (FIRST, {"first": str(2**64 - 1)}),
    "int of 300 digits": (FIRST, {"first": "9" * 300}),
    "negative int": (FIRST, {"first": "-" + "9" * 19}),
    "huge float": (FIRST, {"first": "1e308"}),
    "tiny float": (FIRST, {"first": "1e-308"}),
    "whole float": (FIRST, {"first": "1e1"}),
    "boolean": (FIRST, {"first": "true"}),
    "id of 300 digits": (ID, {"id": "9" * 300}),
    "id float": (ID, {"id": "1.5"}),
    "id array": (ID, {"id": "[[[[]]]]"}),
    "id of 1,000 brackets": (ID, {"id": "[" * 1_000 + "]" * 1_000}),
    "text of 300 digits": (TEXT, {"text": "9" * 300}),
    "text with NUL": (TEXT, {"text": '"\\u0000"'}),
    "text of 200 KB": (TEXT, {"text": '"' + "x" * 200_000 + '"'}),
    "text object": (TEXT, {"text": "{}"}),
    "unknown variable": (ID, {"id": '"x"', "other": "1"}),
    "int literal of 5,000 digits": (f"{{ mentors(first: {DIGITS}) {{ totalCount }} }}", {}),
    "negative int literal of 5,000 digits": (f"{{ mentors(first: -{DIGITS}) {{ totalCount }} }}", {}),
    "id literal of 5,000 digits": (f"{{ node(id: {DIGITS}) {{ id }} }}", {}),
    "text literal of 5,000 digits": (f"{{ skills(startingWith: {DIGITS}) {{ totalCount }} }}", {}),
    "float literal of 5,000 digits": (f"{{ mentors(first: 1e{DIGITS}) {{ totalCount }} }}", {}),
    "default of 5,000 digits": (f"query($n: Int = {DIGITS}) {{ mentors(first: $n) {{ totalCount }} }}", {}),
    "id default of 5,000 digits": (f"query($n: ID! = {DIGITS}) {{ node(id: $n) {{ id }} }}", {}),
    "input literal of 5,000 digits": (f"mutation {{ markRead(input: {{ number: {DIGITS} }}) {{ __typename }} }}", {}),
    "deep selection": ("{ viewer " * 1_500, {}),
    "deep list literal": ("{ node(id: " + "[" * 1_400 + ") { id } }", {}),
    "deep list type": ("query($n: " + "[" * 1_400 + ") { viewer { id } }", {}),
    "surrogate escape": ('{ skills(startingWith: "\\\\ud800") { totalCount } }', {}),
    "braced surrogate escape": ('{ skills(startingWith: "\\\\u{D800}") { totalCount } }', {}),
    "variables deep": (ID, {"id": '{"a":' * 900 + "1" + "}" * 900}),
}


@pytest.mark.parametrize("name", STRANGE)
async def test_a_strange_value_never_answers_5xx(client: httpx2.AsyncClient, name: str) -> None:
    query, variables = STRANGE[name]
    pairs = ", ".join(f'"{key}": {value}' for key, value in variables.items())
    query = query.replace('"', '\\"')
    response = await post(client, f'{{"query": "{query}", "variables": {{{pairs}}}}}', accept=RESPONSE_TYPE)
    assert response.status_code in (200, 400), response.text
    codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
    assert codes <= {"BAD_INPUT", "UNAUTHENTICATED", "TOO_COMPLEX"}


@pytest.mark.parametrize("name", STRANGE)
async def test_a_strange_value_is_no_failure_of_ours_for_somebody_signed_in(
    client: httpx2.AsyncClient, name: str
) -> None:
    token = (await Session.open(await person()))[1]
    query, variables = STRANGE[name]
    pairs = ", ".join(f'"{key}": {value}' for key, value in variables.items())
    query = query.replace('"', '\\"')
    body = f'{{"query": "{query}", "variables": {{{pairs}}}}}'
    response = await post(client, body, accept=RESPONSE_TYPE, authorization=f"Bearer {token}")
    assert response.status_code in (200, 400), response.text
    codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
    assert codes <= {"BAD_INPUT", "TOO_COMPLEX"}
