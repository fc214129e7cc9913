"""When and how a pair meets."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import clock
from models.inbox import Kind
from models.meeting import FURTHEST, Meeting, MeetingKind, MeetingStatus, moment_of
from models.refusal import RefusalCode, Refused
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person

MINUTE = timedelta(minutes=1)
zones = st.sampled_from(sorted(available_timezones()))
moments = st.integers(0, 60 * 365 * 24 * 60).map(lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + minutes * MINUTE)


def wall(moment: datetime, zone: str) -> str:
    """What the clocks of a zone show at a moment."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


@settings(deadline=None, max_examples=300)
@given(moments, zones)
def test_what_a_zones_clocks_show_is_the_moment_or_the_first_of_two(moment: datetime, zone: str) -> None:
    found = moment_of(wall(moment, zone), zone)
    if moment.astimezone(ZoneInfo(zone)).fold:
        # The clocks show it a second time.
        assert found < moment
        assert wall(found, zone) == wall(moment, zone)
    else:
        assert found == moment


@settings(deadline=None, max_examples=300)
@given(moments.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M")), zones)
def test_a_wall_time_is_one_that_the_zones_clocks_show_or_it_is_refused(local_start: str, zone: str) -> None:
    try:
        found = moment_of(local_start, zone)
    except Refused as refusal:
        assert (refusal.code, refusal.field) == (RefusalCode.INVALID, "localStart")  # noqa: PT017 - it may also pass
    else:
        assert found.tzinfo is UTC
        assert wall(found, zone) == local_start


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("local_start", "zone", "moment"),
    [
        ("2026-11-30T17:00", "UTC", utc(2026, 11, 30, 17)),
        ("2026-07-01T17:00", "Europe/Lisbon", utc(2026, 7, 1, 16)),
        ("2026-12-01T17:00", "Europe/Lisbon", utc(2026, 12, 1, 17)),
        ("2026-11-30T17:00", "Asia/Kolkata", utc(2026, 11, 30, 11, 30)),
        ("2026-11-30T17:00", "Asia/Kathmandu", utc(2026, 11, 30, 11, 15)),
        ("2026-11-30T17:00", "America/St_Johns", utc(2026, 11, 30, 20, 30)),
        ("2026-11-30T00:30", "Pacific/Kiritimati", utc(2026, 11, 29, 10, 30)),
        # Twice on the clocks: the first is meant, still in summer time.
        ("2026-10-25T02:30", "Europe/Berlin", utc(2026, 10, 25, 0, 30)),
        ("2026-11-01T01:30", "America/New_York", utc(2026, 11, 1, 5, 30)),
        # Lord Howe's clocks change by half an hour.
        ("2026-04-05T01:45", "Australia/Lord_Howe", utc(2026, 4, 4, 14, 45)),
    ],
)
def test_a_wall_time_is_a_moment(local_start: str, zone: str, moment: datetime) -> None:
    assert moment_of(local_start, zone) == moment


@pytest.mark.parametrize(
    ("local_start", "zone"),
    [
        ("2027-03-28T02:30", "Europe/Berlin"),
        ("2027-03-28T02:00", "Europe/Berlin"),
        ("2027-03-14T02:59", "America/New_York"),
        ("2026-10-04T02:15", "Australia/Lord_Howe"),
        # Samoa went without a day.
        ("2011-12-30T12:00", "Pacific/Apia"),
    ],
)
def test_a_time_that_the_clocks_skip_is_refused(local_start: str, zone: str) -> None:
    with pytest.raises(Refused, match="skips this time"):
        moment_of(local_start, zone)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-30",
        "2026-11-30 17:00",
        "2026-11-30T17:00:00",
        "2026-11-30T17:00Z",
        "2026-11-30T17:00+01:00",
        "2026-02-29T10:00",
        "2026-13-01T10:00",
        "2026-11-30T24:00",
        "2026-11-30T17:00\n",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "\uff12\uff10\uff12\uff16-11-30T17:00",
        "2026-11-30T17:0\x00",
        "2026-11-30T17:�",
    ],
)
def test_what_is_no_wall_time_is_refused(text: str) -> None:
    # There the year 1 begins before the year 1 in UTC, and 9999 ends after 9999.
    zone = "Pacific/Pago_Pago" if text.startswith("9999") else "Asia/Tokyo"
    with refused(RefusalCode.INVALID, "localStart"):
        moment_of(text, zone)


@pytest.mark.parametrize("text", ["2026-1-3T7:05", "2026-11-30T7:00", "2026-11-30T17:5", "2026-11-3T17:00"])
def test_a_wall_time_has_one_spelling(text: str) -> None:
    """It is kept and shown as it was written: what reads it back expects two digits."""
    with refused(RefusalCode.INVALID, "localStart"):
        moment_of(text, "UTC")


