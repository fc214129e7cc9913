"""A wire ends when it is told to, whatever the client of its broker makes of that."""

import asyncio

from realtime.bells import Bells
from realtime.broker.wire import Wire, strung


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
