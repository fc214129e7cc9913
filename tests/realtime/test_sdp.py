"""What the guard of a call lets through, and what it refuses before it costs anything."""

import asyncio
import contextlib
import ipaddress
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.sdp import SessionDescription, candidate_from_sdp, candidate_to_sdp
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime import sdp as guard
from realtime.sdp import Busy, Malformed, check_candidate, check_description


def crlf(text: str) -> str:
    """The fixtures below hold several lines a row, between bars, to keep this file short."""
    return "\r\n".join(re.split(r"\n| \| ", text.strip())) + "\r\n"


# As Chromium 156 wrote it for a microphone and a camera.
CHROME = crlf("""
v=0 | o=- 2619970226460057572 2 IN IP4 127.0.0.1 | s=- | t=0 0 | a=group:BUNDLE 0 1 | a=extmap-allow-mixed
a=msid-semantic: WMS 04d1dfd9-dbd7-4863-9ed2-0e17fb305872
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126 | c=IN IP4 0.0.0.0 | a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:uMoc | a=ice-pwd:grIMuths8S5KX0bnVAcAG4m7 | a=ice-options:trickle
a=fingerprint:sha-256 A9:29:6B:0E:36:B1:06:F3:F9:CE:22:5B:82:2A:04:B4:5F:8B:F3:EC:94:48:34:3E:67:A4:43:63:13:02:36:FC
a=setup:actpass | a=mid:0 | a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid | a=sendrecv
a=msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 abc69496-b5ad-4f96-bc03-939464f22172 | a=rtcp-mux | a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all | a=rtpmap:111 opus/48000/2 | a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1 | a=rtpmap:63 red/48000/2 | a=fmtp:63 111/111 | a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000 | a=rtpmap:8 PCMA/8000 | a=rtpmap:13 CN/8000 | a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000 | a=ssrc:2602566586 cname:zJuyvwZms6fymWYF
a=ssrc:2602566586 msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 abc69496-b5ad-4f96-bc03-939464f22172
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 107 108 109 114 115 116 117 39 40 45 46 98 99 100 101 118 119 120
c=IN IP4 0.0.0.0 | a=rtcp:9 IN IP4 0.0.0.0 | a=ice-ufrag:uMoc | a=ice-pwd:grIMuths8S5KX0bnVAcAG4m7
a=ice-options:trickle
a=fingerprint:sha-256 A9:29:6B:0E:36:B1:06:F3:F9:CE:22:5B:82:2A:04:B4:5F:8B:F3:EC:94:48:34:3E:67:A4:43:63:13:02:36:FC
a=setup:actpass | a=mid:1 | a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid | a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id | a=sendrecv
a=msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 35e9afad-6ec4-4cfc-bacd-c790d6ce18ed | a=rtcp-mux | a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all | a=rtpmap:96 VP8/90000 | a=rtcp-fb:96 goog-remb | a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir | a=rtcp-fb:96 nack | a=rtcp-fb:96 nack pli | a=rtpmap:97 rtx/90000 | a=fmtp:97 apt=96
a=rtpmap:102 H264/90000 | a=rtcp-fb:102 goog-remb | a=rtcp-fb:102 transport-cc | a=rtcp-fb:102 ccm fir
a=rtcp-fb:102 nack | a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f | a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102 | a=rtpmap:104 H264/90000 | a=rtcp-fb:104 goog-remb | a=rtcp-fb:104 transport-cc
a=rtcp-fb:104 ccm fir | a=rtcp-fb:104 nack | a=rtcp-fb:104 nack pli
a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f | a=rtpmap:107 rtx/90000
a=fmtp:107 apt=104 | a=rtpmap:108 H264/90000 | a=rtcp-fb:108 goog-remb | a=rtcp-fb:108 transport-cc
a=rtcp-fb:108 ccm fir | a=rtcp-fb:108 nack | a=rtcp-fb:108 nack pli
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f | a=rtpmap:109 rtx/90000
a=fmtp:109 apt=108 | a=rtpmap:114 H264/90000 | a=rtcp-fb:114 goog-remb | a=rtcp-fb:114 transport-cc
a=rtcp-fb:114 ccm fir | a=rtcp-fb:114 nack | a=rtcp-fb:114 nack pli
a=fmtp:114 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f | a=rtpmap:115 rtx/90000
a=fmtp:115 apt=114 | a=rtpmap:116 H264/90000 | a=rtcp-fb:116 goog-remb | a=rtcp-fb:116 transport-cc
a=rtcp-fb:116 ccm fir | a=rtcp-fb:116 nack | a=rtcp-fb:116 nack pli
a=fmtp:116 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f | a=rtpmap:117 rtx/90000
a=fmtp:117 apt=116 | a=rtpmap:39 H264/90000 | a=rtcp-fb:39 goog-remb | a=rtcp-fb:39 transport-cc
a=rtcp-fb:39 ccm fir | a=rtcp-fb:39 nack | a=rtcp-fb:39 nack pli
a=fmtp:39 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=4d001f | a=rtpmap:40 rtx/90000
a=fmtp:40 apt=39 | a=rtpmap:45 AV1/90000 | a=rtcp-fb:45 goog-remb | a=rtcp-fb:45 transport-cc
a=rtcp-fb:45 ccm fir | a=rtcp-fb:45 nack | a=rtcp-fb:45 nack pli | a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000 | a=fmtp:46 apt=45 | a=rtpmap:98 VP9/90000 | a=rtcp-fb:98 goog-remb
a=rtcp-fb:98 transport-cc | a=rtcp-fb:98 ccm fir | a=rtcp-fb:98 nack | a=rtcp-fb:98 nack pli
a=fmtp:98 profile-id=0 | a=rtpmap:99 rtx/90000 | a=fmtp:99 apt=98 | a=rtpmap:100 VP9/90000
a=rtcp-fb:100 goog-remb | a=rtcp-fb:100 transport-cc | a=rtcp-fb:100 ccm fir | a=rtcp-fb:100 nack
a=rtcp-fb:100 nack pli | a=fmtp:100 profile-id=2 | a=rtpmap:101 rtx/90000 | a=fmtp:101 apt=100
a=rtpmap:118 red/90000 | a=rtpmap:119 rtx/90000 | a=fmtp:119 apt=118 | a=rtpmap:120 ulpfec/90000
a=ssrc-group:FID 4016121744 2742212131 | a=ssrc:4016121744 cname:zJuyvwZms6fymWYF
a=ssrc:4016121744 msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 35e9afad-6ec4-4cfc-bacd-c790d6ce18ed
a=ssrc:2742212131 cname:zJuyvwZms6fymWYF
a=ssrc:2742212131 msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 35e9afad-6ec4-4cfc-bacd-c790d6ce18ed
""")

