"""Signals: what a participant of a call is told."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry

import models.video
from models.video import SignalKind, VideoSignal
from realtime import feed
from schema.context import Info
from schema.node import as_node, global_id_of
from schema.video import DescriptionType, VideoParticipant, participant_of


@strawberry.type(description="An offer or answer from another participant. `seq` is dense for each receiver, from 1.")
class SessionDescription:
    """A description from another participant."""

    seq: int
    sender_id: strawberry.ID
    negotiation: int
    type: DescriptionType
    sdp: str


@strawberry.type(description="An ICE candidate, as `RTCIceCandidateInit` has it; an empty one ends the candidates.")
class IceCandidate:
    """An ICE candidate."""

    candidate: str
    sdp_mid: str | None
    sdp_m_line_index: int | None
    username_fragment: str | None


@strawberry.type(description="Candidates from another participant.")
class IceCandidates:
    """Candidates from another participant."""

    seq: int
    sender_id: strawberry.ID
    negotiation: int
    candidates: list[IceCandidate]


@strawberry.type(description="Somebody has joined. You were here first: offer, once you have your tracks.")
class ParticipantJoined:
    """Somebody has joined."""

    seq: int
    participant: VideoParticipant


@strawberry.type(description="Somebody has gone: they left, or were not heard of for too long. They may join again.")
class ParticipantLeft:
    """Somebody has gone."""

    seq: int
    participant_id: strawberry.ID


@strawberry.type(
    description="You have joined from another device. This is the last signal; do not come back by yourself."
)
class Replaced:
    """Another device has taken over."""

    seq: int


@strawberry.type(description="The call has ended. This is the last signal; do not come back by yourself.")
class SessionEnded:
    """The call has ended."""

    seq: int


@strawberry.type(description="You missed more signals than are kept. This is the last one; join again.")
class SignalsLost:
    """Too much was missed."""

    rejoin: bool = True


Signal = Annotated[
    SessionDescription | IceCandidates | ParticipantJoined | ParticipantLeft | Replaced | SessionEnded | SignalsLost,
    strawberry.union("VideoSignal", description="What a participant of a call is told."),
]


@strawberry.type
class VideoSubscription:
    """Signals."""

    @strawberry.subscription(
        description="What the other participants and the server tell you, after a `seq`, in order and without a gap. "
        "It completes with the call, or with your part in it."
    )
    async def video_signals(self, info: Info, ticket: str, after: int = 0) -> AsyncGenerator[Signal, None]:
        """A participant's signals."""
        participant = await participant_of(ticket, info)
        async with aclosing(feed.signals(info.context.bells, participant, after)) as items:
            async for item in items:
                yield await _signal(item)


async def _signal(item: VideoSignal | feed.SignalsLost) -> Any:
    if isinstance(item, feed.SignalsLost):
        return SignalsLost()
    sender, content, seq = global_id_of(models.video.VideoParticipant, item.sender_id), item.content, item.number
    match item.kind:
        case SignalKind.DESCRIPTION:
            return SessionDescription(
                seq=seq,
                sender_id=sender,
                negotiation=content["negotiation"],
                type=DescriptionType(content["type"]),
                sdp=content["sdp"],
            )
        case SignalKind.CANDIDATES:
            return IceCandidates(
                seq=seq,
                sender_id=sender,
                negotiation=content["negotiation"],
                candidates=[IceCandidate(**candidate) for candidate in content["candidates"]],
            )
        case SignalKind.JOINED:
            joined = await models.video.VideoParticipant.get(id=item.sender_id)
            return ParticipantJoined(seq=seq, participant=as_node(joined))
        case SignalKind.LEFT:
            return ParticipantLeft(seq=seq, participant_id=sender)
        case SignalKind.REPLACED:
            return Replaced(seq=seq)
        case SignalKind.ENDED:
            return SessionEnded(seq=seq)
