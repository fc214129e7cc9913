"""Meetings: when and how a pair meets."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index

from models import clock
from models.base import Authored
from models.database import transaction
from models.inbox import Inbox, Kind
from models.mentorship import MeetingKind as MeetingKind
from models.mentorship import Mentorship
from models.profile import zone
from models.refusal import RefusalCode, Refused, invalid
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 480
FURTHEST = timedelta(days=730)

WALL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


class MeetingStatus(StrEnum):
    """A meeting takes place unless somebody cancels it."""

    SCHEDULED = "SCHEDULED"
    CANCELLED = "CANCELLED"


class Meeting(Authored):
    """A meeting keeps the wall time and the zone in which it was agreed, besides the moment in UTC.

    When a country changes its clocks or its rules, the wall time is what the two had in mind.
    """

    visible_through = "mentorship"

    mentorship: fields.ForeignKeyRelation[Mentorship] = fields.ForeignKeyField(
        "models.Mentorship", related_name="meetings", on_delete=fields.CASCADE
    )
    mentorship_id: UUID
    kind = fields.CharEnumField(MeetingKind, max_length=16)
    status = fields.CharEnumField(MeetingStatus, max_length=16, default=MeetingStatus.SCHEDULED)
    starts_at = fields.DatetimeField()
    minutes = fields.SmallIntField()
    time_zone = fields.CharField(max_length=64)
    local_start = fields.CharField(max_length=16)
    agenda = fields.TextField(default="")

    class Meta:
        table = "meeting"
        unique_together = (("author", "client_id"),)
        indexes = (Index(fields=("mentorship_id", "starts_at", "id")),)

    @classmethod
    @transaction
    async def schedule(
        cls,
        mentorship: Mentorship,
        *,
        by: "Account",
        kind: MeetingKind,
        local_start: str,
        time_zone: str,
        minutes: int,
        agenda: str = "",
        client_id: str | None = None,
    ) -> Self:
        """Agree on a meeting at a wall time (`2026-11-30T17:00`) of an IANA zone."""
        content = {
            "mentorship_id": mentorship.id,
            "kind": kind.value,
            "local_start": local_start,
            "time_zone": time_zone,
            "minutes": minutes,
            "agenda": agenda,
        }
        mentorship = await mentorship.held_by(by)
        if first := await cls.made_before(by, client_id, **content):
            return first
        await mentorship.must_pass()
        starts_at = moment_of(local_start, time_zone)
        if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
            raise invalid(f"A meeting lasts {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes.", "minutes")
        if not clock.now() < starts_at < clock.now() + FURTHEST:
            raise invalid("A meeting starts in the future, within the next two years.", "localStart")
        meeting = await cls.make(
            by,
            client_id,
            content,
            mentorship_id=mentorship.id,
            kind=kind,
            starts_at=starts_at,
            minutes=minutes,
            time_zone=time_zone,
            local_start=local_start,
            agenda=prose(agenda, "agenda", empty=True),
        )
        await Inbox.record(Kind.MEETING_CHANGED, meeting, mentorship.people)
        return meeting

    @transaction
    async def cancel(self, *, by: "Account") -> Self:
        """Call the meeting off."""
        mentorship = await (await Mentorship.get(id=self.mentorship_id)).active_for(by)
        meeting = await self.locked(self.id)
        if meeting.status is MeetingStatus.SCHEDULED:
            if meeting.starts_at + timedelta(minutes=meeting.minutes) <= clock.now():
                raise Refused(RefusalCode.WRONG_STATE, "This meeting is over; it cannot be cancelled.")
            await meeting._call_off(mentorship)
        return meeting

    @classmethod
    async def cancel_coming_of(cls, mentorship: Mentorship) -> None:
        """Call off what has not begun, and tell both. Within a unit that holds the mentorship, which orders changes."""
        coming = cls.filter(mentorship_id=mentorship.id, status=MeetingStatus.SCHEDULED, starts_at__gt=clock.now())
        for meeting in await coming.order_by("starts_at", "id"):
            await meeting._call_off(mentorship)

    async def _call_off(self, mentorship: Mentorship) -> None:
        self.status = MeetingStatus.CANCELLED
        await self.store("status")
        await Inbox.record(Kind.MEETING_CHANGED, self, mentorship.people)


def moment_of(local_start: str, time_zone: str) -> datetime:
    """The moment, in UTC, of a wall time to the minute (`2026-11-30T17:00`) in an IANA zone.

    A time that the zone skips is refused. Of a time that it has twice, the first is meant. Raises `Refused`.
    """
    place = zone(time_zone, "timeZone")
    try:
        if not WALL_TIME.fullmatch(local_start):
            raise ValueError(local_start)
        wall = datetime.strptime(local_start, "%Y-%m-%dT%H:%M").replace(tzinfo=place)
        moment = wall.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid("Write the local start as 2026-11-30T17:00.", "localStart") from None
    if moment.astimezone(place).replace(tzinfo=None) != wall.replace(tzinfo=None):
        raise invalid(f"{time_zone} skips this time when its clocks change; take another.", "localStart")
    return moment
