"""What every wire does, whatever server carries it: PostgreSQL, NATS and Valkey, the real ones."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

from realtime.bells import Bells
from realtime.broker import wire_to
from realtime.broker.postgres import PostgresWire
from realtime.broker.wire import Wire, strung
from tests.broker_server import BrokerServer
from tests.postgres import create_database, drop_database
from tests.realtime.broker.process import hears, overhears, process


@pytest.fixture(params=["postgres", "nats", "valkey"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a server of this kind is."""
    if request.param == "postgres":
        # A database of the test's own, as all that listen in one hear each other.
        server, name = request.getfixturevalue("postgres_url"), f"wire_{uuid4().hex[:12]}"
        yield asyncio.run(create_database(server, name))
        asyncio.run(drop_database(server, name))
        return
    with BrokerServer(request.param) as server:
        yield server.url


def wire_at(url: str) -> Wire:
    return PostgresWire(url, Bells()) if url.startswith("postgres") else wire_to(url)


async def test_a_ring_is_heard_at_once_where_it_is_rung_and_then_in_the_other_process(url: str) -> None:
    async with process(wire_at(url)) as one, process(wire_at(url)) as two:
        with one.bells.listen("topic") as here, two.bells.listen("topic") as there, two.bells.listen("x") as other:
            one.wire.ring(["topic"])
            assert here.rung
            assert await hears(there)
            assert not other.rung


async def test_many_topics_that_are_rung_at_once_all_arrive(url: str) -> None:
    async with process(wire_at(url)) as one, process(wire_at(url)) as two:
        names = [f"inbox {number:036}" for number in range(5_000)]
        with two.bells.listen(names[0]) as first, two.bells.listen(names[-1]) as last:
            one.wire.ring(names)
            assert await hears(first)
            assert await hears(last)


async def test_a_whisper_is_overheard_where_it_is_whispered_and_in_the_other_process_once(url: str) -> None:
    async with process(wire_at(url)) as one, process(wire_at(url)) as two:
        with one.bells.overhear("topic") as here, two.bells.overhear("topic", "end") as there:
            one.wire.whisper("topic", "psst")
            assert list(here._heard) == [("topic", "psst")]
            assert await overhears(there) == ("topic", "psst")
            one.wire.whisper("end", "")
            assert await overhears(there) == ("end", "")
            # Nor did the whisperer hear itself again.
            assert list(here._heard) == [("topic", "psst")]


class Deaf(Wire):
    """Its client keeps the first cancellation to itself, as `asyncio.wait_for` may before Python 3.12."""

    async def greet(self) -> None:
        raise NotImplementedError

    async def carrying(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    async def hearing(self) -> None:
        self.listening()
        await self.carrying()


async def test_a_wire_ends_though_its_client_has_swallowed_a_cancellation() -> None:
    async with asyncio.timeout(20):
        async with strung(Deaf(Bells())) as bells:
            assert isinstance(bells, Bells)
