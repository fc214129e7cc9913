import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path
from shutil import copy
from typing import Any

import httpx2
import orjson
import pytest
import structlog

import api.graphql
from api.app import Application, application
from api.graphql import BODY_SECONDS, JSON_TYPE, LARGEST_BODY, RESPONSE_TYPE
from api.server import log_to_stderr
from api.settings import Settings
from models import password, throttle
from models.database.sqlite import Client
from models.session import Session
from tests.people import PASSWORD, person

APP = "https://app.example.org"
VIEWER = '{"query": "{ viewer { email } }"}'
NODE = '{"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": %s}}'
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) {
    __typename ... on SignInPayload { token } ... on Refusal { code } } }"""
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(autouse=True)
def nobody_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "sign_in", throttle.Throttle())


@pytest.fixture
async def app(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Application]:
    """The application, started on a SQLite file of its own."""
    path = tmp_path / "test.sqlite3"
    copy(sqlite_template, path)
    settings = Settings(
        database_url=f"sqlite://{path}",
        allowed_origins=(APP,),
        sweep_seconds=3600,
        stun_urls=(),
        turn_urls=(),
    )
    found = application(settings)
    async with found.router.lifespan_context(found):
        yield found


@pytest.fixture
async def client(app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that gets 500 for what the application raises, as over the network."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as found:
        yield found


async def post(client: httpx2.AsyncClient, body: str | bytes, **headers: str) -> httpx2.Response:
    """The answer to a body; headers are given with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", content=body, headers={"content-type": JSON_TYPE} | named)


def code(response: httpx2.Response) -> str:
    """The code of the one error of an answer."""
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


async def test_a_query_is_answered_with_200_and_its_data(client: httpx2.AsyncClient) -> None:
    response = await post(client, VIEWER)
    assert response.status_code == 200
    assert response.json() == {"data": {"viewer": None}}
    assert response.headers["content-type"] == f"{JSON_TYPE}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


async def test_a_token_signs_in_and_a_sign_out_ends_it(client: httpx2.AsyncClient) -> None:
    account = await person()
    given = {"query": SIGN_IN, "variables": {"input": {"email": account.email, "password": PASSWORD}}}
    token = (await post(client, orjson.dumps(given))).json()["data"]["signIn"]["token"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        response = await post(client, VIEWER, authorization=f"{scheme} {token}")
        assert response.json() == {"data": {"viewer": {"email": account.email}}}
    out = '{"query": "mutation { signOut(input: {}) { __typename } }"}'
    assert (await post(client, out, authorization=f"Bearer {token}")).status_code == 200
    response = await post(client, VIEWER, authorization=f"Bearer {token}")
    assert response.json() == {"data": {"viewer": None}}


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "bearer  ", "Bearer nonsense", "Bearer \x7f", "Basic YTpi", "nonsense", "Bearer \xe9"],
)
async def test_a_token_that_is_worth_nothing_makes_a_stranger(client: httpx2.AsyncClient, value: str) -> None:
    headers = httpx2.Headers({"content-type": JSON_TYPE, "authorization": value}, encoding="latin-1")
    response = await client.post("/graphql", content=VIEWER, headers=headers)
    assert (response.status_code, response.json()) == (200, {"data": {"viewer": None}})
    response = await client.post("/graphql", content='{"query": "{ mentors { totalCount } }"}', headers=headers)
    assert code(response) == "UNAUTHENTICATED"


async def test_nobody_signed_in_is_an_error_in_the_answer_and_not_of_http(client: httpx2.AsyncClient) -> None:
    response = await post(client, '{"query": "{ mentors { totalCount } }"}')
    assert (response.status_code, code(response)) == (200, "UNAUTHENTICATED")


