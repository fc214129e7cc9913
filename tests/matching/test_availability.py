from datetime import date, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.availability import FULL_WEEK, HOURS_A_WEEK, Window, overlap_hours, week_mask
from tests.matching.people import quick

ON = date(2026, 1, 5)
WINTER, SUMMER = date(2026, 1, 5), date(2026, 7, 6)
DAY, WEEK = 24 * 60, 7 * 24 * 60
MONDAY, TUESDAY, SATURDAY, SUNDAY = 0, 1, 5, 6

masks = st.integers(0, FULL_WEEK)
offsets = st.integers(-23 * 60, 23 * 60)


def window_of(day: int, start: int, length: int) -> Window:
    end = (start + length) % DAY
    return Window(day, start, end)


window_lists = st.lists(
    st.builds(window_of, st.integers(0, 6), st.integers(0, DAY - 1), st.integers(1, DAY - 1)),
    max_size=6,
)


def at(hours: int, minutes: int = 0) -> int:
    return hours * 60 + minutes


def fixed(minutes: int) -> tzinfo:
    return timezone(timedelta(minutes=minutes))


def hours(mask: int) -> list[tuple[int, int]]:
    """The hours of a mask as (UTC weekday, UTC hour)."""
    return [divmod(hour, 24) for hour in range(HOURS_A_WEEK) if mask >> hour & 1]


def later(window: Window, minutes: int) -> Window:
    day, start = divmod((window.weekday * DAY + window.start + minutes) % WEEK, DAY)
    return window_of(day, start, window.minutes)


def test_a_window_in_utc_gives_its_own_hours() -> None:
    assert hours(week_mask([Window(TUESDAY, at(9), at(12))], fixed(0), ON)) == [(1, 9), (1, 10), (1, 11)]


def test_bit_0_is_the_first_hour_of_monday_and_bit_167_the_last_of_sunday() -> None:
    assert week_mask([Window(MONDAY, 0, at(1))], fixed(0), ON) == 1
    assert week_mask([Window(SUNDAY, at(23), DAY)], fixed(0), ON) == 1 << 167


def test_no_window_is_no_hour() -> None:
    assert week_mask([], fixed(0), ON) == 0


def test_seven_whole_days_are_the_full_week_in_every_zone() -> None:
    days = [Window(day, 0, DAY) for day in range(7)]
    for zone in (fixed(0), fixed(345), ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Kiritimati")):
        assert week_mask(days, zone, ON) == FULL_WEEK


def test_an_hour_counts_only_when_it_is_covered_whole() -> None:
    assert hours(week_mask([Window(MONDAY, at(9, 1), at(11))], fixed(0), ON)) == [(0, 10)]
    assert hours(week_mask([Window(MONDAY, at(9), at(10, 59))], fixed(0), ON)) == [(0, 9)]
    assert hours(week_mask([Window(MONDAY, at(9, 30), at(10, 30))], fixed(0), ON)) == []


def test_windows_that_touch_cover_an_hour_together() -> None:
    halves = [Window(MONDAY, at(9), at(9, 30)), Window(MONDAY, at(9, 30), at(10))]
    assert hours(week_mask(halves, fixed(0), ON)) == [(0, 9)]


def test_windows_that_overlap_count_once() -> None:
    both = [Window(MONDAY, at(9), at(11)), Window(MONDAY, at(10), at(12))]
    assert hours(week_mask(both, fixed(0), ON)) == [(0, 9), (0, 10), (0, 11)]


def test_the_hours_follow_summer_time_on_the_given_date() -> None:
    window = [Window(MONDAY, at(9), at(10))]
    berlin = ZoneInfo("Europe/Berlin")
    assert hours(week_mask(window, berlin, WINTER)) == [(0, 8)]
    assert hours(week_mask(window, berlin, SUMMER)) == [(0, 7)]


def test_the_offset_is_that_of_noon_on_the_day_when_the_clocks_change() -> None:
    window = [Window(MONDAY, at(9), at(10))]
    assert hours(week_mask(window, ZoneInfo("Europe/Berlin"), date(2026, 3, 28))) == [(0, 8)]
    assert hours(week_mask(window, ZoneInfo("Europe/Berlin"), date(2026, 3, 29))) == [(0, 7)]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Kolkata", [(0, 4), (0, 5)]),  # +05:30: 03:30 to 06:30 UTC
        ("Asia/Kathmandu", [(0, 4), (0, 5)]),  # +05:45: 03:15 to 06:15 UTC
        ("America/St_Johns", [(0, 13), (0, 14)]),  # -03:30: 12:30 to 15:30 UTC
    ],
)
def test_a_zone_off_the_full_hour_loses_the_two_broken_hours(zone: str, expected: list[tuple[int, int]]) -> None:
    assert hours(week_mask([Window(MONDAY, at(9), at(12))], ZoneInfo(zone), ON)) == expected


