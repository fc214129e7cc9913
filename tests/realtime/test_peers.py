"""Two headless peers hold a real call, and all that they say passes the guard of realtime.sdp."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiortc.sdp import SessionDescription

from realtime.sdp import check_candidate, check_description
from tests.peers import HEIGHT, WIDTH, Kind, Peer

pytestmark = pytest.mark.timeout(60)

Candidate = tuple[str, str | None, int | None]


class Pair:
    """Two peers wired to each other; it keeps the descriptions and candidates that they sent."""

    def __init__(self, *, carries_offers: bool = True) -> None:
        self.carries_offers = carries_offers
        self.descriptions: list[tuple[Kind, str]] = []
        self.candidates: list[Candidate] = []
        self.first = Peer(partial(self._describe, 1), partial(self._trickle, 1), brightness=60)
        self.second = Peer(partial(self._describe, 0), partial(self._trickle, 0), brightness=200)

    async def _describe(self, to: int, kind: Kind, sdp: str) -> None:
        await check_description(kind, sdp)
        self.descriptions.append((kind, sdp))
        if kind == "answer" or self.carries_offers:
            await (self.first, self.second)[to].on_description(kind, sdp)

    async def _trickle(self, to: int, candidate: str, sdp_mid: str | None, index: int | None) -> None:
        check_candidate(candidate, sdp_mid, index)
        self.candidates.append((candidate, sdp_mid, index))
        await (self.first, self.second)[to].on_candidate(candidate, sdp_mid, index)

    async def close(self) -> None:
        await self.first.close()
        await self.second.close()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = Pair()
    yield pair
    await pair.close()


def running() -> tuple[set[asyncio.Task[object]], set[str]]:
    """The tasks of this loop and the threads that decode."""
    return asyncio.all_tasks(), {thread.name for thread in threading.enumerate() if "-decoder" in thread.name}


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def test_two_peers_see_and_hear_each_other(pair: Pair) -> None:
    await pair.first.offer()
    await asyncio.gather(pair.first.frames(video=3, audio=3), pair.second.frames(video=3, audio=3))
    for peer, brightness in ((pair.first, 200), (pair.second, 60)):
        assert peer.size == (WIDTH, HEIGHT)
        # The encoder loses a little.
        assert peer.brightness == pytest.approx(brightness, abs=10)
        assert peer.audio_samples == peer.audio_frames * 960
        assert peer.audio_peak > 1_000


async def test_candidates_are_trickled_apart_from_their_description(pair: Pair) -> None:
    await pair.first.offer()
    assert [kind for kind, _ in pair.descriptions] == ["offer", "answer"]
    for _, sdp in pair.descriptions:
        media = SessionDescription.parse(sdp).media
        assert [(section.port, section.ice_candidates) for section in media] == [(9, []), (9, [])]
    assert [(text.split(" ")[4:5], mid, index) for text, mid, index in pair.candidates] == [
        (["127.0.0.1"], "0", 0),
        (["127.0.0.1"], "1", 1),
        ([], None, None),
    ] * 2


async def test_candidates_that_overtake_their_description_are_held() -> None:
    pair = Pair(carries_offers=False)
    await pair.first.offer()
    assert len(pair.candidates) == 3
    assert pair.second.connection.remoteDescription is None
    await pair.second.on_description(*pair.descriptions[0])
    known = pair.second.connection.remoteDescription.sdp
    assert known.count("a=candidate:") == 2
    assert "a=end-of-candidates" in known
    await asyncio.gather(pair.first.frames(video=1, audio=1), pair.second.frames(video=1, audio=1))
    await pair.close()


async def test_a_second_offer_goes_on_with_the_same_media(pair: Pair) -> None:
    await pair.first.offer()
    await pair.second.frames(video=1)
    await pair.second.offer()
    await pair.first.frames(video=pair.first.video_frames + 2, audio=pair.first.audio_frames + 2)
    # By now both have gathered, and aiortc writes its candidates into the description.
    assert not any("a=candidate:" in sdp or "a=end-of-candidates" in sdp for _, sdp in pair.descriptions)


@pytest.mark.parametrize("frames", [0, 1], ids=["while it connects", "while media flow"])
async def test_closing_leaves_no_task_thread_or_socket(frames: int) -> None:
    before = running()
    pair = Pair()
    await pair.first.offer()
    await asyncio.gather(pair.first.frames(video=frames), pair.second.frames(video=frames))
    ports = {int(text.split(" ")[5]) for text, mid, _ in pair.candidates if mid == "0"}
    assert running() != before
    assert not any(map(is_free, ports))
    await pair.close()
    assert running() == before
    assert all(map(is_free, ports))


async def test_who_waits_for_frames_of_an_ended_call_is_told(pair: Pair) -> None:
    await pair.first.offer()
    waiting = asyncio.create_task(pair.second.frames(video=1_000_000))
    await pair.second.frames(video=1)
    await pair.first.close()
    with pytest.raises(ConnectionError, match="the call is closed"):
        await waiting
