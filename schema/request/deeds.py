"""Changes of requests."""

import strawberry

import models.organisation
import models.profile
import models.request
from models.mentorship import Cadence, MeetingKind
from models.request import Choice, Queue, Terms
from schema.context import Info, viewer
from schema.mentorship import Mentorship
from schema.node import as_node, find, id_if_given, id_of
from schema.refusal import mutation
from schema.request.request import MentorshipRequest

IN_PROGRAMME = "A programme in which you both take part; it says how much time there is for the answer."


@strawberry.input
class TermsInput:
    """What somebody has in mind when they ask."""

    months: int = 6
    cadence: Cadence = Cadence.FORTNIGHTLY
    format: MeetingKind = MeetingKind.VIDEO
    programme_id: strawberry.ID | None = strawberry.field(default=None, description=IN_PROGRAMME)
    client_id: strawberry.ID | None = None

    def terms(self) -> Terms:
        """What they have in mind, with the key of the programme."""
        programme_id = id_if_given(models.organisation.Programme, self.programme_id, "programmeId")
        return Terms(months=self.months, cadence=self.cadence, format=self.format, programme_id=programme_id)


@strawberry.input
class RequestMentorshipInput(TermsInput):
    """What you ask of a mentor."""

    mentor_id: strawberry.ID
    message: str


@strawberry.input
class OfferMentorshipInput(TermsInput):
    """What you offer to a mentee."""

    mentee_id: strawberry.ID
    message: str


@strawberry.input
class MentorChoiceInput:
    """A mentor, and what they are asked when their turn comes."""

    mentor_id: strawberry.ID
    message: str


@strawberry.input
class RequestMentorsInput(TermsInput):
    """Whom you ask one after the other, the dearest first."""

    choices: list[MentorChoiceInput]


@strawberry.input
class ReorderMentorshipRequestsInput:
    """Your choices that wait for their turn, all of them, in their new order."""

    request_ids: list[strawberry.ID]


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
    and_later: bool = strawberry.field(
        default=False, description="Of a choice: those behind it too, so that nobody else is asked."
    )


@strawberry.type
class RequestMentorshipPayload:
    """The request, waiting for the mentor."""

    request: MentorshipRequest


@strawberry.type
class OfferMentorshipPayload:
    """The request, waiting for the mentee."""

    request: MentorshipRequest


@strawberry.type
class RequestMentorsPayload:
    """Your choices in their order."""

    requests: list[MentorshipRequest]


@strawberry.type
class ReorderMentorshipRequestsPayload:
    """Your choices in their new order."""

    requests: list[MentorshipRequest]


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
class RequestMutation:
    """Changes of requests."""

    @mutation("Ask a mentor. Both of you hear of each change through `inbox`.")
    async def request_mentorship(self, info: Info, input: RequestMentorshipInput) -> RequestMentorshipPayload:
        """Ask a mentor."""
        request = await models.request.MentorshipRequest.ask(
            id_of(models.profile.Profile, input.mentor_id, "mentorId"),
            by=viewer(info),
            message=input.message,
            client_id=input.client_id,
            **input.terms(),
        )
        return RequestMentorshipPayload(request=as_node(request))

    @mutation("Ask a mentee, as a mentor: they decide. A place of yours is taken when they say yes.")
    async def offer_mentorship(self, info: Info, input: OfferMentorshipInput) -> OfferMentorshipPayload:
        """Ask a mentee."""
        request = await models.request.MentorshipRequest.offer(
            id_of(models.profile.Profile, input.mentee_id, "menteeId"),
            by=viewer(info),
            message=input.message,
            client_id=input.client_id,
            **input.terms(),
        )
        return OfferMentorshipPayload(request=as_node(request))

    @mutation(
        "Ask up to five mentors, one after the other: the next is asked when one declines, or lets the time to answer "
        "pass. Whoever has not been asked yet does not know of it. Once one accepts, the others are not asked. "
        "Where you have choices open, these come behind them."
    )
    async def request_mentors(self, info: Info, input: RequestMentorsInput) -> RequestMentorsPayload:
        """Ask mentors one after the other."""
        choices = [
            Choice(id_of(models.profile.Profile, choice.mentor_id, "choices"), choice.message)
            for choice in input.choices
        ]
        made = await Queue.add(choices, by=viewer(info), client_id=input.client_id, **input.terms())
        return RequestMentorsPayload(requests=as_node(made))

    @mutation("Put your choices that wait for their turn in another order.")
    async def reorder_mentorship_requests(
        self, info: Info, input: ReorderMentorshipRequestsInput
    ) -> ReorderMentorshipRequestsPayload:
        """Put choices in another order."""
        ids = [id_of(models.request.MentorshipRequest, request_id, "requestIds") for request_id in input.request_ids]
        return ReorderMentorshipRequestsPayload(requests=as_node(await Queue.reorder(ids, by=viewer(info))))

    @mutation("Say yes to who has asked you: the mentorship begins, and takes one of the mentor's places.")
    async def accept_mentorship_request(
        self, info: Info, input: AcceptMentorshipRequestInput
    ) -> AcceptMentorshipRequestPayload:
        """Say yes."""
        request = await find(models.request.MentorshipRequest, input.request_id, "requestId", info)
        mentorship = await request.accept(by=viewer(info))
        await request.refresh_from_db()
        return AcceptMentorshipRequestPayload(mentorship=as_node(mentorship), request=as_node(request))

    @mutation("Say no to who has asked you. They are shown the reason, if you give one.")
    async def decline_mentorship_request(
        self, info: Info, input: DeclineMentorshipRequestInput
    ) -> DeclineMentorshipRequestPayload:
        """Say no."""
        request = await find(models.request.MentorshipRequest, input.request_id, "requestId", info)
        declined = await request.decline(by=viewer(info), reason=input.reason)
        return DeclineMentorshipRequestPayload(request=as_node(declined))

    @mutation("Take your request back. If it was one of your choices, the next has its turn.")
    async def withdraw_mentorship_request(
        self, info: Info, input: WithdrawMentorshipRequestInput
    ) -> WithdrawMentorshipRequestPayload:
        """Take a request back."""
        request = await find(models.request.MentorshipRequest, input.request_id, "requestId", info)
        withdrawn = await request.withdraw(by=viewer(info), and_later=input.and_later)
        return WithdrawMentorshipRequestPayload(request=as_node(withdrawn))
