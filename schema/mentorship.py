"""Mentorships."""

from datetime import date, datetime

import strawberry

import models.mentorship
from models.mentorship import Cadence, MeetingKind, MentorshipStatus
from schema.connection import Connection, Order, children, page
from schema.context import Info, viewer
from schema.conversation import Conversation
from schema.goal import Goal
from schema.meeting import Meeting
from schema.node import Node, as_node, find, lookup, node, related
from schema.organisation import Programme
from schema.profile import Profile
from schema.refusal import mutation

NEWEST_FIRST = Order("mentorships", "-created_at")
OLDEST_GOAL_FIRST = Order("goals", "created_at")
LATEST_MEETING_FIRST = Order("meetings", "-starts_at")

strawberry.enum(Cadence, description="How often the two mean to meet.")
strawberry.enum(MentorshipStatus, description="A mentorship is active until somebody ends it.")


@node(models.mentorship.Mentorship, "The relationship of a mentor and a mentee.")
class Mentorship(Node):
    """The relationship of a mentor and a mentee."""

    mentor: Profile = related()
    mentee: Profile = related()
    programme: Programme | None = related(
        "The programme in which the two were brought together; null outside of all, or where you have left."
    )
    status: MentorshipStatus
    cadence: Cadence
    format: MeetingKind = strawberry.field(description="How the two mean to meet.")
    created_at: datetime
    ends_on: date = strawberry.field(description="The end that the two have in mind.")
    ended_at: datetime | None
    end_reason: str
    goals: Connection[Goal] = children(OLDEST_GOAL_FIRST)
    meetings: Connection[Meeting] = children(LATEST_MEETING_FIRST)
    conversation: Conversation | None = related()


@strawberry.input
class EndMentorshipInput:
    """The mentorship that you end, and why."""

    mentorship_id: strawberry.ID
    reason: str = ""


@strawberry.type
class EndMentorshipPayload:
    """The mentorship, ended."""

    mentorship: Mentorship


@strawberry.type
class MentorshipQuery:
    """Reads of mentorships."""

    @strawberry.field(description="A mentorship of yours; null where there is none.")
    def mentorship(self, info: Info, id: strawberry.ID) -> Mentorship | None:
        """A mentorship by its global id."""
        return lookup(models.mentorship.Mentorship, id, info)

    @strawberry.field(description="Your mentorships on either side, the newest first.")
    def mentorships(
        self, info: Info, status: MentorshipStatus | None = None, first: int | None = None, after: str | None = None
    ) -> Connection[Mentorship]:
        """The viewer's mentorships."""
        found = models.mentorship.Mentorship.visible_to(viewer(info))
        if status is not None:
            found = found.filter(status=status)
        return page(found, NEWEST_FIRST, first=first, after=after)


@strawberry.type
class MentorshipMutation:
    """Changes of mentorships."""

    @mutation(
        "End a mentorship: its conversation closes, its calls end, and its meetings that have not begun are cancelled, "
        "at once and on every device."
    )
    async def end_mentorship(self, info: Info, input: EndMentorshipInput) -> EndMentorshipPayload:
        """End a mentorship."""
        mentorship = await find(models.mentorship.Mentorship, input.mentorship_id, "mentorshipId", info)
        ended = await mentorship.end(by=viewer(info), reason=input.reason)
        return EndMentorshipPayload(mentorship=as_node(ended))
