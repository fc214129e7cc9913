"""SQLite's readers: on the event loop within a budget, in a thread beyond it, and never behind the writer."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import sqlite
from models.database.sqlite import Readers

# Counts to a million: a tenth of a second.
LONG = "WITH RECURSIVE n(i) AS (VALUES (?) UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT count(*) FROM n"
SHORT = "SELECT word FROM said WHERE word = ?"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file with one row."""
    path = str(tmp_path / "test.sqlite3")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE said (word TEXT)")
    connection.execute("INSERT INTO said VALUES ('hello')")
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def readers(path: str) -> Iterator[Readers]:
    """Readers of the file."""
    found = Readers(path)
    yield found
    found.close()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads in which statements were read that took too long for the loop."""
    used: list[threading.Thread] = []
    read = Readers._read

    def noted(self: Readers, text: str, values: list[object]) -> list[tuple[object, ...]]:
        used.append(threading.current_thread())
        return read(self, text, values)

    monkeypatch.setattr(Readers, "_read", noted)
    return used


async def test_a_short_read_is_made_on_the_loop(readers: Readers, threads: list[threading.Thread]) -> None:
    assert await readers.read(SHORT, ["hello"]) == [("hello",)]
    assert await readers.read(SHORT, ["bye"]) == []
    assert threads == []


async def test_a_long_read_is_broken_off_and_made_in_a_thread(
    readers: Readers, threads: list[threading.Thread]
) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    assert await readers.read(LONG, [1]) == [(1_000_000,)]
    ticking.cancel()
    # The loop went on meanwhile.
    assert ticks > 3
    assert [thread is threading.main_thread() for thread in threads] == [False]
    # Others are still read on the loop, and the long one goes straight to a thread.
    await readers.read(SHORT, ["hello"])
    assert len(threads) == 1
    await readers.read(LONG, [1])
    assert len(threads) == 2


async def test_a_statement_that_was_slow_once_comes_back_to_the_loop_when_it_is_quick(
    readers: Readers, threads: list[threading.Thread]
) -> None:
    await readers.read(LONG, [1])
    for _ in range(2):
        # Nothing to count.
        assert await readers.read(LONG, [1_000_000]) == [(1,)]
    assert len(threads) == 2


async def test_a_slow_statement_is_forgotten_among_many(
    readers: Readers, threads: list[threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SLOW_KEPT", 2)
    for number in range(4):
        await readers.read(f"{LONG} -- {number}", [1])
    assert len(readers._slow) == 2


async def test_a_read_does_not_wait_for_the_writer_and_sees_what_is_committed(path: str, readers: Readers) -> None:
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE said SET word = 'bye'")
    assert await readers.read(SHORT, ["hello"]) == [("hello",)]
    writer.execute("COMMIT")
    writer.close()
    assert await readers.read(SHORT, ["bye"]) == [("bye",)]


class Locked:
    """A connection that finds the database locked, as during a recovery by another process."""

    def execute(self, *_: object) -> None:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
        raise error

    def close(self) -> None:
        """It has nothing open."""


async def test_a_locked_database_is_waited_for_in_a_thread_and_not_on_the_loop(
    readers: Readers, threads: list[threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert readers._here.execute("PRAGMA busy_timeout").fetchone() == (0,)
    monkeypatch.setattr(readers, "_here", Locked())
    assert await readers.read(SHORT, ["hello"]) == [("hello",)]
    assert len(threads) == 1


@pytest.mark.parametrize("text", ["SELECT nothing FROM said", "UPDATE said SET word = 'x'"])
async def test_what_is_no_read_of_this_file_is_an_error(readers: Readers, text: str) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await readers.read(text, [])
