"""What the server tells Prometheus, and whom it tells."""

from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.app import application
from api.settings import Settings
from models.session import Session
from tests.people import person

TOKEN = "a token for the monitoring"


@pytest.fixture
async def client(
    sqlite_template: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application whose metrics have this token."""
    copy(sqlite_template, tmp_path / "test.sqlite3")
    token = getattr(request, "param", TOKEN)
    url = f"sqlite://{tmp_path / 'test.sqlite3'}"
    app = application(Settings(database_url=url, sweep_seconds=3600, metrics_token=token))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://testserver") as found,
    ):
        yield found


async def measured(client: httpx2.AsyncClient) -> dict[tuple[str, str], float]:
    """Each sample by its name and its status or way."""
    response = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, sample.labels.get("status") or sample.labels.get("way") or ""): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_status_and_queries_by_the_way_they_were_answered(
    client: httpx2.AsyncClient,
) -> None:
    token = (await Session.open(await person()))[1]
    before = await measured(client)
    for query in ("{ mentors { totalCount } }", "{ suggestions { edges { score } } }", "{ nothing }", None):
        await client.post("/graphql", json={"query": query}, headers={"authorization": f"Bearer {token}"})
    after = await measured(client)
    grown = {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}
    # A query that is not valid is an answer all the same, for clients of the older media type.
    assert grown["alongside_request_seconds_count", "200"] == 3
    assert grown["alongside_request_seconds_count", "400"] == 1
    assert grown["alongside_queries_total", "planned"] == 1
    assert grown["alongside_queries_total", "executed"] == 1
    assert 0 < grown["alongside_request_seconds_sum", "200"] < 60
    assert after["alongside_sockets", ""] == 0
    assert after["process_resident_memory_bytes", ""] > 1e6


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", "Bearer \xe9"])
async def test_nobody_without_the_token_is_told_anything(client: httpx2.AsyncClient, given: str) -> None:
    response = await client.get("/metrics", headers={"authorization": given.encode("latin-1")})
    assert (response.status_code, response.text) == (404, "Not Found")


@pytest.mark.parametrize("client", [""], indirect=True)
@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer x"])
async def test_without_a_token_in_the_settings_nobody_is_told(client: httpx2.AsyncClient, given: str) -> None:
    assert (await client.get("/metrics", headers={"authorization": given})).status_code == 404
