"""How the server begins and ends."""

import asyncio
import time
from typing import Any, cast

import pytest
import structlog

import api.server
from api.app import Application
from api.server import DRAIN_SECONDS, GOODBYE_SECONDS, Server
from api.settings import Settings


class Sockets:
    """Sockets that say goodbye for so long; whether they were interrupted."""

    open = 1

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.cut = False

    async def drain(self) -> None:
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cut = True
            raise


class App:
    """An application that takes so long to close."""

    def __init__(self, goodbye: float, closing: float) -> None:
        self.sockets = Sockets(goodbye)
        self.closing = closing

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.sleep(self.closing)
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (DRAIN_SECONDS, GOODBYE_SECONDS) == (20, 15)
    monkeypatch.setattr(api.server, "DRAIN_SECONDS", 1.2)
    monkeypatch.setattr(api.server, "GOODBYE_SECONDS", 0.3)
    # The collector is the test run's, too.
    for name in ("freeze", "set_threshold"):
        monkeypatch.setattr(api.server.gc, name, lambda *_: None)


async def serve_and_stop(app: App) -> tuple[list[int], float]:
    """The ports that were announced, and how long the shutdown took, in seconds."""
    ports: list[int] = []
    server = Server(cast(Application, app), Settings(port=0), ports.append)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    began = time.monotonic()
    await server.shutdown()
    return ports, time.monotonic() - began


async def test_the_port_is_announced_once_it_is_bound() -> None:
    ports, _ = await serve_and_stop(App(0, 0))
    assert len(ports) == 1
    assert ports[0] > 0


async def test_sockets_that_do_not_end_do_not_hold_up_the_shutdown() -> None:
    app = App(goodbye=60, closing=0)
    with structlog.testing.capture_logs() as told:
        _, seconds = await serve_and_stop(app)
    assert app.sockets.cut
    assert seconds < 1.2
    assert [line["event"] for line in told] == ["sockets did not end in time"]


async def test_nor_does_a_database_that_does_not_close() -> None:
    with structlog.testing.capture_logs() as told:
        _, seconds = await serve_and_stop(App(goodbye=60, closing=60))
    assert 1 < seconds < 5
    assert "the shutdown did not end in time" in told[-1]["event"]


async def test_a_goodbye_in_time_is_waited_for() -> None:
    app = App(goodbye=0.1, closing=0)
    with structlog.testing.capture_logs() as told:
        await serve_and_stop(app)
    assert (app.sockets.cut, told) == (False, [])
