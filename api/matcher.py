"""The matcher: works runs off, one at a time and each in a process of its own, and publishes drafts.

The process has the market and nothing else: it may be killed at any moment, and is when its run is cancelled. What it
finds is stored in one unit, or not at all.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import structlog

from models.matching import TOPIC, Matching, MatchingInput, MatchingStatus, publish_some
from realtime.background import beside
from realtime.bells import Bells

log = structlog.get_logger()

# So often a run says how far it is, and sees whether it is still wanted; and so often it says so in any case.
TELLS_SECONDS = 0.4
HOLDS_SECONDS = 8.0

# A bell that was lost costs so much delay.
PATIENCE_SECONDS = 5.0

# Fifty thousand mentees take a minute or two.
MOST_SECONDS = 1_800.0

# Of a result, in bytes: it is one line.
LONGEST_LINE = 1 << 30

GONE = "The server that worked on it has stopped; there is no draft of it. Run it again."
TOO_LONG = f"It has not come to an end within {MOST_SECONDS / 60:.0f} minutes; there is no draft of it."


class Solving:
    """One run, and the process that works it off."""

    def __init__(self, run: Matching) -> None:
        self._run = run
        self._stage, self._percent = "scoring", 0

    async def work(self) -> None:
        """Work the run off, and store what it comes to; or why it comes to nothing."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await self._work()
        except TimeoutError:
            await self._run.fail(TOO_LONG)
        except asyncio.CancelledError:
            with suppress(asyncio.CancelledError):
                await self._run.fail(GONE)
            raise

    async def _work(self) -> None:
        market = await MatchingInput.bytes_of(self._run.id)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.solve",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LONGEST_LINE,
        )  # fmt: skip
        log.info("a run has begun", matching=str(self._run.id), process=process.pid)
        hearing = asyncio.create_task(self._hear(process, market))
        holding = asyncio.create_task(self._hold())
        try:
            await asyncio.wait([hearing, holding], return_when=asyncio.FIRST_COMPLETED)
            told = await hearing if hearing.done() else None
        finally:
            await _ended(process, hearing, holding)
        if hearing.cancelled():
            # It is not wanted any more; or it could not be held on, and this raises why.
            holding.result()
        else:
            await self._conclude(told, process.returncode)

    async def _hear(self, process: asyncio.subprocess.Process, market: bytes) -> dict[str, Any] | None:
        """Its last word; None where it died without one."""
        assert process.stdin is not None
        assert process.stdout is not None
        # One that is dead hears nothing; its end says so.
        with suppress(ConnectionError):
            process.stdin.write(b"%d\n" % len(market) + market)
            await process.stdin.drain()
        async for line in process.stdout:
            told: dict[str, Any] = await asyncio.to_thread(orjson.loads, line)
            if "stage" not in told:
                return told
            self._stage, self._percent = told["stage"], min(99, round(100 * told["share"]))
        return None

    async def _hold(self) -> None:
        """Say how far it is, until it is not wanted any more."""
        said: tuple[str, int] | None = None
        loop = asyncio.get_running_loop()
        until = loop.time()
        while True:
            now = (self._stage, self._percent)
            if now != said or loop.time() >= until:
                wanted = await self._run.came_to(*now)
                said, until = now, loop.time() + HOLDS_SECONDS
            else:
                wanted = await Matching.exists(id=self._run.id, status=MatchingStatus.RUNNING, runner=self._run.runner)
            if not wanted:
                return
            await asyncio.sleep(TELLS_SECONDS)

    async def _conclude(self, told: dict[str, Any] | None, status: int | None) -> None:
        if told is None:
            how = f"signal {signal.Signals(-status).name}" if status and status < 0 else f"status {status}"
            log.error("the process of a run has died", matching=str(self._run.id), status=status)
            await self._run.fail(f"The process that worked on it has died ({how}); there is no draft of it.")
        elif "error" in told:
            await self._run.fail(told["error"])
        else:
            await self._run.finish(told["result"])


async def _ended(process: asyncio.subprocess.Process, *tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    with suppress(ProcessLookupError):
        process.kill()
    await asyncio.gather(*tasks, process.wait(), return_exceptions=True)


async def run_next() -> bool:
    """Give up what other servers have left behind, and work off the next run. False where none waits."""
    await Matching.sweep()
    run = await Matching.claim()
    if run is not None:
        await Solving(run).work()
    return run is not None


async def publish_next() -> bool:
    """Publish some pairs. False where none waits."""
    return bool(await publish_some())


@asynccontextmanager
async def matching(bells: Bells) -> AsyncIterator[None]:
    """Work off runs and publish drafts, for as long as the block lasts."""

    def rounds_of(work: Callable[[], Awaitable[bool]]) -> Callable[[], Any]:
        async def rounds() -> None:
            with bells.listen(TOPIC) as bell:
                while True:
                    bell.hush()
                    if not await _tried(work):
                        await bell.wait(PATIENCE_SECONDS)

        return rounds

    async with beside(rounds_of(run_next), rounds_of(publish_next)):
        yield


async def _tried(work: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await work()
    except Exception:
        # The next round tries again; a run that was not held on is given up.
        log.exception("the matcher failed")
        return False