# --- media types ---


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (JSON_TYPE, JSON_TYPE),
        (RESPONSE_TYPE, RESPONSE_TYPE),
        ("*/*", JSON_TYPE),
        ("application/*", JSON_TYPE),
        ("", JSON_TYPE),
        (f"{RESPONSE_TYPE}, {JSON_TYPE};q=0.9", RESPONSE_TYPE),
        (f"{JSON_TYPE}, {RESPONSE_TYPE}", RESPONSE_TYPE),
        ("text/html, */*;q=0.1", JSON_TYPE),
        (f"{RESPONSE_TYPE.upper()}; charset=utf-8", RESPONSE_TYPE),
    ],
)
async def test_the_answer_has_the_media_type_that_is_accepted(
    client: httpx2.AsyncClient, accept: str, media: str
) -> None:
    response = await post(client, VIEWER, accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/plain", "application/xml"])
async def test_who_accepts_no_json_gets_406(client: httpx2.AsyncClient, accept: str) -> None:
    response = await post(client, VIEWER, accept=accept)
    assert (response.status_code, code(response)) == (406, "BAD_INPUT")


# GraphQL over HTTP, section 6.4: with the new media type a request that could not run is 400; with the old one the
# server answers 200, as it has understood the request.
@pytest.mark.parametrize(
    "body",
    [
        '{"query": "{"}',
        '{"query": ""}',
        '{"query": "{ nothing }"}',
        '{"query": "{ viewer { id } }", "operationName": "Other"}',
        '{"query": "query($id: ID!) { node(id: $id) { id } }"}',
        '{"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": {}}}',
        '{"query": "query($first: Int) { mentors(first: $first) { totalCount } }", "variables": {"first": "1"}}',
        '{"query": "mutation { a: signOut(input: {}) { __typename } b: signOut(input: {}) { __typename } }"}',
    ],
)
async def test_what_cannot_run_is_400_with_the_new_media_type_and_has_no_data(
    client: httpx2.AsyncClient, body: str
) -> None:
    new, old = await post(client, body, accept=RESPONSE_TYPE), await post(client, body, accept=JSON_TYPE)
    assert old.status_code == 200
    assert new.json() == old.json()
    assert new.json().keys() == {"errors"}
    assert new.status_code == 400


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json+x",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "text/plain; application/json",
        "application/json, text/plain",
        "text/plain, application/json",
    ],
)
async def test_anything_but_json_is_415(client: httpx2.AsyncClient, kind: str) -> None:
    # A page of another origin may send the others without asking (https://fetch.spec.whatwg.org/#simple-header).
    response = await post(client, VIEWER, content_type=kind)
    assert (response.status_code, code(response)) == (415, "BAD_INPUT")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", 'application/json;charset="UTF-8"'])
async def test_json_in_utf_8_is_taken_however_it_is_spelt(client: httpx2.AsyncClient, kind: str) -> None:
    assert (await post(client, VIEWER, content_type=kind)).status_code == 200


# --- malformed input ---

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


async def test_subscriptions_are_told_where_to_go(client: httpx2.AsyncClient) -> None:
    response = await post(client, '{"query": "subscription { inbox { __typename } }"}')
    assert (response.status_code, code(response)) == (400, "BAD_INPUT")
    assert "WebSocket" in response.json()["errors"][0]["message"]


# --- size and time ---


async def test_a_body_may_have_256_kb_and_not_one_byte_more(client: httpx2.AsyncClient) -> None:
    assert (await post(client, VIEWER.ljust(LARGEST_BODY))).status_code == 200
    response = await post(client, VIEWER.ljust(LARGEST_BODY + 1))
    assert (response.status_code, code(response)) == (413, "BAD_INPUT")


async def test_a_body_that_comes_in_pieces_is_measured_as_it_comes(client: httpx2.AsyncClient) -> None:
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b" " * 64 * 1024

    response = await client.post("/graphql", content=pieces(), headers={"content-type": JSON_TYPE})
    assert response.status_code == 413
    assert taken <= 6


@pytest.mark.parametrize("length", [str(LARGEST_BODY + 1), "9" * 5_000])
async def test_a_body_that_is_announced_as_too_large_is_not_read(app: Application, length: str) -> None:
    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    status, _ = await exchange(app, receive, ("content-length", length))
    assert status == 413