def test_an_offset_with_seconds_needs_the_minute_more_that_it_reaches_into() -> None:
    zone = timezone(timedelta(seconds=90))
    assert hours(week_mask([Window(MONDAY, at(9, 1), at(10, 2))], zone, ON)) == [(0, 9)]
    assert hours(week_mask([Window(MONDAY, at(9, 1), at(10, 1))], zone, ON)) == []
    assert hours(week_mask([Window(MONDAY, at(9, 2), at(10, 2))], zone, ON)) == []


def test_a_window_that_ends_before_it_starts_runs_into_the_next_day() -> None:
    assert hours(week_mask([Window(MONDAY, at(22), at(1))], fixed(0), ON)) == [(0, 22), (0, 23), (1, 0)]


def test_a_window_that_ends_at_midnight_may_say_0_or_1440() -> None:
    zero, last = Window(MONDAY, at(22), 0), Window(MONDAY, at(22), DAY)
    assert week_mask([zero], fixed(0), ON) == week_mask([last], fixed(0), ON) == 0b11 << 22


def test_sunday_night_runs_into_monday_morning() -> None:
    assert hours(week_mask([Window(SUNDAY, at(23), at(2))], fixed(0), ON)) == [(0, 0), (0, 1), (6, 23)]


def test_monday_morning_in_tokyo_is_sunday_in_utc() -> None:
    window = [Window(MONDAY, at(7), at(10))]
    assert hours(week_mask(window, ZoneInfo("Asia/Tokyo"), ON)) == [(0, 0), (6, 22), (6, 23)]


def test_sunday_evening_in_new_york_is_monday_in_utc() -> None:
    window = [Window(SUNDAY, at(18), at(21))]
    assert hours(week_mask(window, ZoneInfo("America/New_York"), ON)) == [(0, 0), (0, 1), (6, 23)]


def test_an_hour_across_the_end_of_the_week_is_covered_by_two_windows() -> None:
    window = [Window(SUNDAY, at(23, 30), DAY), Window(MONDAY, 0, at(0, 30))]
    assert hours(week_mask(window, fixed(30), ON)) == [(6, 23)]


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ((7, 0, 60), r"weekday is 7: give 0 \(Monday\) to 6"),
        ((-1, 0, 60), "weekday is -1: give"),
        ((0, -1, 60), "start is minute -1: give 0"),
        ((0, 1440, 60), r"start is minute 1440: give .* 1439"),
        ((0, 0, 1441), r"end is minute 1441: give .* 1440"),
        ((0, 0, -1), "end is minute -1: give 0"),
        ((0, 540, 540), "starts and ends at minute 540: move its end, or give 0 to 1440"),
    ],
)
def test_an_impossible_window_says_how_to_mend_it(fields: tuple[int, int, int], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        Window(*fields)


def test_a_zone_without_an_offset_is_refused() -> None:
    class Nowhere(tzinfo):
        def utcoffset(self, _: object) -> None:
            return None

        dst = tzname = utcoffset

    with pytest.raises(ValueError, match="give a ZoneInfo"):
        week_mask([], Nowhere(), ON)


def test_overlap_counts_the_hours_of_both() -> None:
    assert overlap_hours(0b0111, 0b1110) == 2
    assert overlap_hours(FULL_WEEK, FULL_WEEK) == 168


@given(masks, masks)
@quick
def test_overlap_is_the_same_both_ways_and_never_more_than_either(a: int, b: int) -> None:
    assert overlap_hours(a, b) == overlap_hours(b, a)
    assert 0 <= overlap_hours(a, b) <= min(a.bit_count(), b.bit_count()) <= 168


@given(window_lists, offsets)
@quick
def test_the_mask_is_what_counting_minute_by_minute_finds(windows: list[Window], offset: int) -> None:
    free = {(w.weekday * DAY + w.start + n) % WEEK for w in windows for n in range(w.minutes)}
    expected = 0
    for hour in range(HOURS_A_WEEK):
        if all((hour * 60 + minute + offset) % WEEK in free for minute in range(60)):
            expected |= 1 << hour
    assert week_mask(windows, fixed(offset), ON) == expected


@given(window_lists, offsets, offsets)
@quick
def test_moving_zone_and_windows_together_changes_nothing(windows: list[Window], one: int, two: int) -> None:
    moved = [later(window, two - one) for window in windows]
    assert week_mask(moved, fixed(two), ON) == week_mask(windows, fixed(one), ON)


@given(window_lists, window_lists, offsets)
@quick
def test_one_window_more_never_takes_an_hour_away(few: list[Window], more: list[Window], offset: int) -> None:
    before = week_mask(few, fixed(offset), ON)
    assert before & week_mask([*few, *more], fixed(offset), ON) == before
