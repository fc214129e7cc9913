"""Bells ring for what is stored, and only then."""

import asyncio
from collections.abc import Iterable, Iterator
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from models import bell
from models.account import Account
from models.database import transaction
from models.refusal import RefusalCode, Refused


class Listener:
    """Hears topics, and how many accounts were stored when it heard them."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def hear(self, topics: Iterable[str]) -> None:
        self.heard.extend(topics)


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    bell.hang(found.hear)
    yield found
    bell.take_down(found.hear)


async def stored(email: str) -> None:
    await Account.create(email=email, password_hash="x")


def test_outside_a_unit_a_bell_rings_at_once(listener: Listener) -> None:
    bell.ring("a", "b")
    assert listener.heard == ["a", "b"]


async def test_within_a_unit_it_rings_after_the_commit(database: str, listener: Listener) -> None:
    heard_within: list[list[str]] = []

    @transaction
    async def unit() -> None:
        bell.ring("first")
        await stored("ana@example.org")
        bell.ring("second")
        heard_within.append(list(listener.heard))

    await unit()
    assert heard_within == [[]]
    assert listener.heard == ["first", "second"]


async def test_who_hears_the_bell_finds_what_was_stored(database: str) -> None:
    looks: list[asyncio.Task[bool]] = []

    def look(topics: Iterable[str]) -> None:
        looks.append(asyncio.ensure_future(Account.exists(email="ana@example.org")))

    @transaction
    async def unit() -> None:
        bell.ring("topic")
        await stored("ana@example.org")

    bell.hang(look)
    try:
        await unit()
    finally:
        bell.take_down(look)
    assert await asyncio.gather(*looks) == [True]


async def test_a_unit_that_fails_rings_nothing(database: str, listener: Listener) -> None:
    @transaction
    async def unit() -> None:
        bell.ring("topic")
        await stored("ana@example.org")
        raise Refused(RefusalCode.INVALID, "no")

    with pytest.raises(Refused):
        await unit()
    assert listener.heard == []
    assert not await Account.exists(email="ana@example.org")


async def test_a_unit_that_runs_again_rings_once(database: str, listener: Listener) -> None:
    runs: list[int] = []
    await stored("taken@example.org")

    @transaction
    async def unit() -> None:
        bell.ring("topic")
        runs.append(len(runs))
        # The first run meets the unique index, as where two units meet.
        await stored("taken@example.org" if len(runs) == 1 else "free@example.org")

    await unit()
    assert len(runs) == 2
    assert listener.heard == ["topic"]


async def test_a_ring_in_an_inner_verb_waits_for_the_outer_unit(database: str, listener: Listener) -> None:
    @transaction
    async def inner() -> None:
        bell.ring("inner")

    @transaction
    async def outer() -> None:
        await inner()
        assert listener.heard == []
        raise Refused(RefusalCode.INVALID, "no")

    with pytest.raises(Refused):
        await outer()
    assert listener.heard == []


async def test_a_ringer_that_raises_harms_neither_the_unit_nor_the_other_ringers(
    database: str, listener: Listener
) -> None:
    def broken(topics: Iterable[str]) -> None:
        raise ConnectionError("the broker is away")

    @transaction
    async def unit() -> None:
        await stored("ana@example.org")
        bell.ring("topic")

    later = Listener()
    bell.hang(broken)
    bell.hang(later.hear)
    try:
        with capture_logs() as logs:
            await unit()
    finally:
        bell.take_down(broken)
        bell.take_down(later.hear)
    assert listener.heard == later.heard == ["topic"]
    assert await Account.exists(email="ana@example.org")
    assert [(entry["event"], entry["topics"]) for entry in logs] == [("a bell could not be rung", ("topic",))]


def test_a_ringer_that_was_taken_down_hears_nothing() -> None:
    gone = Listener()
    bell.hang(gone.hear)
    bell.take_down(gone.hear)
    bell.ring("topic")
    assert gone.heard == []


def test_topics_of_one_id_differ_by_what_they_are_of() -> None:
    one = uuid4()
    topics = {bell.inbox_of(one), bell.sign_in_of(one), bell.signals_of(one), bell.inbox_of(uuid4())}
    assert len(topics) == 4


@pytest.fixture
def told() -> Iterator[list[tuple[str, str]]]:
    """What is whispered in this process."""
    found: list[tuple[str, str]] = []

    def tell(topic: str, text: str) -> None:
        found.append((topic, text))

    bell.pass_on(tell)
    yield found
    bell.pass_no_more(tell)


def test_a_whisper_is_passed_on_at_once_until_nobody_passes_it(told: list[tuple[str, str]]) -> None:
    gone: list[str] = []

    def leaving(topic: str, text: str) -> None:
        gone.append(text)

    bell.pass_on(leaving)
    bell.whisper("topic", "one")
    bell.pass_no_more(leaving)
    bell.whisper("topic", "two")
    assert told == [("topic", "one"), ("topic", "two")]
    assert gone == ["one"]


async def test_a_unit_whispers_when_it_is_stored_and_not_where_it_fails(
    database: str, told: list[tuple[str, str]]
) -> None:
    @transaction
    async def unit(fails: bool) -> None:
        bell.whisper("topic", str(fails))
        assert told == []
        if fails:
            raise Refused(RefusalCode.INVALID, "no")

    with pytest.raises(Refused):
        await unit(True)
    await unit(False)
    assert told == [("topic", "False")]


def test_a_long_whisper_is_an_error_of_ours(told: list[tuple[str, str]]) -> None:
    bell.whisper("topic", "é" * 256)
    for text in ("é" * 256 + "x", "x" * 513, "\ud800"):
        with pytest.raises(ValueError):  # noqa: PT011 - a lone surrogate is another one, with another text
            bell.whisper("topic", text)
    assert len(told) == 1


def test_a_whisperer_that_raises_does_not_harm_the_others(told: list[tuple[str, str]]) -> None:
    def broken(topic: str, text: str) -> None:
        raise ConnectionError("the broker is away")

    bell._whisperers.insert(0, broken)
    try:
        with capture_logs() as logs:
            bell.whisper("topic", "psst")
    finally:
        bell.pass_no_more(broken)
    assert told == [("topic", "psst")]
    assert [(entry["event"], entry["topic"]) for entry in logs] == [("a whisper could not be passed on", "topic")]
