"""Clients from npm against a real server, by `make test-clients`; named so that `make test` needs no npm."""

import asyncio
import shutil
from pathlib import Path

from tests.journeys.server import Server

CLIENTS = Path(__file__).parent
SECONDS = 60.0


async def run(script: str, server: Server) -> str:
    """What a script says. Its lines "kill" and "stop" restart the server. Raises AssertionError where it fails."""
    node = await asyncio.create_subprocess_exec(
        "node",
        script,
        server.url,
        cwd=CLIENTS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert node.stdin is not None
    assert node.stdout is not None
    said = ""
    try:
        async with asyncio.timeout(SECONDS):
            async for line in node.stdout:
                said += line.decode()
                if line in (b"kill\n", b"stop\n"):
                    await asyncio.to_thread(server.kill if line == b"kill\n" else server.stop)
                    await asyncio.to_thread(server.start)
                    node.stdin.write(b"up\n")
            assert await node.wait() == 0, said
    except TimeoutError:
        raise AssertionError(f"{script} did not end in {SECONDS:.0f} seconds:\n{said}") from None
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()
    return said


async def test_the_endpoint_passes_the_audits_of_graphql_over_http(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "test.sqlite3")
    with Server(f"sqlite://{tmp_path / 'test.sqlite3'}", tmp_path / "server.log") as server:
        print(await run("audits.js", server))  # noqa: T201 - for the report; pytest shows it with -s


async def test_the_client_of_graphql_ws_hears_everything_once_over_dropped_connections(
    database_url: str, tmp_path: Path
) -> None:
    with Server(database_url, tmp_path / "server.log") as server:
        said = await run("conversation.js", server)
    print(said)  # noqa: T201
    assert said.startswith("kill\nstop\n")
    assert said.rstrip().endswith("closed with 4401")
    assert "Traceback" not in server.log.read_text()


async def test_apollos_cache_follows_the_inbox_without_a_refetch(database_url: str, tmp_path: Path) -> None:
    with Server(database_url, tmp_path / "server.log") as server:
        said = await run("apollo.js", server)
    print(said)  # noqa: T201
    assert said.startswith("kill\n")
    assert "Traceback" not in server.log.read_text()
