"""Workers: several processes that serve one port, and a parent that does nothing but look after them.

The parent starts them, starts another in the place of one that died, passes a signal to stop on to all, and waits
until they have said goodbye to their sockets. Where the parent itself is killed, they stop by themselves.
"""

import asyncio
import multiprocessing
import multiprocessing.connection
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from api.port import Address, held, listen
from api.server import DRAIN_SECONDS, Server, log_to_stderr
from api.settings import Settings

log = structlog.get_logger()

# Before another takes the place of one that died. Who served for a while before had another reason than the start.
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_SECONDS = 60.0

# To the goodbyes of a worker comes what its process takes to end.
STOP_SECONDS = DRAIN_SECONDS + 5.0


class Worker:
    """One of the workers: its process, and those that take its place. `begin` starts one, given the worker's number."""

    def __init__(self, number: int, begin: Callable[[int], tuple[Any, Connection]]) -> None:
        self.number = number
        self.ready = False
        self.due = 0.0
        self.process: Any = None
        self._begin = begin
        self._deaths = 0
        self._began = 0.0
        self._news: Connection | None = None

    @property
    def signs(self) -> list[Any]:
        """What to wait for: it is ready, or it has died."""
        found: list[Any] = [self.process.sentinel] if self.process else []
        return [*found, self._news] if self._news else found

    def start(self, now: float) -> None:
        """Start a process, at this moment of a monotonic clock."""
        self.process, self._news = self._begin(self.number)
        self._began = now

    def look(self, now: float) -> bool:
        """Has its process died? Then it is clear when the next is due."""
        if self._news and self._news.poll():
            self._hear(self._news)
        if self.process is None or self.process.is_alive():
            return False
        self._deaths = 0 if self.ready and now - self._began >= STEADY_SECONDS else self._deaths
        pause = PAUSES[min(self._deaths, len(PAUSES) - 1)]
        self._deaths += 1
        log.error("a worker has died", worker=self.number, status=self.process.exitcode, another_in_seconds=pause)
        self.process.close()
        self.process, self.ready, self.due = None, False, now + pause
        return True

    def _hear(self, news: Connection) -> None:
        # One that died without a word leaves an end.
        with suppress(EOFError):
            self.ready = bool(news.recv())
        # It says one thing only.
        news.close()
        self._news = None


class Workers:
    """The parent of the workers of these settings. `welcome` is told the port once they all serve."""

    def __init__(self, settings: Settings, welcome: Callable[[int], None]) -> None:
        self._settings = settings
        self._welcome = welcome
        self._stopping = False
        self._workers: list[Worker] = []

    def run(self) -> int:
        """Serve until a signal comes. Returns the exit status: 1 where no worker could ever serve.

        Raises `Unservable` for a port where nobody can listen.
        """
        log_to_stderr()
        with (
            held(self._settings.host, self._settings.port) as addresses,
            TemporaryDirectory(prefix="alongside-") as pages,
            self._told() as told,
        ):
            begin = _beginning(self._settings, addresses, pages)
            self._workers = [Worker(number, begin) for number in range(1, self._settings.workers + 1)]
            try:
                return self._look_after(told, addresses[0][1][1])
            finally:
                self._stop()

    def _look_after(self, told: socket.socket, port: int) -> int:
        serves = welcomed = False
        while not self._stopping:
            now = time.monotonic()
            # What keeps the first from serving keeps all, and is said once.
            for worker in self._workers if serves else self._workers[:1]:
                if worker.process is None and worker.due <= now:
                    worker.start(now)
            self._wait(told)
            died = [worker for worker in self._workers if worker.look(time.monotonic())]
            serves = serves or any(worker.ready for worker in self._workers)
            if died and not serves and not self._stopping:
                return 1
            if not welcomed and all(worker.ready for worker in self._workers):
                welcomed = True
                self._welcome(port)
        return 0

    def _wait(self, told: socket.socket) -> None:
        due = [worker.due for worker in self._workers if worker.process is None and worker.due]
        patience = max(0.0, min(due) - time.monotonic()) if due else None
        signs = [sign for worker in self._workers for sign in worker.signs]
        if told in multiprocessing.connection.wait([told, *signs], patience):
            told.recv(1024)

    @contextmanager
    def _told(self) -> Iterator[socket.socket]:
        """Signals to stop are taken, and each makes this socket readable."""
        here, there = socket.socketpair()
        there.setblocking(False)
        before = {number: signal.signal(number, self._stop_soon) for number in (signal.SIGTERM, signal.SIGINT)}
        woken_before = signal.set_wakeup_fd(there.fileno())
        try:
            yield here
        finally:
            signal.set_wakeup_fd(woken_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            here.close()
            there.close()

    def _stop_soon(self, *_: object) -> None:
        self._stopping = True

    def _stop(self) -> None:
        """Let all say goodbye to their sockets, at the same time."""
        processes = [worker.process for worker in self._workers if worker.process]
        for process in processes:
            process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for process in processes:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                log.error("a worker did not stop in time, and is killed", seconds=STOP_SECONDS)
                process.kill()
                process.join()


def _beginning(
    settings: Settings, addresses: Sequence[Address], pages: str
) -> Callable[[int], tuple[multiprocessing.process.BaseProcess, Connection]]:
    # Not forked: what a worker opens, or whatever thread runs here, is then its own.
    spawn = multiprocessing.get_context("spawn")

    def begin(number: int) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        hear, tell = spawn.Pipe(duplex=False)
        process = spawn.Process(target=work, args=(settings, addresses, number, pages, tell), name=f"worker {number}")
        process.start()
        # The worker's end is its own alone: this one hears when it is gone.
        tell.close()
        return process, hear

    return begin


class _WorkerServer(Server):
    """Stops when its parent is gone: nobody else would stop it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and to look after the parent."""
        await super().startup(sockets)
        parent = multiprocessing.parent_process()
        assert parent is not None
        asyncio.get_running_loop().add_reader(parent.sentinel, self._orphaned, parent.sentinel)

    def _orphaned(self, sentinel: int) -> None:
        asyncio.get_running_loop().remove_reader(sentinel)
        log.error("the parent of the workers is gone; this one stops")
        self.should_exit = True


def work(settings: Settings, addresses: Sequence[Address], number: int, pages: str, tell: Connection) -> None:
    """What the process of a worker does. It tells when it serves."""
    from api.app import application
    from api.board import Board
    from api.documents import Unreadable

    # Until it serves, a Ctrl-C is the parent's affair; and in the end it is no error.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_to_stderr()
    structlog.contextvars.bind_contextvars(worker=number)

    def serves(_port: int) -> None:
        tell.send(True)
        tell.close()

    try:
        app = application(settings, Board(Path(pages), number))
    except Unreadable as error:
        sys.exit(f"alongside serve: {error}")
    _WorkerServer(app, settings, serves).run(listen(addresses))
