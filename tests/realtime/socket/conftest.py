"""The application that these tests put behind a socket."""

import asyncio
from collections.abc import Callable

import pytest

from tests.realtime.socket.actors import Echo, Source
from tests.realtime.socket.served import Watch, Watched


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Sees the connections of the test's server."""
    watch = Watch()
    monkeypatch.setattr(Watched, "watch", watch, raising=False)
    return watch


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def source(echo: Echo) -> Source:
    source = Source()
    echo.operations["source"] = source
    return source


@pytest.fixture
async def forward(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the event loop's clock ahead by so many seconds; what is due by then happens at its next turns."""
    loop = asyncio.get_running_loop()
    real, ahead = loop.time, 0.0

    def forward(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    monkeypatch.setattr(loop, "time", lambda: real() + ahead)
    return forward
