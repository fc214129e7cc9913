"""Pages of other origins."""

from pathlib import Path

import httpx2
import pytest

from api.app import application
from api.settings import Settings
from tests.api.graphql.exchange import APP, VIEWER, post


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
        # A sign-in is a header, never a cookie.
        assert "access-control-allow-credentials" not in answer.headers


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


@pytest.mark.parametrize("origin", [None, APP, "https://evil.example"])
async def test_every_answer_tells_caches_that_it_depends_on_the_origin(
    client: httpx2.AsyncClient, origin: str | None
) -> None:
    headers = {"origin": origin} if origin else {}
    answers = [
        await post(client, VIEWER, **headers),
        await post(client, VIEWER, accept="text/html", **headers),
        await client.post("/graphql", content=VIEWER, headers=headers),
        await client.get("/graphql", headers=headers),
        await client.get("/graphql", headers={"accept": "text/html", **headers}),
        await client.options("/graphql", headers=headers),
        await client.options("/graphql", headers=preflight(origin or APP)),
    ]
    for answer in answers:
        assert "Origin" in answer.headers["vary"]
        assert answer.headers.get("access-control-allow-origin", APP) == APP


async def test_an_origin_is_the_same_with_a_slash_or_in_capitals_in_the_settings() -> None:
    found = application(Settings(allowed_origins=("https://App.example.org/",)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=found), base_url="http://testserver") as client:
        answers = [await client.options("/graphql", headers=preflight(APP)), await post(client, "null", origin=APP)]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == APP


async def test_every_origin_may_ask_where_the_settings_say_so() -> None:
    found = application(Settings(allowed_origins=("*",)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=found), base_url="http://testserver") as client:
        answers = [await client.options("/graphql", headers=preflight(APP)), await post(client, "null", origin=APP)]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
