"""Mentorship requests."""

from collections.abc import Callable
from datetime import datetime

import strawberry

import models.request
from models.mentorship import Cadence, MeetingKind
from models.request import STANDINGS, RequestOwner, RequestStatus, Standing
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.mentorship import Mentorship
from schema.node import Node, node, related
from schema.organisation import Programme
from schema.plan.read import METADATA, Expression
from schema.profile import Profile

NEWEST_FIRST = Order("requests", "-created_at")

strawberry.enum(RequestStatus, description="Where a request stands.")
strawberry.enum(RequestOwner, description="Whose move it is.")


def _said(part: Callable[[Standing], str]) -> Expression:
    """What is said of a request's standing, in SQL: by its status, and by who has asked where that matters."""
    cases = []
    for status in RequestStatus:
        by_mentor, by_mentee = (part(STANDINGS[status, asked]) for asked in (True, False))
        if by_mentor != by_mentee:
            cases.append(f"WHEN {{status}} = '{status}' AND {{author_id}} = {{mentor_id}} THEN '{by_mentor}'")
        cases.append(f"WHEN {{status}} = '{status}' THEN '{by_mentee}'")
    return Expression(f"CASE {' '.join(cases)} END")


def _standing(root: models.request.MentorshipRequest) -> Standing:
    return STANDINGS[root.status, root.is_offer]


@node(models.request.MentorshipRequest, "One person asks another for a mentorship.")
class MentorshipRequest(Node):
    """One person asks another."""

    author: Profile = related("Who asks; the other decides.")
    mentor: Profile = related()
    mentee: Profile = related()
    programme: Programme | None = related("The programme in which they ask; null outside of all.")
    message: str
    months: int = strawberry.field(description="How long the mentorship is meant to last.")
    cadence: Cadence
    format: MeetingKind = strawberry.field(description="How the two mean to meet.")
    status: RequestStatus
    reason: str = strawberry.field(description="What was said on declining, or why it was passed over; may be empty.")
    created_at: datetime = strawberry.field(
        description="When the other was asked; while it is queued, when it was made."
    )
    expires_at: datetime | None = strawberry.field(
        description="Until when there can be an answer; null where nobody was asked."
    )
    decided_at: datetime | None
    mentorship: Mentorship | None = related("What came of it, once it is accepted.")

    @strawberry.field(description="Whose move it is.", metadata={METADATA: _said(lambda said: said.owner)})
    def owner(root: models.request.MentorshipRequest, info: Info) -> RequestOwner:
        """Whose move it is."""
        return _standing(root).owner

    @strawberry.field(
        description="What it waits for or has come to, in a sentence: `Waiting for the mentor.`",
        metadata={METADATA: _said(lambda said: said.waiting_for)},
    )
    def waiting_for(root: models.request.MentorshipRequest, info: Info) -> str:
        """What it waits for."""
        return _standing(root).waiting_for

    @strawberry.field(
        description="What comes next, in a sentence.", metadata={METADATA: _said(lambda said: said.next_step)}
    )
    def next_step(root: models.request.MentorshipRequest, info: Info) -> str:
        """What comes next."""
        return _standing(root).next_step

    @strawberry.field(
        description="Where it stands among the choices of a mentee, from 1. The mentee alone knows that it is one.",
        metadata={METADATA: Expression("CASE WHEN {mentee_id} = {viewer} THEN {place} END")},
    )
    def place(root: models.request.MentorshipRequest, info: Info) -> int | None:
        """Its place among the mentee's choices."""
        return root.place if root.mentee_id == viewer(info).id else None


@strawberry.type
class RequestQuery:
    """Reads of requests."""

    @strawberry.field(description="The requests that you made or got, the newest first.")
    def mentorship_requests(
        self, info: Info, status: RequestStatus | None = None, first: int | None = None, after: str | None = None
    ) -> Connection[MentorshipRequest]:
        """The viewer's requests."""
        found = models.request.MentorshipRequest.visible_to(viewer(info))
        if status is not None:
            found = found.filter(status=status)
        return page(found, NEWEST_FIRST, first=first, after=after)
