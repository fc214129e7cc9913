"""Meetings."""

from datetime import datetime

import strawberry

import models.meeting
import models.mentorship
from models.meeting import MeetingKind, MeetingStatus
from schema.connection import Connection, children
from schema.context import Info, viewer
from schema.evidence import BY_AGE, Evidence
from schema.node import Node, as_node, find, node
from schema.refusal import mutation

strawberry.enum(MeetingStatus, description="It takes place unless somebody cancels it.")


@node(models.meeting.Meeting, "When and how a pair meets.")
class Meeting(Node):
    """When and how a pair meets."""

    kind: MeetingKind
    status: MeetingStatus
    starts_at: datetime
    minutes: int
    time_zone: str = strawberry.field(description="The zone in which the two agreed on the time.")
    local_start: str = strawberry.field(description="The wall time that they agreed on, such as 2026-11-30T17:00.")
    agenda: str
    evidence: Connection[Evidence] = children(BY_AGE, "The messages that are kept with it, the first first.")


@strawberry.input
class ScheduleMeetingInput:
    """A meeting at a wall time of a zone."""

    mentorship_id: strawberry.ID
    kind: MeetingKind
    local_start: str = strawberry.field(description="The wall time, such as 2026-11-30T17:00.")
    time_zone: str = strawberry.field(description="An IANA name, such as Europe/Lisbon.")
    minutes: int = 45
    agenda: str = ""
    client_id: strawberry.ID | None = None


@strawberry.input
class CancelMeetingInput:
    """The meeting that you call off."""

    meeting_id: strawberry.ID


@strawberry.type
class ScheduleMeetingPayload:
    """The new meeting."""

    meeting: Meeting


@strawberry.type
class CancelMeetingPayload:
    """The meeting, called off."""

    meeting: Meeting


@strawberry.type
class MeetingMutation:
    """Changes of meetings. Either side of the mentorship may make them."""

    @mutation("Agree on a meeting.")
    async def schedule_meeting(self, info: Info, input: ScheduleMeetingInput) -> ScheduleMeetingPayload:
        """Agree on a meeting."""
        mentorship = await find(models.mentorship.Mentorship, input.mentorship_id, "mentorshipId", info)
        meeting = await models.meeting.Meeting.schedule(
            mentorship,
            by=viewer(info),
            kind=input.kind,
            local_start=input.local_start,
            time_zone=input.time_zone,
            minutes=input.minutes,
            agenda=input.agenda,
            client_id=input.client_id,
        )
        return ScheduleMeetingPayload(meeting=as_node(meeting))

    @mutation("Call a meeting off.")
    async def cancel_meeting(self, info: Info, input: CancelMeetingInput) -> CancelMeetingPayload:
        """Call a meeting off."""
        meeting = await find(models.meeting.Meeting, input.meeting_id, "meetingId", info)
        return CancelMeetingPayload(meeting=as_node(await meeting.cancel(by=viewer(info))))