# In the shape of Firefox 140: the fingerprint of the session, sorted attributes, braces, /recvonly extensions.
FIREFOX = crlf("""
v=0 | o=mozilla...THIS_IS_SDPARTA-140.0 7431580285014402412 0 IN IP4 0.0.0.0 | s=- | t=0 0
a=fingerprint:sha-256 21:4F:7B:0C:9A:E2:58:63:D1:3E:86:AA:07:F5:1C:92:4B:D8:60:3F:B7:15:E9:7A:C4:28:5D:91:0E:73:AF:66
a=group:BUNDLE 0 1 | a=ice-options:trickle | a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101 | c=IN IP4 0.0.0.0 | a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid | a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15 | a=ice-pwd:8c1d0e5f72b94a3696e1f0d7c5b3a248 | a=ice-ufrag:4f0b92d7 | a=mid:0
a=msid:{5d1f9c52-0f0e-4a34-9f63-7d2b8e6a1c47} {c1a7e0d4-6b1d-4f5c-8f0a-2e9b37d4a815} | a=rtcp-mux
a=rtpmap:109 opus/48000/2 | a=rtpmap:9 G722/8000/1 | a=rtpmap:0 PCMU/8000 | a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1 | a=setup:actpass
a=ssrc:2655508255 cname:{9e2d6a73-41bf-4d0c-a8e5-1c3f5b7d9028}
m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125 126 127 97 98 123 122 119 | c=IN IP4 0.0.0.0 | a=sendrecv
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:5 urn:ietf:params:rtp-hdrext:toffset
a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1 | a=fmtp:120 max-fs=12288;max-fr=60
a=fmtp:124 apt=120 | a=fmtp:121 max-fs=12288;max-fr=60 | a=fmtp:125 apt=121 | a=fmtp:127 apt=126
a=fmtp:98 apt=97 | a=fmtp:119 apt=122 | a=ice-pwd:8c1d0e5f72b94a3696e1f0d7c5b3a248 | a=ice-ufrag:4f0b92d7
a=mid:1 | a=msid:{5d1f9c52-0f0e-4a34-9f63-7d2b8e6a1c47} {0b8e4f16-93a7-4c2e-b5d1-6f7a8c9d0e21}
a=rtcp-fb:120 nack | a=rtcp-fb:120 nack pli | a=rtcp-fb:120 ccm fir | a=rtcp-fb:120 goog-remb
a=rtcp-fb:120 transport-cc | a=rtcp-fb:121 nack | a=rtcp-fb:121 nack pli | a=rtcp-fb:121 ccm fir
a=rtcp-fb:121 goog-remb | a=rtcp-fb:121 transport-cc | a=rtcp-fb:126 nack | a=rtcp-fb:126 nack pli
a=rtcp-fb:126 ccm fir | a=rtcp-fb:126 goog-remb | a=rtcp-fb:126 transport-cc | a=rtcp-fb:97 nack
a=rtcp-fb:97 nack pli | a=rtcp-fb:97 ccm fir | a=rtcp-fb:97 goog-remb | a=rtcp-fb:97 transport-cc
a=rtcp-mux | a=rtcp-rsize | a=rtpmap:120 VP8/90000 | a=rtpmap:124 rtx/90000 | a=rtpmap:121 VP9/90000
a=rtpmap:125 rtx/90000 | a=rtpmap:126 H264/90000 | a=rtpmap:127 rtx/90000 | a=rtpmap:97 H264/90000
a=rtpmap:98 rtx/90000 | a=rtpmap:123 ulpfec/90000 | a=rtpmap:122 red/90000 | a=rtpmap:119 rtx/90000
a=setup:actpass | a=ssrc:1048576021 cname:{9e2d6a73-41bf-4d0c-a8e5-1c3f5b7d9028}
a=ssrc:3919284055 cname:{9e2d6a73-41bf-4d0c-a8e5-1c3f5b7d9028} | a=ssrc-group:FID 1048576021 3919284055
""")

HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
UUID = "db57f1ef-c2c2-4bfa-be78-8c5a280a8e5e"
HOST = "candidate:1 1 udp 2113937151 192.168.1.20 48338 typ host"


def edited(text: str, old: str, new: str) -> str:
    assert re.search(old, text), f"nothing to edit: {old}"
    return re.sub(old, new, text)


def codecs(count: int) -> str:
    return "".join(f"a=rtpmap:{number} VP8/90000\r\n" for number in range(count))


def answer(offer: str) -> str:
    return edited(offer, "a=setup:actpass", "a=setup:active")


@pytest.fixture
def parsed_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads in which aiortc's parser was called."""
    threads: list[str] = []
    parse = SessionDescription.parse

    def spy(text: str) -> SessionDescription:
        threads.append(threading.current_thread().name)
        return parse(text)

    monkeypatch.setattr(SessionDescription, "parse", spy)
    return threads


@pytest.mark.parametrize("offer", [CHROME, FIREFOX, CHROME.replace("\r\n", "\n")], ids=["chrome", "firefox", "lf"])
async def test_a_browsers_offer_and_answer_pass(offer: str) -> None:
    await check_description("offer", offer)
    await check_description("answer", answer(offer))


async def test_what_aiortc_writes_passes() -> None:
    first, second = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    first.createDataChannel("chat")
    for kind in ("audio", "video"):
        first.addTransceiver(kind)
    offer = await first.createOffer()
    await check_description("offer", offer.sdp)
    await second.setRemoteDescription(offer)
    await check_description("answer", (await second.createAnswer()).sdp)
    await first.close()
    await second.close()


async def test_a_rejected_or_bundled_section_may_leave_its_transport_out() -> None:
    audio, video = CHROME.split("m=video")
    bare = "m=video" + edited(video, "a=(ice-ufrag|ice-pwd|ice-options|fingerprint|setup):.*\r\n", "")
    await check_description("offer", audio + bare)
    alone = audio.replace("BUNDLE 0 1", "BUNDLE 0")
    await check_description("offer", alone + bare.replace("m=video 9", "m=video 0"))
    with pytest.raises(Malformed, match="section 1 has no well-formed a=ice-ufrag"):
        await check_description("offer", alone + bare)


