"""A person in a call: a headless peer whose signalling goes over GraphQL and nothing else."""

import asyncio
from typing import Any, Self

from tests.journeys import documents
from tests.journeys.client import Live
from tests.peers import Kind, Peer


class Caller:
    """Joins a video session over a socket, offers when somebody joins later, and answers offers."""

    def __init__(self, live: Live, brightness: int) -> None:
        self.live = live
        self.peer = Peer(self._send_description, self._send_candidate, brightness=brightness)
        self.heard: list[str] = []
        self.seqs: list[int] = []
        self.over = asyncio.Event()
        self._other = asyncio.get_running_loop().create_future()
        self._negotiation = 0
        self._listening: asyncio.Task[None] | None = None

    async def join(self, session_id: str, device_id: str) -> Self:
        """Enter the call, and begin to listen to its signals."""
        self.seat = await self.live.call(documents.JOIN_VIDEO, input={"sessionId": session_id, "deviceId": device_id})
        if self.seat["participants"]:
            self._other.set_result(self.seat["participants"][0]["id"])
        self._listening = asyncio.create_task(self._listen())
        return self

    async def close(self) -> None:
        """Stop listening, and close the peer."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.peer.close()

    async def _listen(self) -> None:
        async for signal in self.live.subscribe(documents.SIGNALS, ticket=self.seat["ticket"]):
            self.heard.append(signal["__typename"])
            self.seqs.append(signal["seq"])
            await self._hear(signal)
        self.over.set()

    async def _hear(self, signal: dict[str, Any]) -> None:
        match signal:
            case {"__typename": "ParticipantJoined", "participant": {"id": other}}:
                self._other.set_result(other)
                self._negotiation += 1
                await self.peer.offer()
            case {"__typename": "SessionDescription", "type": kind, "sdp": sdp, "negotiation": negotiation}:
                self._negotiation = negotiation
                await self.peer.on_description(kind.lower(), sdp)
            case {"__typename": "IceCandidates", "candidates": candidates}:
                for candidate in candidates:
                    await self.peer.on_candidate(*candidate.values())

    async def _send_description(self, kind: Kind, sdp: str) -> None:
        await self._send(documents.DESCRIBE, type=kind.upper(), sdp=sdp)

    async def _send_candidate(self, candidate: str, sdp_mid: str | None, index: int | None) -> None:
        one = {"candidate": candidate, "sdpMid": sdp_mid, "sdpMLineIndex": index}
        await self._send(documents.TRICKLE, candidates=[one])

    async def _send(self, document: str, **content: Any) -> None:
        to = {"ticket": self.seat["ticket"], "to": await self._other, "negotiation": self._negotiation}
        answer = await self.live.call(document, input={**to, **content})
        assert answer == {"negotiation": self._negotiation}, answer
