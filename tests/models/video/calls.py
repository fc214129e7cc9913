"""Calls of a pair: who is in them, and what they have heard."""

from datetime import timedelta

from models.account import Account
from models.video import SignalKind, VideoParticipant, VideoSession, VideoSignal, VideoStatus
from tests.people import Pair

SECOND = timedelta(seconds=1)


async def call_of(two: Pair) -> VideoSession:
    return await VideoSession.start(two.mentorship, by=two.mentor)


async def join(call: VideoSession, by: Account, device: str = "phone", take_over: bool = False) -> VideoParticipant:
    participant, _, _ = await call.join(by=by, device_id=device, take_over=take_over)
    return participant


async def heard(participant: VideoParticipant) -> list[SignalKind]:
    return [signal.kind for signal in await VideoSignal.filter(receiver_id=participant.id).order_by("number")]


async def state(call: VideoSession) -> VideoStatus:
    return (await VideoSession.get(id=call.id)).status


async def present(call: VideoSession) -> list[VideoParticipant]:
    return await VideoParticipant.present_in(call.id)
