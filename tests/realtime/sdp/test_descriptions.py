"""Which session descriptions pass, and which are refused before they cost anything."""

import re

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime import sdp as guard
from realtime.sdp import Busy, Malformed, check_description
from tests.realtime.sdp.browsers import CHROME, FIREFOX, HOST, answer, edited

HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


def codecs(count: int) -> str:
    return "".join(f"a=rtpmap:{number} VP8/90000\r\n" for number in range(count))


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