async def exchange(app: Any, receive: Any, *headers: tuple[str, str]) -> tuple[int, bytes]:
    """The status and the body of the answer to a POST whose body is what `receive` says."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    named = [("content-type", JSON_TYPE), *headers]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named],
        "client": ("192.0.2.1", 1234),
        "server": ("testserver", 80),
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_a_body_that_does_not_come_is_408(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BODY_SECONDS == 30
    monkeypatch.setattr(api.graphql, "BODY_SECONDS", 0.0)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    status, body = await exchange(app, receive)
    assert status == 408
    assert orjson.loads(body)["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_a_client_that_goes_away_is_no_failure_of_ours(app: Application) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert (await exchange(app, receive))[0] == 499


# --- methods ---


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_another_method_than_post_is_405(client: httpx2.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", params={"query": "{ viewer { id } }"})
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]
    assert b"viewer" not in response.content


async def test_get_shows_the_ide_to_a_browser_and_runs_nothing(client: httpx2.AsyncClient) -> None:
    query = "mutation { signOut(input: {}) { __typename } }"
    page = await client.get("/graphql", params={"query": query}, headers={"accept": BROWSER})
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Alongside" in page.text
    for accept in (JSON_TYPE, "*/*"):
        assert (await client.get("/graphql", headers={"accept": accept})).status_code == 405


# --- outages and failures ---


class Away:
    """Stands for a part whose database is away."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise self.error


def known(session: Session | None) -> Any:
    """What finds this sign-in without a database."""

    async def of_token(_: str) -> Session | None:
        return session

    return of_token


@pytest.mark.parametrize("where", ["of the sign-in", "of the answer"])
async def test_an_outage_is_503_and_says_to_try_again(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    token = (await Session.open(await person()))[1]
    away = Away(ConnectionRefusedError(111, "canary"))
    if where == "of the sign-in":
        monkeypatch.setattr(Session, "of_token", away)
    else:
        # The sign-in is still found.
        monkeypatch.setattr(Session, "of_token", known(await Session.of_token(token)))
        for name in ("execute_query", "read_rows"):
            monkeypatch.setattr(Client, name, away)
    body = '{"query": "{ mentors { totalCount } }"}'
    response = await post(client, body, authorization=f"Bearer {token}")
    assert (response.status_code, code(response)) == (503, "INTERNAL")
    assert response.headers["retry-after"] == "1"
    assert "canary" not in response.text
    monkeypatch.undo()
    assert (await post(client, body, authorization=f"Bearer {token}")).status_code == 200


async def test_health_is_503_while_the_database_is_away(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/healthz")).status_code == 200
    monkeypatch.setattr("api.app.get_connection", Away(ConnectionRefusedError()))
    assert (await client.get("/healthz")).status_code == 503


@pytest.fixture
def server_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """The log as a server writes it."""
    written, before = StringIO(), structlog.get_config()
    monkeypatch.setattr(sys, "stderr", written)
    log_to_stderr()
    yield written
    structlog.configure(**before)


async def test_the_log_of_a_failure_holds_no_password_and_no_token(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, server_log: StringIO
) -> None:
    account = await person()
    token = (await Session.open(account))[1]
    monkeypatch.setattr(password, "matches", Away(RuntimeError("broken")))
    given = {"query": SIGN_IN, "variables": {"input": {"email": account.email, "password": "canary-password"}}}
    response = await post(client, orjson.dumps(given), authorization=f"Bearer {token}")
    reference = response.json()["errors"][0]["extensions"]["reference"]
    logged = server_log.getvalue()
    assert reference in logged
    assert "RuntimeError" in logged
    for secret in ("canary-password", token, account.password_hash):
        assert secret not in logged


# --- other origins ---


def preflight(origin: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }


async def test_an_allowed_origin_may_ask_and_read(client: httpx2.AsyncClient) -> None:
    asked = await client.options("/graphql", headers=preflight(APP))
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == APP
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    for body in (VIEWER, "null"):
        answer = await post(client, body, origin=APP)
        assert answer.headers["access-control-allow-origin"] == APP
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{APP}.evil.example", f"{APP}:444", "http://app.example.org", f"{APP}/", "*"],
)
async def test_another_origin_may_not(client: httpx2.AsyncClient, origin: str) -> None:
    asked = await client.options("/graphql", headers=preflight(origin))
    assert asked.status_code == 400
    answer = await post(client, VIEWER, origin=origin)
    for response in (asked, answer):
        assert "access-control-allow-origin" not in response.headers
        assert "access-control-allow-credentials" not in response.headers


async def test_without_settings_no_origin_is_allowed(sqlite_template: Path, tmp_path: Path) -> None:
    found = application(Settings(database_url=f"sqlite://{sqlite_template}", allowed_origins=()))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=found), base_url="http://testserver") as client:
        asked = await client.options("/graphql", headers=preflight(APP))
    assert "access-control-allow-origin" not in asked.headers
