"""The one clock of the domain. Tests move it; no rule reads the time of day elsewhere.

An id carries the machine's own milliseconds (`base.uuid7`), which nothing but the order of ids depends on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_ahead = timedelta()


def now() -> datetime:
    """The present moment: aware, in UTC."""
    return datetime.now(UTC) + _ahead


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Within the block the clock is ahead by `by` (behind, if negative). Blocks add up."""
    global _ahead
    before = _ahead
    _ahead = before + by
    try:
        yield
    finally:
        _ahead = before
