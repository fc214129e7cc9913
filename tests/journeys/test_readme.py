"""The README's tour works as it stands: its requests are read from the page and run in their order."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.client import Client
from tests.journeys.server import ROOT, Anew, Server

pytestmark = pytest.mark.timeout(120)

ASK = re.compile(r"^ask (\S+) '(.*)'$", re.MULTILINE)
PLACE = re.compile(r'\\"(\w+):…\\"')


@pytest.fixture
def engine() -> str:
    """What `make run` serves on."""
    return "sqlite"


def requests() -> list[tuple[str, str]]:
    """Who asks, and the body, for each request of the page."""
    return ASK.findall((ROOT / "README.md").read_text())


class Tour:
    """Runs requests, and fills in the ids and tokens that a reader would copy from earlier answers."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.tokens: dict[str, str] = {'""': ""}
        self.ids: dict[str, str] = {}

    async def ask(self, who: str, body: str) -> Any:
        """The data of one request."""
        filled = PLACE.sub(lambda found: f'\\"{self.ids[found[1]]}\\"', body)
        self.client.token = self.tokens[who] or None
        answer = await self.client.call(json.loads(filled)["query"])
        self._remember(answer)
        return answer

    def _remember(self, answer: Any) -> None:
        if isinstance(answer, dict):
            if re.fullmatch(r"\w+:[0-9a-f-]{36}", str(answer.get("id"))):
                self.ids[answer["id"].partition(":")[0]] = answer["id"]
            for part in answer.values():
                self._remember(part)
        if isinstance(answer, list) and answer:
            self._remember(answer[0])


async def test_the_tour_of_the_readme_runs(database_url: str, tmp_path: Path) -> None:
    tour = requests()
    assert len(tour) >= 10
    with Anew(database_url, tmp_path / "server.log") as server:
        async with Client(server) as client:
            guide = Tour(client)
            for name, (who, body) in zip(("$MARA", "$THEO"), tour[:2], strict=True):
                guide.tokens[name] = (await guide.ask(who, body))["token"]
            for who, body in tour[2:]:
                if "sendMessage" in body:
                    assert (await _watched(server, guide, who, body))["message"]["body"] == "Hello, Theo!"
                else:
                    answer = await guide.ask(who, body)
                    assert "message" not in answer, answer


UPLOAD = re.compile(
    r"""^curl -s "http://127.0.0.1:8000(/files\?\S+)" -H "(\w+): Bearer \$MARA" --data-binary '(.*)'; echo$""",
    re.MULTILINE,
)


async def test_the_upload_of_the_readme_is_taken(database_url: str, tmp_path: Path) -> None:
    ((path, header, body),) = UPLOAD.findall((ROOT / "README.md").read_text())
    with Anew(database_url, tmp_path / "server.log") as server:
        async with Client(server) as client:
            await client.sign_up("Mara")
            where, signed = server.url.removesuffix("/graphql") + path, {header: f"Bearer {client.token}"}
            answer = await client.http.post(where, content=body, headers=signed)
            assert (answer.status_code, answer.json()["name"]) == (201, "hives.txt")


async def _watched(server: Server, guide: Tour, who: str, body: str) -> Any:
    """What `alongside watch` prints when the message is sent."""
    terminal = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "watch", guide.tokens["$THEO"], "--after", await _start(guide),
        cwd=ROOT, env=server.environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await guide.ask(who, body)
        assert terminal.stdout is not None
        async with asyncio.timeout(30):
            while event := json.loads(await terminal.stdout.readline()):
                if event["__typename"] == "MessageCreated":
                    return event
    finally:
        terminal.kill()
        await terminal.wait()


async def _start(guide: Tour) -> str:
    guide.client.token = guide.tokens["$THEO"]
    return str((await guide.client.call("{ viewer { inboxCursor } }"))["inboxCursor"])
