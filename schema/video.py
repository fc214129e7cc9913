"""Video sessions and their signals."""

from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

import models.meeting
import models.mentorship
import models.video
from models.video import LEASE, VideoStatus
from realtime import signalling
from schema.context import Info, viewer
from schema.meeting import Meeting
from schema.node import Node, as_node, find, id_of, lookup, members, node, related
from schema.profile import Profile
from schema.refusal import mutation

# A client that misses one beat is still there when the next one comes.
HEARTBEAT_SECONDS = int(LEASE.total_seconds()) // 3

strawberry.enum(VideoStatus, description="Open until two have been there, then live; ended for good.")


@strawberry.enum(description="Whether a description offers or answers (RFC 3264).")
class DescriptionType(Enum):
    """Offer or answer."""

    OFFER = "offer"
    ANSWER = "answer"


@node(models.video.VideoParticipant, "One join of one person, on one device.")
class VideoParticipant(Node):
    """One join of one person."""

    profile: Profile = related()
    created_at: datetime = strawberry.field(description="When they joined.")
    left_at: datetime | None


@node(models.video.VideoSession, "A call of a pair.")
class VideoSession(Node):
    """A call of a pair."""

    status: VideoStatus
    created_at: datetime
    live_at: datetime | None
    ended_at: datetime | None
    meeting: Meeting | None = related()
    participants: list[VideoParticipant] = members("created_at", "id", description="The attendance: every join.")


@strawberry.type(description="One entry of `RTCConfiguration.iceServers`.")
class IceServer:
    """A STUN or TURN server."""

    urls: list[str]
    username: str | None
    credential: str | None


@strawberry.input
class StartVideoSessionInput:
    """Whose call, and perhaps for which meeting."""

    mentorship_id: strawberry.ID
    meeting_id: strawberry.ID | None = None
    client_id: strawberry.ID | None = None


@strawberry.input
class JoinVideoSessionInput:
    """Which call, and from which device."""

    session_id: strawberry.ID
    device_id: str = strawberry.field(description="Your own name for this device or tab; the same on coming back.")
    take_over: bool = strawberry.field(default=False, description="Leave the call on your other device.")


@strawberry.input
class SendSessionDescriptionInput:
    """A description for another participant."""

    ticket: str
    to: strawberry.ID = strawberry.field(description="A participant of the call.")
    negotiation: int = strawberry.field(description="Your count of offers; an answer repeats the offer's.")
    type: DescriptionType
    sdp: str = strawberry.field(description="At most 64 KB.")


@strawberry.input
class IceCandidateInput:
    """An ICE candidate; an empty one ends the candidates."""

    candidate: str
    sdp_mid: str | None = None
    sdp_m_line_index: int | None = None
    username_fragment: str | None = None


@strawberry.input
class SendIceCandidatesInput:
    """Up to 16 candidates for another participant."""

    ticket: str
    to: strawberry.ID
    negotiation: int
    candidates: list[IceCandidateInput]


@strawberry.input
class VideoHeartbeatInput:
    """You are still here."""

    ticket: str


@strawberry.input
class LeaveVideoSessionInput:
    """You go; the call stays open for a while."""

    ticket: str


@strawberry.input
class EndVideoSessionInput:
    """The call ends for both."""

    session_id: strawberry.ID


@strawberry.type
class StartVideoSessionPayload:
    """The pair's call: a new one, or the one that is running."""

    session: VideoSession


@strawberry.type
class JoinVideoSessionPayload:
    """What a client needs to take part."""

    session: VideoSession
    ticket: str = strawberry.field(description="Yours alone, for this device. It serves until you leave.")
    participant: VideoParticipant
    polite: bool = strawberry.field(
        description="Where both offer at once, roll yours back; the other side stays with its own."
    )
    participants: list[VideoParticipant] = strawberry.field(description="Who else is there.")
    ice_servers: list[IceServer]
    heartbeat_seconds: int = strawberry.field(description="Send `videoHeartbeat` this often.")


@strawberry.type
class SendSessionDescriptionPayload:
    """The description is on its way."""

    negotiation: int


@strawberry.type
class SendIceCandidatesPayload:
    """The candidates are on their way."""

    negotiation: int


@strawberry.type
class VideoHeartbeatPayload:
    """You count as present until then."""

    present_until: datetime


@strawberry.type
class LeaveVideoSessionPayload:
    """You have left."""

    session: VideoSession


