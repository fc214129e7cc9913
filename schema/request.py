"""Mentorship requests."""

from datetime import datetime

import strawberry

import models.profile
import models.request
from models.mentorship import Cadence
from models.request import RequestStatus
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.mentorship import Mentorship
from schema.node import Node, as_node, find, id_of, node, related
from schema.profile import Profile
from schema.refusal import mutation

NEWEST_FIRST = Order("requests", "-created_at")

strawberry.enum(RequestStatus, description="Where a request stands.")


@node(models.request.MentorshipRequest, "One person asks another for a mentorship.")
class MentorshipRequest(Node):
    """One person asks another."""

    mentor: Profile = related()
    mentee: Profile = related()
    message: str
    months: int = strawberry.field(description="How long the mentorship is meant to last.")
    cadence: Cadence
    status: RequestStatus
    reason: str = strawberry.field(description="What the mentor said on declining; may be empty.")
    created_at: datetime
    expires_at: datetime = strawberry.field(description="Until when the mentor can answer.")
    decided_at: datetime | None
    mentorship: Mentorship | None = related("What came of it, once it is accepted.")


@strawberry.input
class RequestMentorshipInput:
    """What you ask of a mentor."""

    mentor_id: strawberry.ID
    message: str
    months: int = 6
    cadence: Cadence = Cadence.FORTNIGHTLY
    client_id: strawberry.ID | None = None


@strawberry.input
class AcceptMentorshipRequestInput:
    """The request that you accept."""

    request_id: strawberry.ID


@strawberry.input
class DeclineMentorshipRequestInput:
    """The request that you decline, and why."""

    request_id: strawberry.ID
    reason: str = ""


@strawberry.input
class WithdrawMentorshipRequestInput:
    """The request that you take back."""

    request_id: strawberry.ID


@strawberry.type
class RequestMentorshipPayload:
    """The request, waiting for the mentor."""

    request: MentorshipRequest


@strawberry.type
class AcceptMentorshipRequestPayload:
    """The mentorship that has begun."""

    mentorship: Mentorship
    request: MentorshipRequest


@strawberry.type
class DeclineMentorshipRequestPayload:
    """The declined request."""

    request: MentorshipRequest


@strawberry.type
class WithdrawMentorshipRequestPayload:
    """The withdrawn request."""

    request: MentorshipRequest


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


@strawberry.type
class RequestMutation:
    """Changes of requests."""

    @mutation("Ask a mentor. Both of you hear of each change through `inbox`.")
    async def request_mentorship(self, info: Info, input: RequestMentorshipInput) -> RequestMentorshipPayload:
        """Ask a mentor."""
        request = await models.request.MentorshipRequest.ask(
            id_of(models.profile.Profile, input.mentor_id, "mentorId"),
            by=viewer(info),
            message=input.message,
            months=input.months,
            cadence=input.cadence,
            client_id=input.client_id,
        )
        return RequestMentorshipPayload(request=as_node(request))

    @mutation("Say yes: the mentorship begins, and takes one of your places.")
    async def accept_mentorship_request(
        self, info: Info, input: AcceptMentorshipRequestInput
    ) -> AcceptMentorshipRequestPayload:
        """Say yes."""
        request = await find(models.request.MentorshipRequest, input.request_id, "requestId", info)
        mentorship = await request.accept(by=viewer(info))
        await request.refresh_from_db()
        return AcceptMentorshipRequestPayload(mentorship=as_node(mentorship), request=as_node(request))

    @mutation("Say no. The mentee is shown the reason, if you give one.")
    async def decline_mentorship_request(
        self, info: Info, input: DeclineMentorshipRequestInput
    ) -> DeclineMentorshipRequestPayload:
        """Say no."""
        request = await find(models.request.MentorshipRequest, input.request_id, "requestId", info)
        declined = await request.decline(by=viewer(info), reason=input.reason)
        return DeclineMentorshipRequestPayload(request=as_node(declined))

    @mutation("Take your request back.")
    async def withdraw_mentorship_request(
        self, info: Info, input: WithdrawMentorshipRequestInput
    ) -> WithdrawMentorshipRequestPayload:
        """Take a request back."""
        request = await find(models.request.MentorshipRequest, input.request_id, "requestId", info)
        withdrawn = await request.withdraw(by=viewer(info))
        return WithdrawMentorshipRequestPayload(request=as_node(withdrawn))