@pytest.mark.parametrize("zone", ["", "CEST", "+01:00", "europe/berlin", "../../etc/passwd", "UTC\0"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with refused(RefusalCode.INVALID, "timeZone"):
        moment_of("2026-11-30T17:00", zone)


async def schedule(two: Pair, **changes: Any) -> Meeting:
    what: dict[str, Any] = {
        "by": two.mentor,
        "kind": MeetingKind.VIDEO,
        "local_start": wall(clock.now() + timedelta(days=3), "Asia/Kolkata"),
        "time_zone": "Asia/Kolkata",
        "minutes": 45,
        **changes,
    }
    return await Meeting.schedule(two.mentorship, **what)


@pytest.mark.parametrize("side", ["mentor", "mentee"])
async def test_a_meeting_keeps_its_wall_time_and_zone_besides_the_moment_and_both_hear_of_it(
    database: str, side: str
) -> None:
    two = await pair()
    before = await place(two.mentor), await place(two.mentee)
    in_a_year = f"{clock.now().year + 1}-07-01T17:00"
    meeting = await schedule(two, by=getattr(two, side), local_start=in_a_year, agenda=" Talk.\nMore. ")
    stored = await Meeting.get(id=meeting.id)
    assert (stored.local_start, stored.time_zone) == (in_a_year, "Asia/Kolkata")
    assert stored.starts_at == utc(clock.now().year + 1, 7, 1, 11, 30)
    assert (stored.minutes, stored.agenda, stored.kind) == (45, "Talk.\nMore.", MeetingKind.VIDEO)
    assert stored.status is MeetingStatus.SCHEDULED
    assert await news(two.mentor, before[0]) == await news(two.mentee, before[1]) == [Kind.MEETING_CHANGED]


async def test_a_meeting_lasts_five_minutes_to_eight_hours(database: str) -> None:
    two = await pair()
    for minutes in (4, 481, 0, -5):
        with refused(RefusalCode.INVALID, "minutes"):
            await schedule(two, minutes=minutes)
    for minutes in (5, 480):
        await schedule(two, minutes=minutes)


async def test_a_meeting_starts_within_the_next_two_years(database: str) -> None:
    two = await pair()
    for ahead in (-MINUTE, timedelta(), FURTHEST + 2 * MINUTE):
        with refused(RefusalCode.INVALID, "localStart"):
            await schedule(two, local_start=wall(clock.now() + ahead, "Asia/Kolkata"))
    for ahead in (2 * MINUTE, FURTHEST - MINUTE):
        await schedule(two, local_start=wall(clock.now() + ahead, "Asia/Kolkata"))


async def test_a_retry_with_its_key_schedules_nothing_twice_even_when_the_meeting_is_over(database: str) -> None:
    two = await pair()
    start = wall(clock.now() + timedelta(days=1), "Asia/Kolkata")
    first = await schedule(two, local_start=start, client_id="k")
    with clock.moved(timedelta(days=2)):
        assert (await schedule(two, local_start=start, client_id="k")).id == first.id
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await schedule(two, client_id="k")


async def test_either_side_calls_a_meeting_off_once(database: str) -> None:
    two = await pair()
    meeting = await schedule(two)
    before = await place(two.mentor)
    for by in (two.mentee, two.mentor):
        assert (await meeting.cancel(by=by)).status is MeetingStatus.CANCELLED
    assert (await Meeting.get(id=meeting.id)).status is MeetingStatus.CANCELLED
    assert await news(two.mentor, before) == [Kind.MEETING_CHANGED]


async def test_a_meeting_can_be_called_off_until_it_is_over(database: str) -> None:
    two = await pair()
    start = clock.now().replace(second=0, microsecond=0) + timedelta(days=1)
    over, running = [await schedule(two, local_start=wall(start, "Asia/Kolkata")) for _ in range(2)]
    with clock.moved(start + timedelta(minutes=44) - clock.now()):
        await running.cancel(by=two.mentor)
    with clock.moved(start + timedelta(minutes=45) - clock.now()), refused(RefusalCode.WRONG_STATE):
        await over.cancel(by=two.mentor)
    assert (await Meeting.get(id=over.id)).status is MeetingStatus.SCHEDULED


async def test_strangers_neither_schedule_nor_cancel_nor_see_meetings(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    meeting = await schedule(two)
    for change in (schedule(two, by=eve), meeting.cancel(by=eve)):
        with refused(RefusalCode.NOT_ALLOWED):
            await change
    assert await Meeting.visible_to(eve) == []
    assert await Meeting.visible_to(two.mentee).count() == 1
