"""How a subscription begins, fails and ends."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from realtime import feed
from schema.context import Context
from schema.execution import Operation, RequestError, Unavailable, prepare, stream
from tests.people import person
from tests.schema.asking import answers, code, signed_in
from tests.schema.execution.documents import INBOX, SIGNALS


@pytest.mark.parametrize(
    ("document", "given", "found"),
    [
        (INBOX, {}, {"code": "UNAUTHENTICATED"}),
        (SIGNALS, {"ticket": "x"}, {"code": "UNAUTHENTICATED"}),
    ],
)
async def test_a_stranger_can_subscribe_to_nothing(
    database: str, document: str, given: dict[str, Any], found: dict[str, str]
) -> None:
    (answer,) = [answer async for answer in answers(document, **given)]
    assert answer["errors"][0]["extensions"] == found
    assert not answer.get("data")


@pytest.mark.parametrize(
    ("document", "given", "refusal", "field"),
    [
        (INBOX, {"after": "nonsense"}, "INVALID", "after"),
        (INBOX, {"after": ""}, "INVALID", "after"),
        (INBOX, {"after": "\ud800"}, "INVALID", "after"),
        (INBOX, {"after": "YWJjLi0x"}, "INVALID", "after"),
        (INBOX, {"after": "YWJjLjk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"}, "INVALID", "after"),
        (SIGNALS, {"ticket": ""}, "NOT_FOUND", "ticket"),
        (SIGNALS, {"ticket": "x\x00"}, "NOT_FOUND", "ticket"),
        (SIGNALS, {"ticket": "\ud800"}, "NOT_FOUND", "ticket"),
    ],
)
async def test_a_subscription_that_is_refused_says_why_and_ends(
    database: str, document: str, given: dict[str, Any], refusal: str, field: str
) -> None:
    session = await signed_in(await person())
    (answer,) = [answer async for answer in answers(document, session, **given)]
    assert answer["errors"][0]["extensions"] == {"code": "BAD_INPUT", "refusal": refusal, "field": field}


async def test_a_subscription_with_a_variable_of_a_wrong_type_cannot_begin(database: str) -> None:
    operation: Operation = prepare(INBOX, {"after": 5}, None)
    with pytest.raises(RequestError) as refused:
        await anext(stream(operation, Context()))
    assert refused.value.errors[0]["extensions"] == {"code": "BAD_INPUT"}


def inbox_of(monkeypatch: pytest.MonkeyPatch, *items: feed.Resync | Exception) -> asyncio.Event:
    """Let the inbox yield these, and raise what is an exception; the event tells when it was closed."""
    closed = asyncio.Event()

    async def inbox(*_: Any, **__: Any) -> AsyncIterator[feed.Resync]:
        try:
            for item in items:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            closed.set()

    monkeypatch.setattr(feed, "inbox", inbox)
    return closed


async def test_a_source_that_fails_mid_way_says_so_once_and_ends(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(await person())
    cause = RuntimeError("canary")
    inbox_of(monkeypatch, feed.Resync("one"), cause, feed.Resync("never"))
    with capture_logs() as logged:
        first, last = [answer async for answer in answers(INBOX, session)]
    assert first == {"data": {"inbox": {"__typename": "ResyncRequired", "cursor": "one"}}}
    assert code(last) == "INTERNAL"
    assert "canary" not in str(last)
    (entry,) = logged
    assert entry["exc_info"] is cause
    assert entry["reference"] == last["errors"][0]["extensions"]["reference"]


@pytest.mark.parametrize("when", ["the source", "an event"])
async def test_an_outage_in_mid_way_makes_the_subscription_unavailable(
    database: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    session = await signed_in(await person())
    cause = ConnectionResetError()

    async def away() -> str:
        raise cause

    # A field that is read while its event is answered.
    unread: Any = away() if when == "an event" else None
    inbox_of(monkeypatch, feed.Resync("one"), cause if unread is None else feed.Resync(unread))
    results = answers(INBOX, session)
    assert (await anext(results))["data"]["inbox"]["cursor"] == "one"
    with pytest.raises(Unavailable):
        await anext(results)


async def test_an_event_that_cannot_be_shown_does_not_end_the_subscription(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(await person())
    nothing: Any = None
    inbox_of(monkeypatch, feed.Resync(nothing), feed.Resync("two"))
    with capture_logs():
        broken, whole = [answer async for answer in answers(INBOX, session)]
    assert code(broken) == "INTERNAL"
    assert whole["data"]["inbox"]["cursor"] == "two"


async def test_leaving_a_subscription_closes_its_source(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await signed_in(await person())
    closed = inbox_of(monkeypatch, feed.Resync("one"), feed.Resync("two"))
    results = stream(prepare(INBOX, None, None), Context(session=session))
    assert inspect.isasyncgen(results)
    await anext(results)
    assert not closed.is_set()
    await results.aclose()
    async with asyncio.timeout(5):
        await closed.wait()
