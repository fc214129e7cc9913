"""A worker that dies is followed by another, soon where it had served for long, and ever later where it does not start.

What real processes do is in tests/journeys/test_workers.py.
"""

from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest
from structlog.testing import capture_logs

from api.workers import PAUSES, STEADY_SECONDS, Worker


class Process:
    """A process that lives until it is told to die."""

    sentinel = 0
    exitcode = -9

    def __init__(self) -> None:
        self.hear, self.tell = Pipe(duplex=False)
        self.alive = True

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        """Nobody looks at it any more."""

    def die(self) -> None:
        """It ends, and with it its end of the pipe."""
        self.alive = False
        self.tell.close()


class Beginning:
    """Begins processes, and keeps them."""

    def __init__(self) -> None:
        self.begun: list[Process] = []

    def __call__(self, number: int) -> tuple[Process, Connection]:
        assert number == 3
        self.begun.append(Process())
        return self.begun[-1], self.begun[-1].hear


@pytest.fixture
def beginning() -> Beginning:
    return Beginning()


@pytest.fixture
def worker(beginning: Beginning) -> Worker:
    return Worker(3, beginning)


def test_it_is_ready_once_its_process_has_said_so(worker: Worker, beginning: Beginning) -> None:
    worker.start(0)
    assert len(worker.signs) == 2
    assert not worker.look(1)
    assert not worker.ready
    beginning.begun[0].tell.send(True)
    assert not worker.look(2)
    assert worker.ready
    assert len(worker.signs) == 1


def test_one_that_dies_while_it_starts_is_followed_ever_later(worker: Worker, beginning: Beginning) -> None:
    now, pauses = 100.0, []
    with capture_logs() as logs:
        for _ in range(len(PAUSES) + 2):
            worker.start(now)
            beginning.begun[-1].die()
            now += 1
            assert worker.look(now)
            assert not worker.ready
            assert worker.process is None
            assert worker.signs == []
            pauses.append(worker.due - now)
            now = worker.due
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert [entry["another_in_seconds"] for entry in logs] == pauses
    assert {(entry["worker"], entry["status"]) for entry in logs} == {(3, -9)}


def test_one_that_had_served_for_a_while_is_followed_at_once(worker: Worker, beginning: Beginning) -> None:
    now = 0.0
    with capture_logs():
        for lived in (1.0, 1.0, STEADY_SECONDS, 1.0):
            worker.start(now)
            beginning.begun[-1].tell.send(True)
            worker.look(now)
            beginning.begun[-1].die()
            assert worker.look(now + lived)
            pause = worker.due - now - lived
            now = worker.due
            if lived == STEADY_SECONDS:
                assert pause == 0
    # It has begun to count anew.
    assert pause == PAUSES[1]
