"""Who asks, how, and in which media type they are answered."""

import httpx2
import orjson
import pytest

from api.request import JSON_TYPE, RESPONSE_TYPE
from tests.api.graphql.exchange import VIEWER, code, post
from tests.people import PASSWORD, person

SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) {
    __typename ... on SignInPayload { token } ... on Refusal { code } } }"""
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


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


async def test_subscriptions_are_told_where_to_go(client: httpx2.AsyncClient) -> None:
    response = await post(client, '{"query": "subscription { inbox { __typename } }"}')
    assert (response.status_code, code(response)) == (400, "BAD_INPUT")
    assert "WebSocket" in response.json()["errors"][0]["message"]


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
