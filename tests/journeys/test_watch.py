"""`alongside watch` in a terminal: it comes back by itself, and says in one line why it cannot."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import documents
from tests.journeys.client import Client
from tests.journeys.server import ROOT, Server, free_port

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def engine() -> str:
    """What is watched does not depend on the database."""
    return "sqlite"


class Terminal:
    """A running `alongside watch`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> Any:
        """The next line that it prints."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            return json.loads(await self.process.stdout.readline())

    async def complaint(self) -> str:
        """The next line on stderr."""
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            return (await self.process.stderr.readline()).decode()

    async def end(self) -> tuple[int, str, str]:
        """Its exit status, and all that it printed on stdout and stderr."""
        async with asyncio.timeout(30):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def watching(server: Server, *arguments: str, **environment: str) -> AsyncIterator[Terminal]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "watch", *arguments,
        cwd=ROOT, env={**server.environment, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Terminal(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_comes_back_with_its_cursor_after_a_restart_and_ends_with_its_sign_in(
    database_url: str, tmp_path: Path
) -> None:
    server = Server(database_url, tmp_path / "server.log")
    with server:
        async with Client(server) as mara, Client(server) as theo:
            profile = (await mara.sign_up("Mara"))["profile"]["id"]
            await mara.call(documents.UPDATE_PROFILE, input={"capacity": 5})
            account = await theo.sign_up("Theo")
            # The token is in the environment: `ps` does not show it.
            async with watching(
                server, "--after", account["inboxCursor"], ALONGSIDE_TOKEN=theo.token or ""
            ) as terminal:
                asked = await theo.call(documents.REQUEST, input={"mentorId": profile, "message": "Will you?"})
                assert (await terminal.line())["request"]["status"] == "PENDING"
                assert server.stop() in (0, -15)
                assert "1012" in await terminal.complaint()
                server.start()
                await mara.call(documents.ACCEPT, input={"requestId": asked["request"]["id"]})
                # What happened meanwhile comes once, in its order.
                kinds = [(await terminal.line())["__typename"] for _ in range(2)]
                assert sorted(kinds) == ["MentorshipChanged", "RequestChanged"]
                await theo.call(documents.SIGN_OUT, input={})
                status, rest, said = await terminal.end()
                assert (status, rest) == (1, "")
                assert said.splitlines()[-1].startswith("alongside watch: ")
                assert "4401" in said


async def test_what_it_cannot_do_it_says_in_one_line(database_url: str, tmp_path: Path) -> None:
    with Server(database_url, tmp_path / "server.log") as server:
        async with Client(server) as theo:
            await theo.sign_up("Theo")
            token = theo.token or ""
            for arguments, named in (
                (["an-old-token"], "This sign-in has ended"),
                ([token, "--after", "garbage"], "cursor"),
                ([], "ALONGSIDE_TOKEN"),
            ):
                async with watching(server, *arguments) as terminal:
                    status, out, said = await terminal.end()
                assert (status, out) == (1, ""), said
                assert len(said.splitlines()) == 1, said
                assert named in said
            async with watching(server, token, PORT=str(free_port())) as terminal:
                status, _, said = await terminal.end()
            assert (status, len(said.splitlines())) == (1, 1), said
