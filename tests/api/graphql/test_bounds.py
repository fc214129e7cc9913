"""How large a body may be, and how long it may take."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest

import api.request
from api.app import Application
from api.request import BODY_SECONDS, JSON_TYPE, LARGEST_BODY
from tests.api.graphql.exchange import VIEWER, code, exchange, post


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


async def test_a_body_that_does_not_come_is_408(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BODY_SECONDS == 30
    monkeypatch.setattr(api.request, "BODY_SECONDS", 0.0)

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


def pieces(*bodies: bytes, then: dict[str, Any] | None = None) -> Any:
    """What receives these pieces of a body, each after a wait; and then this, or nothing any more."""
    left = list(bodies)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.001)
        if left:
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or then is None}
        return then or await asyncio.Event().wait()  # type: ignore[return-value]

    return receive


@pytest.mark.parametrize("at", [0, 1, 10, len(VIEWER)])
async def test_a_body_may_come_late_and_in_pieces(app: Application, at: int) -> None:
    body = VIEWER.encode()
    status, answer = await exchange(app, pieces(body[:at], body[at:], then={"type": "http.disconnect"}))
    assert (status, orjson.loads(answer)) == (200, {"data": {"viewer": None}})


async def test_a_body_that_stops_half_way_is_408(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.request, "BODY_SECONDS", 0.1)
    assert (await exchange(app, pieces(b'{"query": ')))[0] == 408


async def test_a_client_that_goes_away_half_way_is_no_failure_of_ours(app: Application) -> None:
    async def receive() -> dict[str, Any]:
        return gone.pop(0)

    gone: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert (await exchange(app, receive))[0] == 499


async def test_a_request_that_is_cancelled_while_its_body_comes_ends_at_once(app: Application) -> None:
    waiting, ended = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("unreachable")

    task = asyncio.create_task(exchange(app, receive))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
