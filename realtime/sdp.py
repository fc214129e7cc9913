"""The guard that every session description and ICE candidate passes before it goes to the other participant.

Session descriptions follow RFC 8866 and RFC 9429 (JSEP), candidates RFC 8839, end of candidates RFC 8838.
A description is measured first, then parsed by aiortc in a thread, then checked for what a browser needs.
"""

import asyncio
import ipaddress
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Literal, NoReturn

if TYPE_CHECKING:
    # aiortc costs over a second and 51 MB to import, so it is loaded in the parser's thread at its first use.
    from aiortc.rtcdtlstransport import RTCDtlsFingerprint
    from aiortc.sdp import MediaDescription, SessionDescription

MAX_BYTES: Final = 65_536
MAX_LINE: Final = 2_048
MAX_LINES: Final = 2_048
MAX_SECTIONS: Final = 16
MAX_ATTRIBUTES: Final = {"rtpmap": 512, "rtcp-fb": 1_280, "fmtp": 512, "ssrc": 256, "candidate": 256}
# aiortc compares every codec with every feedback and parameter line of its section, and sources pairwise.
MAX_COMPARISONS: Final = 100_000
MAX_CANDIDATE_BYTES: Final = 1_024

PATIENCE: Final = 10.0
MAX_WAITING: Final = 64

_parser = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sdp")
_places = threading.BoundedSemaphore(MAX_WAITING)

# Python also ends a line at U+0085, U+2028 and U+2029, where browsers do not: the counts would not hold.
_UNFIT = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\r(?!\n)")
_LINE = re.compile("[a-z]=.+")
_RTPMAP = re.compile("a=rtpmap:(0|[1-9][0-9]{0,2})")
_FINGERPRINT_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_UFRAG = re.compile("[A-Za-z0-9+/]{4,256}")
_PWD = re.compile("[A-Za-z0-9+/]{22,256}")
_ROLES: Final = {"offer": {"auto"}, "answer": {"client", "server"}}
_SETUP: Final = {"offer": "actpass", "answer": "active or passive"}

_TOKEN: Final = r"[!#-'*+\-.0-9A-Z^-~]"  # noqa: S105 - the token of RFC 8866's grammar
_MID = re.compile(_TOKEN + "{1,64}")
_CANDIDATE = re.compile(
    r"candidate:[A-Za-z0-9+/]{1,32} (?P<component>[0-9]{1,3}) (?P<transport>(?i:udp|tcp))"
    r" (?P<priority>[0-9]{1,10}) (?P<address>[^ ]+) (?P<port>[0-9]{1,5}) typ (?:host|srflx|prflx|relay)"
    r"(?: raddr (?P<raddr>[^ ]+))?(?: rport (?P<rport>[0-9]{1,5}))?"
    rf"(?P<extensions>(?: {_TOKEN}+ [!-~]+)*)"
)
_RANGES: Final = {
    "component": (1, 256),
    "priority": (1, 2**31 - 1),
    "port": (0, 65_535),
    "rport": (0, 65_535),
}
_MDNS_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local", re.IGNORECASE)


