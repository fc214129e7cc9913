"""Servers under measurement: one process each, and the CPU time that it and the database take."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

import asyncpg
import psutil

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Asked:
    """A request: where it is sent, and its body."""

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Server:
    """A server process that is told DATABASE_URL, PORT and VIEWER."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self.port = free_port()
        self._command = command
        # With the access to a terminal that our own log would have: none.
        self._environment = {**os.environ, **environment, "PORT": str(self.port), "NODE_ENV": "production"}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise RuntimeError(f"{' '.join(self._command)} did not start")

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def ask(self, asked: Asked) -> bytes:
        """The answer to one request. Raises for any status but 200."""
        url = f"http://127.0.0.1:{self.port}{asked.path}"
        headers = {"content-type": "application/json", **dict(asked.headers)}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, asked.body, headers), timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{url}: {error.status} {error.read()[:2000]!r}") from None

    def cpu(self) -> "Cpu":
        """The CPU time so far of the process and its children."""
        assert self._process is not None
        return cpu_of(self._process.pid)


class Postgres:
    """The processes of a PostgreSQL on this machine."""

    def __init__(self, postmaster: psutil.Process | None) -> None:
        self._postmaster = postmaster

    @classmethod
    async def of(cls, url: str) -> Self:
        """The server behind a URL; one on another machine has no CPU time that we could read."""
        connection = await asyncpg.connect(url)
        try:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            backend = psutil.Process(pid) if psutil.pid_exists(pid) else None
            is_it = backend is not None and backend.name().startswith("postgres")
            return cls(backend.parent() if backend is not None and is_it else None)
        finally:
            await connection.close()

    def cpu(self) -> "Cpu":
        """The CPU time so far of all of them; of none, where they are not on this machine."""
        return {} if self._postmaster is None else cpu_of(self._postmaster.pid)


# Seconds by process.
Cpu: TypeAlias = dict[int, float]


def cpu_of(pid: int) -> Cpu:
    """The CPU time so far of a process and its children."""
    found: Cpu = {}
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    return found


def spent(before: Cpu, after: Cpu) -> float:
    """The seconds between two readings. What has ended meanwhile counts for nothing."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def ours() -> list[str]:
    """`alongside serve`, as `make run` starts it."""
    return [sys.executable, "-m", "api", "serve"]


def subject(name: str) -> list[str]:
    """A server of benches/subject.py."""
    return [sys.executable, "-m", "benches.subject", name]
