"""A weekly availability as a mask of 168 bits, one for each hour of the UTC week."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final

HOURS_A_WEEK: Final = 7 * 24
FULL_WEEK: Final = (1 << HOURS_A_WEEK) - 1
"""The mask of somebody who is free at every hour."""

_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of free time that comes back every week, in local wall time.

    `weekday` is the day it starts on: 0 is Monday. `start` and `end` are minutes after midnight; `end` is not
    included, and 1440 is the midnight that ends the day. An `end` before the `start` lies on the next day.
    Raises ValueError for a window that cannot be, and says how to mend it.
    """

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError(f"The weekday is {self.weekday}: give 0 (Monday) to 6 (Sunday).")
        if not 0 <= self.start < _DAY:
            raise ValueError(f"The start is minute {self.start}: give 0 (00:00) to 1439 (23:59).")
        if not 0 <= self.end <= _DAY:
            raise ValueError(f"The end is minute {self.end}: give 0 (00:00) to 1440 (24:00).")
        if self.start == self.end:
            raise ValueError(
                f"The window starts and ends at minute {self.start}: move its end, or give 0 to 1440 for the whole day."
            )

    @property
    def minutes(self) -> int:
        """How long the window is."""
        length = self.end - self.start
        return length if length > 0 else length + _DAY


def week_mask(windows: Iterable[Window], zone: tzinfo, on: date) -> int:
    """The UTC hours that the windows cover whole; bit 0 is Monday 00:00 to 01:00 UTC.

    The offset that `zone` has at noon of the date `on` holds for all seven days, so a mask must be made again
    when the clocks change. Windows that touch or overlap count as one. Raises ValueError when the zone has no
    offset.
    """
    offset = datetime.combine(on, time(12), tzinfo=zone).utcoffset()
    if offset is None:
        raise ValueError("The zone has no offset from UTC: give a ZoneInfo or a datetime.timezone.")
    # An offset with seconds in it (local mean time) makes an hour reach into a 61st local minute.
    shift, seconds = divmod(offset, _MINUTE)
    whole_hour = (1 << (61 if seconds else 60)) - 1
    local = _local_minutes(windows)
    twice = local | (local << _WEEK)
    mask = 0
    for hour in range(HOURS_A_WEEK):
        first = (hour * 60 + shift) % _WEEK
        if (twice >> first) & whole_hour == whole_hour:
            mask |= 1 << hour
    return mask


def overlap_hours(a: int, b: int) -> int:
    """How many hours of the week are in both masks."""
    return (a & b).bit_count()


def hours_by_day(mask: int, utc_offset_minutes: int) -> list[int]:
    """How many hours of the mask begin on each day, Monday first, where clocks are this far ahead of UTC."""
    return [(mask & day).bit_count() for day in _days(utc_offset_minutes)]


@lru_cache(maxsize=128)
def _days(utc_offset_minutes: int) -> list[int]:
    days = [0] * 7
    for hour in range(HOURS_A_WEEK):
        days[(hour * 60 + utc_offset_minutes) % _WEEK // _DAY] |= 1 << hour
    return days


def _local_minutes(windows: Iterable[Window]) -> int:
    """One bit for each minute of the local week; what runs past Sunday comes back on Monday."""
    minutes = 0
    for window in windows:
        free = (1 << window.minutes) - 1
        minutes |= free << (window.weekday * _DAY + window.start)
    return (minutes | minutes >> _WEEK) & ((1 << _WEEK) - 1)