@strawberry.type
class EndVideoSessionPayload:
    """The call, ended."""

    session: VideoSession


@strawberry.type
class VideoQuery:
    """Reads of calls."""

    @strawberry.field(description="A call of yours; null where there is none.")
    def video_session(self, info: Info, id: strawberry.ID) -> VideoSession | None:
        """A call by its global id."""
        return lookup(models.video.VideoSession, id, info)


@strawberry.type
class VideoMutation:
    """Calls, from ringing to hanging up."""

    @mutation("Open the pair's call; the other side hears of it through `inbox`.")
    async def start_video_session(self, info: Info, input: StartVideoSessionInput) -> StartVideoSessionPayload:
        """Open the pair's call."""
        mentorship = await find(models.mentorship.Mentorship, input.mentorship_id, "mentorshipId", info)
        meeting = None
        if input.meeting_id is not None:
            meeting = await find(models.meeting.Meeting, input.meeting_id, "meetingId", info)
        session = await models.video.VideoSession.start(
            mentorship, by=viewer(info), meeting=meeting, client_id=input.client_id
        )
        return StartVideoSessionPayload(session=as_node(session))

    @mutation("Enter a call. Then subscribe to `videoSignals` with the ticket.")
    async def join_video_session(self, info: Info, input: JoinVideoSessionInput) -> JoinVideoSessionPayload:
        """Enter a call."""
        session = await find(models.video.VideoSession, input.session_id, "sessionId", info)
        participant, ticket, others = await session.join(
            by=viewer(info), device_id=input.device_id, take_over=input.take_over
        )
        await session.refresh_from_db()
        return JoinVideoSessionPayload(
            session=as_node(session),
            ticket=ticket,
            participant=as_node(participant),
            polite=participant.polite,
            participants=[as_node(other) for other in others],
            ice_servers=[
                IceServer(urls=server.urls, username=server.username, credential=server.credential)
                for server in info.context.ice.servers(participant.id)
            ],
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )

    @mutation("Pass an offer or an answer to another participant.")
    async def send_session_description(
        self, info: Info, input: SendSessionDescriptionInput
    ) -> SendSessionDescriptionPayload:
        """Pass a description on."""
        await signalling.describe(
            await participant_of(input.ticket, info),
            to=_receiver(input.to),
            negotiation=input.negotiation,
            kind=input.type.value,
            description=input.sdp,
        )
        return SendSessionDescriptionPayload(negotiation=input.negotiation)

    @mutation("Pass ICE candidates to another participant.")
    async def send_ice_candidates(self, info: Info, input: SendIceCandidatesInput) -> SendIceCandidatesPayload:
        """Pass candidates on."""
        await signalling.trickle(
            await participant_of(input.ticket, info),
            to=_receiver(input.to),
            negotiation=input.negotiation,
            candidates=[signalling.Candidate(**vars(candidate)) for candidate in input.candidates],
        )
        return SendIceCandidatesPayload(negotiation=input.negotiation)

    @mutation("Say that you are still in the call.")
    async def video_heartbeat(self, info: Info, input: VideoHeartbeatInput) -> VideoHeartbeatPayload:
        """Stay present."""
        participant = await (await participant_of(input.ticket, info)).heartbeat()
        return VideoHeartbeatPayload(present_until=participant.lease_until)

    @mutation("Leave a call; you may join again while it is open.")
    async def leave_video_session(self, info: Info, input: LeaveVideoSessionInput) -> LeaveVideoSessionPayload:
        """Leave a call."""
        participant = await participant_of(input.ticket, info)
        await participant.leave()
        return LeaveVideoSessionPayload(session=as_node(await participant.session))

    @mutation("End a call for both.")
    async def end_video_session(self, info: Info, input: EndVideoSessionInput) -> EndVideoSessionPayload:
        """End a call."""
        session = await find(models.video.VideoSession, input.session_id, "sessionId", info)
        return EndVideoSessionPayload(session=as_node(await session.end(by=viewer(info))))


async def participant_of(ticket: str, info: Info) -> models.video.VideoParticipant:
    """The participant whose ticket this is. Raises `Refused`."""
    return await models.video.VideoParticipant.of_ticket(ticket, by=viewer(info))


def _receiver(participant_id: str) -> UUID:
    return id_of(models.video.VideoParticipant, participant_id, "to")
