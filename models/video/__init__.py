"""Video sessions, who is in them, and what they signal."""

from models.video.participant import LEASE, SignalKind, VideoParticipant, VideoSignal
from models.video.session import REJOIN_WINDOW, VideoSession, VideoStatus

__all__ = ["LEASE", "REJOIN_WINDOW", "SignalKind", "VideoParticipant", "VideoSession", "VideoSignal", "VideoStatus"]
