"""What a process of its own would have: a wire and its bells, without the bells of this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from realtime.background import beside
from realtime.bells import Bell, Ear, Whisper
from realtime.broker.wire import Send, Wire

PATIENCE = 20.0


class Process:
    """One process's end of a broker."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.bells = wire.bells
        self.carrying = asyncio.Event()
        carry = wire.carry

        async def carry_and_tell(send: Send) -> None:
            self.carrying.set()
            await carry(send)

        wire.carry = carry_and_tell  # type: ignore[method-assign]


@asynccontextmanager
async def process(wire: Wire, *, connects: bool = True) -> AsyncIterator[Process]:
    """A process whose wire is connected in both directions; one that tries to, if it need not connect."""
    found = Process(wire)
    async with beside(*(partial(wire.keep, work) for work in wire.works)):
        if connects:
            async with asyncio.timeout(PATIENCE):
                await found.wire.ready.wait()
                await found.carrying.wait()
        yield found


async def hears(listener: Bell, patience: float = PATIENCE) -> bool:
    """Rung within the test's patience; hushed again."""
    rung = await listener.wait(patience)
    listener.hush()
    return rung


async def overhears(ear: Ear, patience: float = PATIENCE) -> Whisper:
    """The next whisper, which comes within the test's patience."""
    async with asyncio.timeout(patience):
        return await anext(ear)
