"""The one clock of the domain."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import models
from models import clock

HOUR = timedelta(hours=1)
INSTANT = timedelta(seconds=5)

# What reads the time of day. `time.monotonic` does not: it measures how long something takes.
READERS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}


def test_now_is_an_aware_moment_in_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < INSTANT


def test_moved_blocks_add_up_and_end_where_they_began() -> None:
    with clock.moved(3 * HOUR):
        with clock.moved(-HOUR):
            assert abs(clock.now() - datetime.now(UTC) - 2 * HOUR) < INSTANT
        assert abs(clock.now() - datetime.now(UTC) - 3 * HOUR) < INSTANT
    assert abs(clock.now() - datetime.now(UTC)) < INSTANT


def test_an_error_in_a_moved_block_puts_the_clock_back() -> None:
    with pytest.raises(ZeroDivisionError), clock.moved(HOUR):
        raise ZeroDivisionError
    assert abs(clock.now() - datetime.now(UTC)) < INSTANT


def reads_the_time(module: Path) -> bool:
    calls = [node.func for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    return any(
        isinstance(call, ast.Attribute)
        and call.attr in READERS
        and isinstance(call.value, ast.Name)
        and call.value.id in {"datetime", "date", "time"}
        for call in calls
    )


def test_nothing_else_in_the_domain_reads_the_time_of_day() -> None:
    folder = Path(*models.__path__)
    readers = {str(module.relative_to(folder)) for module in folder.rglob("*.py") if reads_the_time(module)}
    # An id carries the machine's milliseconds, so that ids sort; no rule reads them.
    assert readers == {"clock.py", "base.py"}
