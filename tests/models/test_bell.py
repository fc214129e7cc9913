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