USELESS = {
    "no transport": (edited(CHROME, "m=(audio|video) 9", r"m=\1 0"), "not rejected"),
    "no ufrag": (edited(CHROME, "a=ice-ufrag:.*\r\n", ""), "ice-ufrag"),
    "short ufrag": (edited(CHROME, "a=ice-ufrag:.*\r\n", "a=ice-ufrag:abc\r\n"), "ice-ufrag"),
    "short password": (edited(CHROME, "a=ice-pwd:.*\r\n", "a=ice-pwd:short\r\n"), "ice-pwd"),
    "no setup": (edited(CHROME, "a=setup:.*\r\n", ""), "no a=setup"),
    "no fingerprint": (edited(CHROME, "a=fingerprint:.*\r\n", ""), "fingerprint"),
    "weak fingerprint": (edited(CHROME, "sha-256", "md5"), "fingerprint"),
    "cut fingerprint": (edited(CHROME, "sha-256 A9:", "sha-256 "), "fingerprint"),
    "an answer's setup": (answer(CHROME), "must be actpass"),
    "another kind": (edited(CHROME, "m=video", "m=image"), "neither audio, video nor application"),
    "no section": (HEAD, "0 media sections"),
    "no version": (CHROME.removeprefix("v=0\r\n"), "v=0, o= and s="),
    "no time": (edited(CHROME, "t=0 0\r\n", ""), "no t= line"),
    "a blank line": (edited(CHROME, "m=video", "\r\nm=video"), "not of the form"),
    "a codec mapped twice": (edited(CHROME, "rtpmap:97 ", "rtpmap:96 "), "mapped twice"),
    "a hostname as candidate": (CHROME + f"a={HOST.replace('192.168.1.20', 'intra.example')}\r\n", "address"),
    "parameters of no codec (StopIteration)": (CHROME + "a=fmtp:95 apt=96\r\n", "does not parse"),
    "unknown setup (KeyError)": (edited(CHROME, "actpass", "holdconn"), "does not parse"),
    "no value (AttributeError)": (edited(CHROME, "a=mid:0", "a=extmap"), "does not parse"),
    "no address (AssertionError)": (edited(CHROME, "c=IN IP4 0.0.0.0", "c=IN"), "does not parse"),
    "no number (ValueError)": (edited(CHROME, "rtcp:9", "rtcp:nine"), "does not parse"),
    "no rate (IndexError)": (edited(CHROME, "VP8/90000", "VP8"), "does not parse"),
}


@pytest.mark.parametrize("what", USELESS)
async def test_an_offer_that_no_browser_could_use_is_refused(what: str) -> None:
    offer, reason = USELESS[what]
    with pytest.raises(Malformed, match=reason) as refusal:
        await check_description("offer", offer)
    assert (refusal.type, refusal.value.field) == (Malformed, "sdp")


async def test_an_offer_is_no_answer() -> None:
    with pytest.raises(Malformed, match="an answer must be active or passive"):
        await check_description("answer", CHROME)


