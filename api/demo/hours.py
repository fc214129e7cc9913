"""Hours that suit two people, wherever they live."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.demo.people import Person
from matching.availability import HOURS_A_WEEK, week_mask

DAYS: Final = 5
"""How many days from the given one are looked at."""

_MIDDAY: Final = 13.5


def shared_hour(one: Person, other: Person, day: date) -> datetime:
    """The start, in UTC, of an hour within five days of `day` that suits both people.

    An hour in the weekly windows of both comes first, then one on a working day, then the one that is nearest to
    midday for both.
    """
    midnight = datetime.combine(day, time(), UTC)
    hours = [midnight + timedelta(hours=hour) for hour in range(24 * DAYS)]
    zones = [ZoneInfo(person.time_zone) for person in (one, other)]
    weeks = [week_mask(person.availability, zone, day) for person, zone in zip((one, other), zones, strict=True)]
    both = weeks[0] & weeks[1]

    def burden(hour: datetime) -> tuple[bool, bool, float, datetime]:
        bit = (hour.weekday() * 24 + hour.hour) % HOURS_A_WEEK
        local = [hour.astimezone(zone) for zone in zones]
        weekend = any(wall.weekday() >= 5 for wall in local)
        from_midday = max(abs(wall.hour + wall.minute / 60 - _MIDDAY) for wall in local)
        return not both >> bit & 1, weekend, from_midday, hour

    return min(hours, key=burden)
