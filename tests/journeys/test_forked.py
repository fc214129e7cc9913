"""What a forked server shares with one of its own interpreter: its environment, its log, and how it ends."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.journeys.server import Anew, Server


@pytest.mark.parametrize("kind", [Server, Anew])
def test_a_server_that_cannot_start_says_why_in_its_log_and_ends_with_a_status(
    kind: type[Server], tmp_path: Path
) -> None:
    server = kind("none://", tmp_path / "log")
    with pytest.raises(AssertionError, match="DATABASE_URL"):
        server.start()
    assert server.process is not None
    assert server.process.poll() == server.process.wait() == 1


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_forked_server_runs_until_it_is_killed_and_those_of_its_kind_go_on(database_url: str, tmp_path: Path) -> None:
    with Server(database_url, tmp_path / "one.log") as one, Server(database_url, tmp_path / "other.log") as other:
        assert one.process is not None
        with pytest.raises(subprocess.TimeoutExpired):
            one.process.wait(timeout=0.01)
        one.kill()
        assert one.process.poll() == -signal.SIGKILL
        assert other.process is not None
        assert other.process.poll() is None
        assert other.stop() in (0, -signal.SIGTERM)
