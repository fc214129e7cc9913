"""Processes that have loaded the program already: each is forked from one that has done nothing else.

To load it takes most of what a server takes to start, and the journeys start a hundred. What is forked has its own
environment, log and random numbers, runs a module as `python -m` does, and is told to stop and killed like any other.
"""

import atexit
import importlib
import json
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Any

ROOT = Path(__file__).parent.parent.parent
# What a server imports before it answers.
LOADED = ("api.command", "api.documents", "api.server", "api.app")
# The bytes of a number, of whatever the two tell each other.
WORD = 8


class Forked:
    """A process that was forked. What it offers is of `subprocess.Popen`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> None:
        self.returncode: int | None = None
        here, there = socket.socketpair()
        with there:
            _source().send({"command": command, "environment": environment}, [there.fileno(), log.fileno()])
        self._told = here
        self.pid = int.from_bytes(here.recv(WORD))
        assert self.pid

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        try:
            return self.wait(0.0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                status = self._told.recv(WORD)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("a forked server", timeout or 0.0) from None
            self.returncode = int.from_bytes(status, signed=True)
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Source:
    """The process that others are forked from. It ends with this one."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        self._turn = Lock()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.forked", str(there.fileno())],
                cwd=ROOT, env={**environment, "PYTHONWARNINGS": "error"},
                pass_fds=[there.fileno()], stdin=subprocess.DEVNULL,
            )  # fmt: skip
        atexit.register(self._end)

    def _end(self) -> None:
        self._here.close()
        self._process.wait()

    def send(self, what: object, files: list[int]) -> None:
        """Ask for one more."""
        text = json.dumps(what).encode()
        with self._turn:
            socket.send_fds(self._here, [len(text).to_bytes(WORD)], files)
            self._here.sendall(text)


@cache
def _source() -> Source:
    return Source()


def fork_for(asking: socket.socket) -> None:
    """Forks for whoever asks, until they are gone."""
    # A second Ctrl-C is for those who test; and whoever looks after a process is waited for by nobody.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        head, files, _, _ = socket.recv_fds(asking, WORD, 2)
        if not head:
            return
        text = b""
        while len(text) < int.from_bytes(head):
            text += asking.recv(int.from_bytes(head) - len(text))
        if os.fork() == 0:
            asking.close()
            look_after(json.loads(text), *files)
            return
        for file in files:
            os.close(file)


def look_after(wanted: dict[str, Any], told: int, log: int) -> None:
    """Forks the process, and tells its number, and at its end its exit status. Returns in the process, at its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if pid := os.fork():
        os.close(log)
        os.write(told, pid.to_bytes(WORD))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(told, status.to_bytes(WORD, signed=True))
        os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.close(told)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    random.seed()
    _, module, *sys.argv[1:] = wanted["command"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        fork_for(asking)
