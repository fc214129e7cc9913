"""A headless peer for journeys: sends a synthetic picture and tone, and records what the other side sends."""

import asyncio
import functools
import math
from array import array
from collections.abc import Awaitable, Callable
from typing import Any, Literal, cast

from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame

Kind = Literal["offer", "answer"]
SendDescription = Callable[[Kind, str], Awaitable[None]]
SendCandidate = Callable[[str, str | None, int | None], Awaitable[None]]

WIDTH, HEIGHT = 320, 240
_CONNECT = "_RTCPeerConnection__connect"
_CANDIDATE_LINES = ("a=candidate:", "a=end-of-candidates")


class Tone(AudioStreamTrack):
    """A 400 Hz tone, 20 ms of 8 kHz mono a frame: whole periods, so that frames join without a click."""

    _samples = array("h", (int(16_000 * math.sin(math.tau * i / 20)) for i in range(160))).tobytes()

    async def recv(self) -> AudioFrame:
        frame = await super().recv()
        assert isinstance(frame, AudioFrame)
        frame.planes[0].update(self._samples)
        return frame


class Picture(VideoStreamTrack):
    """A grey picture of WIDTH x HEIGHT, 30 a second, whose brightness (16 to 235) flickers a little."""

    def __init__(self, brightness: int) -> None:
        super().__init__()
        self._brightness = brightness
        self._shown = 0

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        self._shown += 1
        for plane, level in zip(frame.planes, (self._brightness + self._shown % 4, 128, 128), strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Peer:
    """One side of a call over aiortc, on the loopback address alone and without a STUN server.

    Its signalling is given: `send_description` and `send_candidate` carry to the other peer what that one
    gets by `on_description` and `on_candidate`. Candidates are trickled (RFC 8838), "" being their end.
    """

    def __init__(
        self, send_description: SendDescription, send_candidate: SendCandidate, *, brightness: int = 128
    ) -> None:
        self.video_frames = 0
        self.audio_frames = 0
        self.audio_samples = 0
        self.audio_peak = 0
        self.size: tuple[int, int] | None = None
        self.brightness: int | None = None
        self._send_description = send_description
        self._send_candidate = send_candidate
        self._held: list[tuple[str, str | None, int | None]] = []
        self._remote_known = False
        self._tasks: list[asyncio.Task[None]] = []
        self._change = asyncio.Event()
        # No servers is not the same as None, which asks a public STUN server.
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        # aiortc forgets the task that connects, which outlives its close() by a round of checks.
        setattr(self.connection, _CONNECT, functools.partial(self._connect, getattr(self.connection, _CONNECT)))
        self.connection.on("track", self._on_track)
        self.connection.on("connectionstatechange", self._change.set)
        self._tracks: list[MediaStreamTrack] = [Tone(), Picture(brightness)]
        for track in self._tracks:
            self.connection.addTrack(track)

    async def offer(self) -> None:
        """Send an offer, and its candidates after it."""
        await self._describe(await self.connection.createOffer())

    async def on_description(self, kind: Kind, sdp: str) -> None:
        """Take the other peer's description; answer it when it is an offer."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, kind))
        while self._held:
            await self._add_candidate(*self._held.pop(0))
        self._remote_known = True
        if kind == "offer":
            await self._describe(await self.connection.createAnswer())

    async def on_candidate(self, candidate: str, sdp_mid: str | None, sdp_m_line_index: int | None) -> None:
        """Take the other peer's candidate; one that comes before its description is held until that."""
        if self._remote_known:
            await self._add_candidate(candidate, sdp_mid, sdp_m_line_index)
        else:
            self._held.append((candidate, sdp_mid, sdp_m_line_index))

    async def frames(self, *, video: int = 0, audio: int = 0) -> None:
        """Wait until so many frames have been decoded since the start; ConnectionError when none can come."""
        while self.video_frames < video or self.audio_frames < audio:
            if self.connection.connectionState in {"failed", "closed"}:
                raise ConnectionError(f"the call is {self.connection.connectionState}: {self!r}")
            for task in self._tasks:
                if task.done():
                    task.result()
            self._change.clear()
            await self._change.wait()

    async def close(self) -> None:
        """End the call and every task, thread and socket of it."""
        await self.connection.close()
        for track in self._tracks:
            track.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __repr__(self) -> str:
        return f"<Peer video_frames={self.video_frames} audio_frames={self.audio_frames} size={self.size}>"

    async def _describe(self, description: RTCSessionDescription) -> None:
        self._gather_on_loopback()
        await self.connection.setLocalDescription(description)
        lines = description.sdp.splitlines(keepends=True)
        sdp = "".join(line for line in lines if not line.startswith(_CANDIDATE_LINES))
        await self._send_description(cast(Kind, description.type), sdp)
        for candidate in _candidates(self.connection.localDescription.sdp):
            await self._send_candidate(*candidate)
        await self._send_candidate("", None, None)

    def _gather_on_loopback(self) -> None:
        # aioice leaves 127.0.0.1 out, which is all that a sandbox without a network has. This changes the
        # connections of this peer alone: patching aioice itself would reach every peer of the process.
        for transceiver in self.connection.getTransceivers():
            ice: Any = transceiver.receiver.transport.transport.iceGatherer._connection
            gather = type(ice).get_component_candidates
            ice.get_component_candidates = functools.partial(_gather_there, gather, ice)

    async def _add_candidate(self, candidate: str, sdp_mid: str | None, sdp_m_line_index: int | None) -> None:
        if candidate == "":
            await self.connection.addIceCandidate(None)
            return
        parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
        parsed.sdpMid, parsed.sdpMLineIndex = sdp_mid, sdp_m_line_index
        await self.connection.addIceCandidate(parsed)

    def _on_track(self, track: MediaStreamTrack) -> None:
        # A track that nobody reads grows without bound.
        self._keep(asyncio.create_task(self._drain(track)))

    async def _connect(self, connect: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        await connect()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.append(task)
        task.add_done_callback(lambda _: self._change.set())

    async def _drain(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, VideoFrame):
                self.video_frames += 1
                self.size = frame.width, frame.height
                self.brightness = bytes(frame.planes[0])[0]
            elif isinstance(frame, AudioFrame):
                self.audio_frames += 1
                self.audio_samples += frame.samples
                self.audio_peak = max(self.audio_peak, *array("h", bytes(frame.planes[0])))
            self._change.set()


async def _gather_there(gather: Any, ice: Any, component: int, addresses: list[str]) -> Any:
    return await gather(ice, component=component, addresses=["127.0.0.1"])


def _candidates(sdp: str) -> list[tuple[str, str, int]]:
    found = []
    for index, section in enumerate(sdp.split("\r\nm=")[1:]):
        lines = section.splitlines()
        mid = next(line.removeprefix("a=mid:") for line in lines if line.startswith("a=mid:"))
        found += [(line[2:], mid, index) for line in lines if line.startswith("a=candidate:")]
    return found
