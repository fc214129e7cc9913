"""The parser's thread, and the queue before it."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from aiortc.sdp import SessionDescription

from realtime import sdp as guard
from realtime.sdp import Busy, check_description
from tests.realtime.sdp.browsers import CHROME, HOST


async def test_a_description_is_parsed_once_and_off_the_event_loop(parsed_in: list[str]) -> None:
    await check_description("offer", CHROME)
    assert parsed_in == ["sdp_0"]


def test_aiortc_is_not_imported_before_the_first_description() -> None:
    script = (
        f"import asyncio, sys; from realtime.sdp import *; check_candidate({HOST!r}, '0', 0)\n"
        f"print('aiortc' in sys.modules); asyncio.run(check_description('offer', {CHROME!r}))\n"
        "print('aiortc' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


@pytest.fixture
def held_parser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The parser stands still until the given function is called."""
    released = threading.Event()
    parse = SessionDescription.parse
    monkeypatch.setattr(SessionDescription, "parse", lambda text: (released.wait(30), parse(text))[1])
    monkeypatch.setattr(guard, "_places", threading.BoundedSemaphore(2))
    yield released.set
    released.set()
    guard._parser.submit(int).result(30)


async def test_a_full_queue_refuses_and_opens_again(held_parser: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(check_description("offer", CHROME))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await check_description("offer", CHROME)
        held_parser()
    await check_description("offer", CHROME)


async def test_a_description_that_waits_too_long_is_refused(
    held_parser: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 0.01)
    with pytest.raises(Busy):
        await check_description("offer", CHROME)
