"""Outages, and failures of ours."""

import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import httpx2
import orjson
import pytest
import structlog

from api.server import log_to_stderr
from models import password
from models.database.sqlite import Client
from models.session import Session
from tests.api.graphql.exchange import code, post
from tests.people import person

SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) {
    __typename ... on SignInPayload { token } ... on Refusal { code } } }"""


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


async def test_a_failure_before_the_operation_is_masked_too(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, server_log: StringIO
) -> None:
    monkeypatch.setattr(Session, "of_token", Away(RuntimeError("canary")))
    response = await post(client, '{"query": "{ viewer { id } }"}', authorization="Bearer something")
    assert (response.status_code, code(response)) == (500, "INTERNAL")
    assert "canary" not in response.text
    assert response.json()["errors"][0]["extensions"]["reference"] in server_log.getvalue()
