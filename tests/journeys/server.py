"""A real server process, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from tests.journeys.forked import ROOT, Forked

START_SECONDS = 60.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """`alongside serve` on a database; `kill` is SIGKILL, `stop` is SIGTERM."""

    command = ["-m", "api", "serve"]
    is_forked = True

    def __init__(self, database_url: str, log: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = log
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
            "CONNECTIONS_PER_ADDRESS": "0",
            "PYTHONWARNINGS": "error",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def url(self) -> str:
        """Where GraphQL is served over HTTP."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket_url(self) -> str:
        """Where it is served over the WebSocket."""
        return f"ws://127.0.0.1:{self.port}/graphql"

    def start(self) -> Self:
        """Start the process, and return when it answers."""
        with self.log.open("ab") as log:
            if self.is_forked:
                self.process = Forked(self.command, self.environment, log)
            else:
                command = [sys.executable, *self.command]
                self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx2.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).status_code == 200:
                    return self
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and wait. Returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Anew(Server):
    """A server whose interpreter loads everything anew, as in production."""

    is_forked = False