class Malformed(ValueError):
    """A description or candidate that is not forwarded. `field` is the input's name in the API."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Busy(Malformed):
    """Nobody looked at this description, because too many others wait. The same one may be sent again."""


async def check_description(kind: Literal["offer", "answer"], sdp: str) -> None:
    """Check an offer or answer (RFC 8866, RFC 9429). Raises Malformed, or Busy when too many wait."""
    _check_text(sdp)
    lines = sdp.replace("\r\n", "\n").removesuffix("\n").split("\n")
    _check_lines(lines)
    _check_counts(lines)
    await _in_parser(kind, sdp, lines)


def check_candidate(candidate: str, sdp_mid: str | None, sdp_m_line_index: int | None) -> None:
    """Check a trickled candidate (RFC 8839); "" is the end of candidates (RFC 8838). Raises Malformed."""
    if sdp_mid is not None and not _MID.fullmatch(sdp_mid):
        raise Malformed("sdpMid", "sdpMid must be the mid of a media section, at most 64 characters.")
    if sdp_m_line_index is not None and not 0 <= sdp_m_line_index < MAX_SECTIONS:
        raise Malformed("sdpMLineIndex", f"sdpMLineIndex must lie between 0 and {MAX_SECTIONS - 1}.")
    if candidate == "":
        return
    if sdp_mid is None and sdp_m_line_index is None:
        raise Malformed("sdpMid", "Say the candidate's media section: give sdpMid or sdpMLineIndex.")
    _check_candidate_line(candidate, "candidate")


def _check_text(sdp: str) -> None:
    # A character is at least a byte: the first comparison spares the encoding of a huge text.
    if len(sdp) > MAX_BYTES:
        _refuse(f"The description is longer than {MAX_BYTES} bytes. Offer fewer codecs or sections.")
    if unfit := _UNFIT.search(sdp):
        _refuse(f"Character {unfit.start() + 1} of the description is not allowed. Send text lines ended by CRLF.")
    if len(sdp.encode()) > MAX_BYTES:
        _refuse(f"The description is longer than {MAX_BYTES} bytes. Offer fewer codecs or sections.")


def _check_lines(lines: list[str]) -> None:
    if len(lines) > MAX_LINES:
        _refuse(f"The description has {len(lines)} lines; at most {MAX_LINES} are taken.")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            _refuse(f"Line {number} of the description is longer than {MAX_LINE} characters.")
        if not _LINE.fullmatch(line):
            _refuse(f"Line {number} of the description is not of the form <letter>=<value> (RFC 8866).")
    if lines[0] != "v=0" or [line[:2] for line in lines[1:3]] != ["o=", "s="]:
        _refuse("The description must begin with the lines v=0, o= and s= (RFC 8866).")


def _check_counts(lines: list[str]) -> None:
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            groups.append([])
        groups[-1].append(line)
    if not 1 <= len(groups) - 1 <= MAX_SECTIONS:
        _refuse(f"The description has {len(groups) - 1} media sections; 1 to {MAX_SECTIONS} are taken.")
    if not any(line.startswith("t=") for line in groups[0]):
        _refuse("The description has no t= line before its first media section (RFC 8866).")
    counts = [_count_attributes(group) for group in groups]
    for name, most in MAX_ATTRIBUTES.items():
        if (total := sum(count[name] for count in counts)) > most:
            _refuse(f"The description has {total} a={name} lines; at most {most} are taken.")
    if sum(map(_comparisons, groups, counts)) > MAX_COMPARISONS:
        _refuse("The description has too many codecs with too many parameters. Offer fewer codecs.")


def _count_attributes(group: list[str]) -> dict[str, int]:
    # Counted as aiortc splits them: the name runs from a= to the first colon.
    names = [line[2:].partition(":")[0] for line in group if line.startswith("a=")]
    return {name: names.count(name) for name in MAX_ATTRIBUTES}


def _comparisons(group: list[str], count: dict[str, int]) -> int:
    mapped = [line.partition(" ")[0] for line in group if line.startswith("a=rtpmap:")]
    if not all(map(_RTPMAP.fullmatch, mapped)) or len(set(mapped)) < len(mapped):
        _refuse("An a=rtpmap line has no payload type, or one that is mapped twice (RFC 8866).")
    # A feedback line for every codec is copied into each, which costs about as much as 20 comparisons.
    wildcards = sum(line.startswith("a=rtcp-fb:*") for line in group)
    return len(mapped) * (count["rtcp-fb"] + count["fmtp"] + 20 * wildcards) + count["ssrc"] ** 2 // 2


async def _in_parser(kind: Literal["offer", "answer"], sdp: str, lines: list[str]) -> None:
    if not _places.acquire(blocking=False):
        raise Busy("sdp", "Too many descriptions are being checked. Send this one again in a second.")
    work = _parser.submit(_examine, kind, sdp, lines)
    work.add_done_callback(lambda _: _places.release())
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wrap_future(work)
    except TimeoutError:
        raise Busy("sdp", "The description could not be checked in time. Send it again in a second.") from None


def _examine(kind: Literal["offer", "answer"], sdp: str, lines: list[str]) -> None:
    from aiortc.sdp import SessionDescription

    for line in lines:
        if line.startswith("a=candidate:"):
            _check_candidate_line(line[2:], "sdp")
    try:
        session = SessionDescription.parse(sdp)
    except Exception:
        # StopIteration, KeyError, AttributeError, AssertionError and others. It must not leave the thread as
        # it is: a future cannot carry StopIteration.
        raise Malformed(
            "sdp", "The description does not parse as SDP. Send the browser's own description unchanged."
        ) from None
    _check_session(kind, session)


def _check_session(kind: Literal["offer", "answer"], session: "SessionDescription") -> None:
    bundled = {mid for group in session.group if group.semantic == "BUNDLE" for mid in group.items[1:]}
    carried = 0
    for index, media in enumerate(session.media):
        if media.kind not in {"audio", "video", "application"}:
            _refuse(f"Media section {index} is neither audio, video nor application.")
        if media.dtls is not None and media.dtls.role not in _ROLES[kind]:
            _refuse(f"Media section {index}: a=setup of an {kind} must be {_SETUP[kind]} (RFC 8842).")
        # A rejected or bundled section may leave its transport out (RFC 9429, sections 5.2 and 5.3).
        if media.port and media.rtp.muxId not in bundled:
            _check_transport(index, media)
            carried += 1
    if not carried:
        _refuse("No media section of the description has a transport. Send one that is not rejected.")


def _check_transport(index: int, media: "MediaDescription") -> None:
    if media.ice is None or not _UFRAG.fullmatch(media.ice.usernameFragment or ""):
        _refuse(f"Media section {index} has no well-formed a=ice-ufrag (RFC 8839).")
    if not _PWD.fullmatch(media.ice.password or ""):
        _refuse(f"Media section {index} has no well-formed a=ice-pwd (RFC 8839).")
    if media.dtls is None:
        _refuse(f"Media section {index} has no a=setup (RFC 8842).")
    if not media.dtls.fingerprints or not all(map(_is_fingerprint, media.dtls.fingerprints)):
        _refuse(f"Media section {index} has no well-formed a=fingerprint of SHA-256, 384 or 512 (RFC 8122).")


def _is_fingerprint(fingerprint: "RTCDtlsFingerprint") -> bool:
    length = _FINGERPRINT_BYTES.get(fingerprint.algorithm.lower(), 0)
    return re.fullmatch("[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*", fingerprint.value) is not None and (
        len(fingerprint.value) == 3 * length - 1
    )


def _check_candidate_line(candidate: str, field: str) -> None:
    if len(candidate) > MAX_CANDIDATE_BYTES:
        raise Malformed(field, f"The candidate is longer than {MAX_CANDIDATE_BYTES} bytes.")
    parts = _CANDIDATE.fullmatch(candidate)
    if parts is None:
        raise Malformed(field, "The candidate is not of the form candidate:... of RFC 8839, section 5.1.")
    for name, (least, most) in _RANGES.items():
        if parts[name] is not None and not least <= int(parts[name]) <= most:
            raise Malformed(field, f"The candidate's {name} must lie between {least} and {most}.")
    if not all(_is_address(parts[name]) for name in ("address", "raddr") if parts[name] is not None):
        raise Malformed(field, "The candidate's address must be an IP literal or a <uuid>.local name.")
    words = parts["extensions"].split()
    extensions = dict(zip(words[::2], words[1::2], strict=True))
    # A second raddr or rport, out of its place, would reach a lenient parser unchecked.
    if len(extensions) * 2 != len(words) or extensions.keys() & {"raddr", "rport", "typ"}:
        raise Malformed(field, "The candidate says an attribute twice or out of order.")
    if parts["transport"].lower() == "tcp" and extensions.get("tcptype") not in {"active", "passive", "so"}:
        raise Malformed(field, "A TCP candidate needs tcptype active, passive or so (RFC 6544).")


def _is_address(text: str) -> bool:
    if _MDNS_NAME.fullmatch(text):
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    # A zone such as fe80::1%eth0 means nothing on another machine.
    return "%" not in text


def _refuse(message: str) -> NoReturn:
    raise Malformed("sdp", message)
