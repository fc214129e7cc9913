"""Which ICE candidates pass, and which are refused."""

import contextlib
import ipaddress
import re

import pytest
from aiortc.sdp import candidate_from_sdp, candidate_to_sdp
from hypothesis import given
from hypothesis import strategies as st

from realtime.sdp import Malformed, check_candidate
from tests.realtime.sdp.browsers import HOST

UUID = "db57f1ef-c2c2-4bfa-be78-8c5a280a8e5e"

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
