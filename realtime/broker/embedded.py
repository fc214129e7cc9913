"""The broker of a single process: what is rung or whispered in it is heard in it."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

from models import bell
from realtime.bells import Bells


class Carrier(Protocol):
    """Takes what is rung and whispered in this process."""

    def ring(self, topics: Iterable[str]) -> None:
        """Ring these topics."""

    def whisper(self, topic: str, text: str) -> None:
        """Tell whoever overhears this topic."""


@contextmanager
def hung(carrier: Carrier) -> Iterator[None]:
    """Within the block the carrier has the domain's rings and whispers."""
    bell.hang(carrier.ring)
    bell.pass_on(carrier.whisper)
    try:
        yield
    finally:
        bell.take_down(carrier.ring)
        bell.pass_no_more(carrier.whisper)


@asynccontextmanager
async def embedded_broker() -> AsyncIterator[Bells]:
    """The broker of a single process."""
    bells = Bells()
    with hung(bells):
        yield bells