ALL = "a=rtcp-fb:* nack\r\n"
HOSTILE = {
    "26 KB of codecs x feedback for all": (HEAD + VIDEO + codecs(500) + ALL * 700, "too many codecs"),
    "the most of both": (HEAD + VIDEO + codecs(512) + ALL * 1_280, "too many codecs"),
    "85 KB": (HEAD + VIDEO + codecs(1_700) + ALL * 2_500, "65536 bytes"),
    "429 KB of sources": (HEAD + VIDEO + "a=ssrc:1 cname:someone-there\r\n" * 14_000, "65536 bytes"),
    "fewer characters than bytes": (CHROME + "a=x:" + "é" * 30_100, "65536 bytes"),
    "sections": (HEAD + VIDEO * 17, "17 media sections"),
    "codecs": (HEAD + (VIDEO + codecs(103)) * 5, "515 a=rtpmap"),
    "feedback": (HEAD + VIDEO + ALL * 1_281, "1281 a=rtcp-fb"),
    "feedback for all": (HEAD + VIDEO + codecs(128) + ALL * 40, "too many codecs"),
    "codecs x feedback": (HEAD + VIDEO + codecs(128) + "a=rtcp-fb:96 nack\r\n" * 900, "too many codecs"),
    "codecs x parameters": (HEAD + VIDEO + codecs(256) + "a=fmtp:96 x\r\n" * 400, "too many codecs"),
    "parameters": (HEAD + VIDEO + "a=fmtp:96 x\r\n" * 513, "513 a=fmtp"),
    "sources": (HEAD + VIDEO + "a=ssrc:1 cname:x\r\n" * 257, "257 a=ssrc"),
    "candidates": (CHROME + f"a={HOST}\r\n" * 257, "257 a=candidate"),
    "lines": (HEAD + VIDEO + "a=x\r\n" * 2_044, "2049 lines"),
    "a long line": (CHROME + f"a=x:{'y' * 2_045}\r\n", "longer than 2048"),
    "NUL": (CHROME + "a=x:\0\r\n", "Character"),
    "a lone surrogate": (CHROME + "a=x:\ud800\r\n", "Character"),
    "a line end for Python alone": (CHROME + "a=x:\u2028a=rtpmap:96 VP8/90000\r\n", "Character"),
    "a bare carriage return": (CHROME + "a=x:\ra=y\r\n", "Character"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_text_is_refused_before_it_is_parsed(what: str, parsed_in: list[str]) -> None:
    text, reason = HOSTILE[what]
    with pytest.raises(Malformed, match=reason):
        await check_description("offer", text)
    assert parsed_in == []


async def test_a_description_is_parsed_once_and_off_the_event_loop(parsed_in: list[str]) -> None:
    await check_description("offer", CHROME)
    assert parsed_in == ["sdp_0"]


def test_aiortc_is_not_imported_before_the_first_description() -> None:
    script = (
        f"import asyncio, sys; from realtime.sdp import *; check_candidate({HOST!r}, '0', 0)\n"
        f"print('aiortc' in sys.modules); asyncio.run(check_description('offer', {CHROME!r}))\n"
        "print('aiortc' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


@pytest.fixture
def held_parser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The parser stands still until the given function is called."""
    released = threading.Event()
    parse = SessionDescription.parse
    monkeypatch.setattr(SessionDescription, "parse", lambda text: (released.wait(30), parse(text))[1])
    monkeypatch.setattr(guard, "_places", threading.BoundedSemaphore(2))
    yield released.set
    released.set()
    guard._parser.submit(int).result(30)


async def test_a_full_queue_refuses_and_opens_again(held_parser: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(check_description("offer", CHROME))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await check_description("offer", CHROME)
        held_parser()
    await check_description("offer", CHROME)


async def test_a_description_that_waits_too_long_is_refused(
    held_parser: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 0.01)
    with pytest.raises(Busy):
        await check_description("offer", CHROME)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A browser's offer with lines deleted, repeated, swapped and characters replaced."""
    lines = draw(st.sampled_from([CHROME, FIREFOX])).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 6))):
        at, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.sampled_from(["delete", "repeat", "swap", "shuffle", "replace"])):
            case "delete" if len(lines) > 1:
                del lines[at]
            case "repeat":
                lines[other:other] = [lines[at]] * draw(st.sampled_from([1, 2, 50, 2_000]))
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "shuffle":
                lines[at : at + 5] = draw(st.permutations(lines[at : at + 5]))
            case "replace":
                line = lines[at]
                column = draw(st.integers(0, len(line) - 1))
                lines[at] = line[:column] + draw(st.characters() | st.sampled_from("09:/ =*\n")) + line[column + 1 :]
    return "".join(lines)


@given(mutated() | st.text().map(lambda text: HEAD + VIDEO + text))
@settings(max_examples=150, deadline=None)
async def test_any_description_passes_within_bounds_or_is_malformed(text: str) -> None:
    try:
        await check_description("offer", text)
    except Busy:
        pytest.fail("the parser's thread was lost")
    except Malformed:
        pass
    else:
        assert len(text.encode()) <= guard.MAX_BYTES
        assert len(text.splitlines()) <= guard.MAX_LINES
        assert len(re.findall("^a=rtpmap:", text, re.MULTILINE)) <= guard.MAX_ATTRIBUTES["rtpmap"]


REAL_CANDIDATES = [
    f"candidate:878001999 1 udp 2113937151 {UUID}.local 33159 typ host generation 0 ufrag uMoc network-cost 999",
    "candidate:4 1 tcp 1518280447 192.168.1.20 9 typ host tcptype active generation 0 network-id 1",
    "candidate:842163049 1 udp 1677729535 203.0.113.9 52200 typ srflx raddr 0.0.0.0 rport 0 generation 0",
    "candidate:3 1 UDP 2122187007 2001:db8::1:5 51023 typ host",
    "candidate:1 2 TCP 2105524478 10.0.0.5 9 typ host tcptype active",
    "candidate:2 1 UDP 92217343 198.51.100.7 60000 typ relay raddr 198.51.100.7 rport 60000",
    "candidate:16572de626da4e5384a0ce2d0d93678a 1 udp 2130706431 127.0.0.1 36237 typ host",
]


