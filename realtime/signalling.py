"""Signalling: what one participant of a call passes to another, checked before it is stored.

The server forwards descriptions and candidates; it never carries the media of two people. Nothing passes that did
not parse: a broken or hostile description would reach the other side's browser, which trusts us.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from models.refusal import RateLimited, Refused, invalid
from models.video import SignalKind, VideoParticipant
from realtime import sdp

MOST_CANDIDATES = 16
FRAGMENT = re.compile("[A-Za-z0-9+/]{4,256}")
MOST_NEGOTIATION = 2**31 - 1
BUSY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One ICE candidate as a browser's `RTCIceCandidate` has it; the empty string ends the candidates (RFC 8838)."""

    candidate: str
    sdp_mid: str | None
    sdp_m_line_index: int | None
    username_fragment: str | None


async def describe(
    participant: VideoParticipant, *, to: UUID, negotiation: int, kind: Literal["offer", "answer"], description: str
) -> None:
    """Pass a session description on. `negotiation` is the sender's count of offers; an answer repeats it."""
    _check_negotiation(negotiation)
    try:
        await sdp.check_description(kind, description)
    except sdp.Busy:
        raise RateLimited(BUSY_SECONDS, "Too many descriptions are being checked just now") from None
    except sdp.Malformed as error:
        raise _refused(error) from None
    content = {"negotiation": negotiation, "type": kind, "sdp": description}
    await participant.send(to, SignalKind.DESCRIPTION, content)


async def trickle(
    participant: VideoParticipant, *, to: UUID, negotiation: int, candidates: Sequence[Candidate]
) -> None:
    """Pass candidates on, a few at a time."""
    _check_negotiation(negotiation)
    if not 1 <= len(candidates) <= MOST_CANDIDATES:
        raise invalid(f"Send 1 to {MOST_CANDIDATES} candidates at a time.", "candidates")
    for candidate in candidates:
        _check(candidate)
    content = {
        "negotiation": negotiation,
        "candidates": [
            {
                "candidate": candidate.candidate,
                "sdp_mid": candidate.sdp_mid,
                "sdp_m_line_index": candidate.sdp_m_line_index,
                "username_fragment": candidate.username_fragment,
            }
            for candidate in candidates
        ],
    }
    await participant.send(to, SignalKind.CANDIDATES, content)


def _check(candidate: Candidate) -> None:
    try:
        sdp.check_candidate(candidate.candidate, candidate.sdp_mid, candidate.sdp_m_line_index)
    except sdp.Malformed as error:
        raise _refused(error) from None
    fragment = candidate.username_fragment
    if fragment is not None and not FRAGMENT.fullmatch(fragment):
        raise invalid("A usernameFragment has 4 to 256 of the characters A-Z, a-z, 0-9, + and /.", "candidates")


def _check_negotiation(negotiation: int) -> None:
    if not 0 <= negotiation <= MOST_NEGOTIATION:
        raise invalid("Count negotiations from 0.", "negotiation")


def _refused(error: sdp.Malformed) -> Refused:
    return invalid(str(error), error.field)
