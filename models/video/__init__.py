"""Video sessions, who is in them, and what they signal."""

from models.video.participant import LEASE, REJOIN_WINDOW, SignalKind, VideoParticipant, VideoSignal
from models.video.session import VideoSession, VideoSessionStart, VideoStatus

__all__ = [
    "LEASE",
    "REJOIN_WINDOW",
    "SignalKind",
    "VideoParticipant",
    "VideoSession",
    "VideoSessionStart",
    "VideoSignal",
    "VideoStatus",
]