@pytest.mark.parametrize("candidate", ["", *REAL_CANDIDATES])
def test_a_browsers_candidate_and_the_end_of_candidates_pass(candidate: str) -> None:
    check_candidate(candidate, "0", 0)
    check_candidate(candidate, "{sdparta_0}", None)


@pytest.mark.parametrize(
    "candidate",
    [
        f"a={HOST}",
        HOST.removeprefix("candidate:"),
        f"{HOST}\r\na=setup:active",
        f"{HOST} ",
        f"{HOST} generation",
        f"{HOST} generation 0 generation 1",
        f"{HOST} rport 9 raddr intra.example",
        f"{HOST} x {'y' * 1_024}",
        HOST.replace("udp", "sctp"),
        HOST.replace("udp", "tcp"),
        HOST.replace("udp", "TCP"),
        HOST.replace("host", "server"),
        HOST.replace(":1 1 ", ":1 0 "),
        HOST.replace(":1 1 ", ":1 257 "),
        HOST.replace("2113937151", "0"),
        HOST.replace("2113937151", str(2**31)),
        HOST.replace("48338", "65536"),
        HOST.replace("48338", "\u0664\u0668"),
        *(
            HOST.replace("192.168.1.20", bad)
            for bad in ("intra.example", "1.2.3", "fe80::1%eth0", f"x{UUID}.local", f"{UUID}.local.org")
        ),
        HOST + " raddr intra.example rport 1",
    ],
)
def test_a_candidate_outside_the_grammar_is_refused(candidate: str) -> None:
    with pytest.raises(Malformed) as refusal:
        check_candidate(candidate, "0", 0)
    assert refusal.value.field == "candidate"


@pytest.mark.parametrize(
    ("mid", "index", "field"),
    [
        ("", 0, "sdpMid"),
        ("a b", 0, "sdpMid"),
        ("0" * 65, 0, "sdpMid"),
        (None, None, "sdpMid"),
        ("0", -1, "sdpMLineIndex"),
        ("0", 16, "sdpMLineIndex"),
    ],
)
def test_a_candidate_of_no_section_is_refused(mid: str | None, index: int | None, field: str) -> None:
    with pytest.raises(Malformed) as refusal:
        check_candidate(HOST, mid, index)
    assert refusal.value.field == field


ADDRESSES = st.ip_addresses().map(str) | st.uuids().map("{}.local".format)


@st.composite
def candidates(draw: st.DrawFn) -> str:
    foundation = draw(st.text("abcXYZ019+/", min_size=1, max_size=32))
    transport = draw(st.sampled_from(["udp", "UDP", "tcp", "TCP"]))
    text = f"candidate:{foundation} {draw(st.integers(1, 256))} {transport} {draw(st.integers(1, 2**31 - 1))}"
    text += f" {draw(ADDRESSES)} {draw(st.integers(0, 65_535))}"
    text += f" typ {draw(st.sampled_from(['host', 'srflx', 'prflx', 'relay']))}"
    if draw(st.booleans()):
        text += f" raddr {draw(ADDRESSES)} rport {draw(st.integers(0, 65_535))}"
    if transport.lower() == "tcp":
        text += f" tcptype {draw(st.sampled_from(['active', 'passive', 'so']))}"
    return text


@given(candidates(), st.sampled_from(["", " generation 0", " ufrag a+/9 network-cost 999"]))
def test_a_valid_candidate_passes_and_so_does_what_aiortc_reads_in_it(candidate: str, extensions: str) -> None:
    check_candidate(candidate + extensions, "0", 0)
    read = candidate_to_sdp(candidate_from_sdp((candidate + extensions).removeprefix("candidate:")))
    assert f"candidate:{read}" == candidate


@given(st.sampled_from(REAL_CANDIDATES), st.data())
def test_an_accepted_candidate_names_addresses_alone(candidate: str, data: st.DataObject) -> None:
    words = candidate.split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        at, other = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
        new = data.draw(st.sampled_from([words[other], "raddr", "intra.example", "", "1"]) | st.text(max_size=9))
        words[at : at + data.draw(st.integers(0, 1))] = [new]
    with contextlib.suppress(Malformed):
        check_candidate(" ".join(words), None, 0)
        read = candidate_from_sdp(" ".join(words).removeprefix("candidate:"))
        for address in filter(None, (read.ip, read.relatedAddress)):
            if not re.fullmatch(r"[0-9a-f-]{36}\.local", address):
                ipaddress.ip_address(address)
