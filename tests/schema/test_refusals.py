"""Bad input: every mutation says what is wrong and in which field, and nothing is half-written."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from models import clock, throttle
from models.goal import MOST_GOALS, MOST_MILESTONES, Goal, Milestone
from models.meeting import Meeting, MeetingKind
from models.mentorship import Cadence, Mentorship
from models.profile import MOST_LANGUAGES, MOST_WINDOWS
from models.request import MOST_PENDING, REPLY_WITHIN, MentorshipRequest
from models.session import Session
from models.skill import MOST_PER_PERSON
from models.video import VideoSession
from schema.root import schema
from tests.people import PASSWORD, Pair, pair, person, request
from tests.schema.asking import ask, signed_in
from tests.schema.tables import rows

UNKNOWN = "01890000-0000-7000-8000-000000000000"
LONG = "x" * 10_000

# What no name may hold: it hides, reorders or breaks text.
HIDDEN = {
    "NUL": "a\x00b",
    "escape": "a\x1bb",
    "newline": "a\nb",
    "C1 control": "a\x85b",
    "right-to-left override": "a\u202eb",
    "zero-width space": "a\u200bb",
    "byte order mark": "a\ufeffb",
    "tag": "a\U000e0041b",
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "private use": "a\ue000b",
    "noncharacter": "a\uffffb",
    "lone surrogate": "a\ud800b",
}
BLANK = {"empty": "", "spaces": "   ", "ideographic space": "\u3000"}
# What no text may hold, though it may have several lines.
UNSTORABLE = {"NUL": "a\x00b", "escape": "a\x1bb", "C1 control": "a\x9bb", "lone surrogate": "a\ud800b"}


@dataclass
class World:
    """A pair with all that it has, and the ids of it."""

    pair: Pair
    mentor: Session
    mentee: Session
    ids: dict[str, str] = field(default_factory=dict)
    ticket: str = ""


@pytest.fixture(autouse=True)
def nobody_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "sign_in", throttle.Throttle())


@pytest.fixture
async def world(database: str) -> World:
    made = await pair()
    found = World(made, await signed_in(made.mentor), await signed_in(made.mentee))
    goal = await Goal.add(made.mentorship, by=made.mentee, title="Goal", milestones=["Step"])
    meeting = await Meeting.schedule(
        made.mentorship,
        by=made.mentee,
        kind=MeetingKind.PHONE,
        local_start="2027-06-01T12:00",
        time_zone="UTC",
        minutes=30,
    )
    call = await VideoSession.start(made.mentorship, by=made.mentee)
    participant, found.ticket, _ = await call.join(by=made.mentee, device_id="phone")
    other, _, _ = await call.join(by=made.mentor, device_id="phone")
    free = await person("Nora", capacity=1)
    rows_of: dict[str, Any] = {
        "mentorship": made.mentorship,
        "conversation": made.conversation,
        "goal": goal,
        "milestone": await Milestone.get(goal_id=goal.id),
        "meeting": meeting,
        "call": call,
        "participant": participant,
        "other": other,
        "pending": await request(made.mentor, await person("Pia")),
        "accepted": await MentorshipRequest.get(id=made.mentorship.request_id),
    }
    found.ids = {name: f"{type(row).__name__}:{row.id}" for name, row in rows_of.items()}
    found.ids["free"] = f"Profile:{free.id}"
    return found


async def do(by: Session | None, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The answer of a mutation: its payload's type, or its refusal."""
    capital = name[0].upper() + name[1:]
    answer = await ask(
        f"""mutation($input: {capital}Input!) {{ {name}(input: $input) {{
            __typename ... on Refusal {{ code message field }} }} }}""",
        by,
        input=given,
    )
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"][name])


SDP = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 0",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=rtcp-mux",
        "a=rtpmap:0 PCMU/8000",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "",
    ]
)
Input = Callable[[World], dict[str, Any]]

# A good input of each mutation: what is refused below is refused for what differs from it.
GOOD: dict[str, Input] = {
    "signUp": lambda _: {"email": "new@example.org", "password": PASSWORD, "name": "New", "timeZone": "UTC"},
    "signIn": lambda world: {"email": world.pair.mentee.email, "password": PASSWORD},
    "signOut": lambda world: {"sessionId": f"Session:{world.mentee.id}"},
    "updateProfile": lambda _: {"name": "New"},
    "requestMentorship": lambda world: {"mentorId": world.ids["free"], "message": "Will you?", "clientId": "new"},
    "acceptMentorshipRequest": lambda world: {"requestId": world.ids["pending"]},
    "declineMentorshipRequest": lambda world: {"requestId": world.ids["pending"]},
    "withdrawMentorshipRequest": lambda world: {"requestId": world.ids["pending"]},
    "endMentorship": lambda world: {"mentorshipId": world.ids["mentorship"]},
    "addGoal": lambda world: {"mentorshipId": world.ids["mentorship"], "title": "New", "clientId": "new"},
    "markGoal": lambda world: {"goalId": world.ids["goal"], "status": "REACHED"},
    "addMilestone": lambda world: {"goalId": world.ids["goal"], "title": "New", "clientId": "new"},
    "completeMilestone": lambda world: {"milestoneId": world.ids["milestone"]},
    "reopenMilestone": lambda world: {"milestoneId": world.ids["milestone"]},
    "scheduleMeeting": lambda world: {
        "mentorshipId": world.ids["mentorship"],
        "kind": "VIDEO",
        "localStart": "2027-06-02T12:00",
        "timeZone": "Europe/Lisbon",
        "minutes": 45,
        "clientId": "new",
    },
    "cancelMeeting": lambda world: {"meetingId": world.ids["meeting"]},
    "sendMessage": lambda world: {"conversationId": world.ids["conversation"], "body": "New", "clientId": "new"},
    "markRead": lambda world: {"conversationId": world.ids["conversation"], "number": 0},
    "startVideoSession": lambda world: {"mentorshipId": world.ids["mentorship"], "clientId": "new"},
    "joinVideoSession": lambda world: {"sessionId": world.ids["call"], "deviceId": "phone"},
    "sendSessionDescription": lambda world: {
        "ticket": world.ticket,
        "to": world.ids["other"],
        "negotiation": 1,
        "type": "OFFER",
        "sdp": SDP,
    },
    "sendIceCandidates": lambda world: {
        "ticket": world.ticket,
        "to": world.ids["other"],
        "negotiation": 1,
        "candidates": [{"candidate": ""}],
    },
    "videoHeartbeat": lambda world: {"ticket": world.ticket},
    "leaveVideoSession": lambda world: {"ticket": world.ticket},
    "endVideoSession": lambda world: {"sessionId": world.ids["call"]},
}

GOOD_CANDIDATE = "candidate:1 1 udp 1 192.0.2.1 9 typ host"

# Whom the mutation is asked by; the mentee where nobody is named.
BY_MENTOR = {"acceptMentorshipRequest", "declineMentorshipRequest"}

# (mutation, field at fault): values that are INVALID there.
NAMES = {**HIDDEN, **BLANK, "too long": LONG}
TITLES = NAMES
TEXTS = {**UNSTORABLE, "too long": LONG}
PASSWORDS = {"empty": "", "nine": "x" * 9, "too long": "x" * 257, "the address": "NEW@example.org"}
EMAILS = {
    "empty": "",
    "no at": "new.example.org",
    "two ats": "a@b@example.org",
    "no host": "new@",
    "no user": "@example.org",
    "too long": f"{LONG}@example.org",
    "NUL": "new\x00@example.org",
    "newline": "new@example.org\nBcc: all@example.org",
    "right-to-left override": "new\u202e@example.org",
    "lone surrogate": "new\ud800@example.org",
    # In lower case it has three times the characters, which is more than the column holds.
    "grows in lower case": "ΐ" * 32 + "@" + ".".join(["a" * 60] * 3) + ".org",
}
ZONES = {
    "empty": "",
    "unknown": "Europe/Atlantis",
    "path": "../../etc/passwd",
    "absolute": "/etc/localtime",
    "NUL": "UTC\x00",
    "offset": "+01:00",
    "lower case": "europe/lisbon",
    "lone surrogate": "\ud800",
    "too long": LONG,
}
CLIENT_IDS = {
    "empty": "",
    "too long": "x" * 65,
    "NUL": "a\x00",
    "newline": "a\n",
    "not ASCII": "é",
    "surrogate": "\ud800",
}
STARTS = {
    "empty": "",
    "no time": "2027-06-02",
    "seconds": "2027-06-02T12:00:00",
    "with offset": "2027-06-02T12:00Z",
    "space": "2027-06-02 12:00",
    "day that is not": "2027-02-29T12:00",
    "hour that is not": "2027-06-02T24:00",
    "skipped by the clocks": "2027-03-28T01:30",
    "past": "2020-01-01T12:00",
    "too far": "2031-01-01T12:00",
    "year 1": "0001-01-01T00:00",
    "year 9999": "9999-12-31T23:59",
    "year 0": "0000-01-01T00:00",
    "one-digit month": "2027-6-2T12:00",
    "one-digit hour": "2027-06-02T9:05",
    "other digits": "\uff12\uff10\uff12\uff17-06-02T12:00",
    "NUL": "2027-06-02T12:00\x00",
    "surrogate": "\ud800",
    "too long": LONG,
}
LANGUAGES = {"unknown form": ["english"], "upper case": ["EN"], "empty": [""], "NUL": ["en\x00"], "newline": ["en\n"]}
LANGUAGES |= {"too many": ["en", "pt"] * MOST_LANGUAGES}
WINDOWS = {
    "weekday 7": [{"weekday": 7, "start": 0, "end": 60}],
    "weekday -1": [{"weekday": -1, "start": 0, "end": 60}],
    "starts late": [{"weekday": 0, "start": 1440, "end": 1441}],
    "negative": [{"weekday": 0, "start": -1, "end": 60}],
    "huge": [{"weekday": 0, "start": 0, "end": 2**31 - 1}],
    "too many": [{"weekday": 0, "start": 0, "end": 60}] * (MOST_WINDOWS + 1),
}
SKILLS = {name: [value] for name, value in {**HIDDEN, **BLANK, "too long": "x" * 61}.items()}
SKILLS |= {"too many": [str(number) for number in range(MOST_PER_PERSON + 1)], "half good": ["Law", "a\u202eb"]}
NEGATIVE_OR_HUGE = {"-1": -1, "smallest": -(2**31), "largest": 2**31 - 1}
MINUTES = NEGATIVE_OR_HUGE | {"0": 0, "4": 4, "481": 481}
MONTHS = NEGATIVE_OR_HUGE | {"0": 0, "25": 25}
NUMBERS = NEGATIVE_OR_HUGE | {"one too many": 1}
DESCRIPTIONS = {
    "empty": "",
    "no SDP": "hello",
    "NUL": SDP + "\x00",
    "surrogate": SDP.replace("s=-", "s=\ud800"),
    "no fingerprint": SDP.replace("a=fingerprint", "a=finger"),
    "too long": SDP + "a=x:" + LONG,
    "64 KB": SDP + "a=x\r\n" * 20_000,
}
CANDIDATES = {
    "none": [],
    "too many": [{"candidate": ""}] * 17,
    "fragment": [{"candidate": "", "usernameFragment": "x\x00yz"}],
}

FIELDS: list[tuple[str, str, dict[str, Any]]] = [
    ("signUp", "email", EMAILS),
    ("signUp", "password", PASSWORDS),
    ("signUp", "name", NAMES),
    ("signUp", "timeZone", ZONES),
    ("updateProfile", "name", NAMES),
    ("updateProfile", "headline", {**HIDDEN, "too long": LONG}),
    ("updateProfile", "experience", TEXTS),
    ("updateProfile", "industry", {**HIDDEN, "too long": "x" * 61}),
    ("updateProfile", "yearsOfExperience", NEGATIVE_OR_HUGE | {"81": 81}),
    ("updateProfile", "capacity", NEGATIVE_OR_HUGE | {"51": 51}),
    ("updateProfile", "languages", LANGUAGES),
    ("updateProfile", "timeZone", ZONES),
    ("updateProfile", "availability", WINDOWS),
    ("updateProfile", "skillsOffered", SKILLS),
    ("updateProfile", "skillsWanted", SKILLS),
    ("requestMentorship", "message", {**TEXTS, **BLANK}),
    ("requestMentorship", "months", MONTHS),
    ("requestMentorship", "clientId", CLIENT_IDS),
    ("declineMentorshipRequest", "reason", TEXTS),
    ("endMentorship", "reason", TEXTS),
    ("addGoal", "title", TITLES),
    ("addGoal", "description", TEXTS),
    ("addGoal", "milestones", {name: ["Good", value] for name, value in TITLES.items()}),
    ("addGoal", "clientId", CLIENT_IDS),
    ("addMilestone", "title", TITLES),
    ("addMilestone", "clientId", CLIENT_IDS),
    ("scheduleMeeting", "localStart", STARTS),
    ("scheduleMeeting", "timeZone", ZONES),
    ("scheduleMeeting", "minutes", MINUTES),
    ("scheduleMeeting", "agenda", TEXTS),
    ("scheduleMeeting", "clientId", CLIENT_IDS),
    ("sendMessage", "body", {**TEXTS, **BLANK}),
    ("sendMessage", "clientId", CLIENT_IDS),
    ("markRead", "number", NUMBERS),
    ("startVideoSession", "clientId", CLIENT_IDS),
    ("joinVideoSession", "deviceId", {**HIDDEN, **BLANK, "too long": "x" * 65}),
    ("sendSessionDescription", "sdp", DESCRIPTIONS),
    ("sendSessionDescription", "negotiation", {"-1": -1, "smallest": -(2**31)}),
    ("sendIceCandidates", "negotiation", {"-1": -1, "smallest": -(2**31)}),
    ("sendIceCandidates", "candidates", CANDIDATES),
]

# Fields of an id, and what it must be the id of.
IDS: list[tuple[str, str, str]] = [
    ("signOut", "sessionId", "Session"),
    ("requestMentorship", "mentorId", "Profile"),
    ("acceptMentorshipRequest", "requestId", "MentorshipRequest"),
    ("declineMentorshipRequest", "requestId", "MentorshipRequest"),
    ("withdrawMentorshipRequest", "requestId", "MentorshipRequest"),
    ("endMentorship", "mentorshipId", "Mentorship"),
    ("addGoal", "mentorshipId", "Mentorship"),
    ("markGoal", "goalId", "Goal"),
    ("addMilestone", "goalId", "Goal"),
    ("completeMilestone", "milestoneId", "Milestone"),
    ("reopenMilestone", "milestoneId", "Milestone"),
    ("scheduleMeeting", "mentorshipId", "Mentorship"),
    ("cancelMeeting", "meetingId", "Meeting"),
    ("sendMessage", "conversationId", "Conversation"),
    ("markRead", "conversationId", "Conversation"),
    ("startVideoSession", "mentorshipId", "Mentorship"),
    ("startVideoSession", "meetingId", "Meeting"),
    ("joinVideoSession", "sessionId", "VideoSession"),
    ("sendSessionDescription", "to", "VideoParticipant"),
    ("sendIceCandidates", "to", "VideoParticipant"),
    ("endVideoSession", "sessionId", "VideoSession"),
]

TICKETS = ["sendSessionDescription", "sendIceCandidates", "videoHeartbeat", "leaveVideoSession"]


def actor(world: World, name: str) -> Session:
    return world.mentor if name in BY_MENTOR else world.mentee


async def failures(world: World, name: str, at: str, bad: Mapping[str, Any], code: str) -> dict[str, Any]:
    """What was not refused with this code and field; and what was written although it was refused."""
    before = await rows()
    wrong: dict[str, Any] = {}
    for number, (case, value) in enumerate(bad.items()):
        given = {**GOOD[name](world), at: value}
        # One that is taken by mistake should not stand in the way of the next.
        if "clientId" in given and at != "clientId":
            given["clientId"] = str(number)
        if name == "signUp" and at in ("name", "timeZone"):
            given["email"] = f"new{number}@example.org"
        try:
            answer = await do(actor(world, name), name, given)
        except AssertionError as error:
            wrong[case] = str(error)[:160]
            continue
        if (answer.get("code"), answer.get("field")) != (code, at):
            wrong[case] = {key: value for key, value in answer.items() if key != "message"}
        if (now := await rows()) != before:
            wrong[f"{case}: written"] = [table for table in now if now[table] != before[table]]
            before = now
    return wrong


def test_every_mutation_is_tried() -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    assert GOOD.keys() == mutation.fields.keys()
    tried = {(name, at) for name, at, _ in FIELDS} | {(name, at) for name, at, _ in IDS}
    tried |= {(name, "ticket") for name in TICKETS}
    every = {(name, at) for name, member in mutation.fields.items() for at in member.args["input"].type.of_type.fields}
    # GraphQL itself checks enums, dates and booleans; sign-in has tests of its own.
    checked_by_type = {"kind", "cadence", "status", "dueOn", "takeOver", "type"}
    assert {(name, at) for name, at in every - tried if at not in checked_by_type and name != "signIn"} == set()


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", GOOD)
async def test_the_good_input_is_taken(world: World, name: str) -> None:
    by = await signed_in(await _mentee_of(world)) if name == "withdrawMentorshipRequest" else actor(world, name)
    answer = await do(by, name, GOOD[name](world))
    assert answer["__typename"] == name[0].upper() + name[1:] + "Payload", answer


async def _mentee_of(world: World) -> Any:
    pending = await MentorshipRequest.get(id=world.ids["pending"].partition(":")[2])
    return await (await pending.mentee).account


@pytest.mark.parametrize(("name", "at", "bad"), FIELDS, ids=[f"{name}-{at}" for name, at, _ in FIELDS])
async def test_a_bad_value_is_refused_in_its_field_and_nothing_is_written(
    world: World, name: str, at: str, bad: dict[str, Any]
) -> None:
    assert await failures(world, name, at, bad, "INVALID") == {}


@pytest.mark.parametrize(("name", "at", "kind"), IDS, ids=[f"{name}-{at}" for name, at, _ in IDS])
async def test_an_id_that_is_none_of_its_kind_is_refused(world: World, name: str, at: str, kind: str) -> None:
    other = "Goal" if kind != "Goal" else "Meeting"
    malformed = {
        "empty": "",
        "no id": "x",
        "no key": f"{kind}:",
        "another kind": f"{other}:{UNKNOWN}",
        "a bare key": UNKNOWN,
        "no such kind": f"Thing:{UNKNOWN}",
        "lower case": f"{kind.lower()}:{UNKNOWN}",
        "upper case key": f"{kind}:{UNKNOWN.upper().replace('0', 'A')}",
        "braces": f"{kind}:{{{UNKNOWN}}}",
        "no dashes": f"{kind}:{UNKNOWN.replace('-', '')}",
        "more": f"{kind}:{UNKNOWN}:more",
        "NUL": f"{kind}:{UNKNOWN[:-1]}\x00",
        "SQL": f"{kind}:' OR 1=1 --",
        "surrogate": "\ud800",
        "other digits": f"{kind}:" + UNKNOWN.replace("0", "\u0660"),
        "long": LONG,
    }
    assert await failures(world, name, at, malformed, "INVALID") == {}
    assert await failures(world, name, at, {"unknown": f"{kind}:{UNKNOWN}"}, "NOT_FOUND") == {}


@pytest.mark.parametrize("name", TICKETS)
async def test_a_ticket_of_nobody_does_not_exist(world: World, name: str) -> None:
    bad = {"empty": "", "unknown": "x" * 43, "NUL": "\x00", "surrogate": "\ud800", "long": LONG, "SQL": "' OR 1=1 --"}
    assert await failures(world, name, "ticket", bad, "NOT_FOUND") == {}


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("candidate", "at"),
    [
        ({"candidate": "hello"}, "sdpMid"),
        ({"candidate": "hello", "sdpMid": "0"}, "candidate"),
        ({"candidate": GOOD_CANDIDATE + "\x00", "sdpMid": "0"}, "candidate"),
        ({"candidate": GOOD_CANDIDATE + "\r\na=x", "sdpMid": "0"}, "candidate"),
        ({"candidate": GOOD_CANDIDATE, "sdpMid": "0\n"}, "sdpMid"),
        ({"candidate": GOOD_CANDIDATE, "sdpMLineIndex": -1}, "sdpMLineIndex"),
        ({"candidate": GOOD_CANDIDATE, "sdpMLineIndex": 2**31 - 1}, "sdpMLineIndex"),
    ],
)
async def test_a_bad_candidate_is_refused_in_its_own_field(world: World, candidate: dict[str, Any], at: str) -> None:
    before = await rows()
    answer = await do(world.mentee, "sendIceCandidates", GOOD["sendIceCandidates"](world) | {"candidates": [candidate]})
    assert (answer["code"], answer["field"]) == ("INVALID", at)
    assert await rows() == before


# --- sign-in ---


@pytest.mark.parametrize(
    "given",
    [
        {"email": ""},
        {"email": "nobody@example.org"},
        {"email": "a\x00b@example.org"},
        {"email": "\ud800@example.org"},
        {"email": "x" * 300 + "@example.org"},
        {"email": "' OR 1=1 --"},
        {"password": ""},
        {"password": "not the password"},
        {"password": PASSWORD + " "},
        {"password": "\x00"},
        {"password": "\ud800"},
        {"password": LONG},
    ],
    ids=lambda given: repr(given)[:40],
)
async def test_a_sign_in_that_does_not_match_gets_one_answer(world: World, given: dict[str, str]) -> None:
    before = await rows()
    answer = await do(None, "signIn", GOOD["signIn"](world) | given)
    assert (answer["code"], answer["field"]) == ("BAD_CREDENTIALS", None)
    assert answer["message"] == "The address or the password is wrong."
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "email",
    [
        "ana@example.org",
        "Ana@Example.ORG",
        " ana@example.org ",
        "ana@bücher.example",
        "ana@xn--bcher-kva.example",
        "ana@bu\u0308cher.example",
        "ana@\uff25xample.org",
    ],
)
async def test_who_has_signed_up_can_sign_in_with_the_same_words(database: str, email: str) -> None:
    given = {"email": email, "password": PASSWORD}
    assert (await do(None, "signUp", {**given, "name": "Ana"}))["__typename"] == "SignUpPayload"
    assert (await do(None, "signIn", given))["__typename"] == "SignInPayload"


async def test_an_address_has_one_account_however_it_is_spelt(world: World) -> None:
    before = await rows()
    for email in (world.pair.mentee.email, world.pair.mentee.email.upper(), f" {world.pair.mentee.email}"):
        answer = await do(None, "signUp", GOOD["signUp"](world) | {"email": email})
        assert (answer["code"], answer["field"]) == ("ALREADY_EXISTS", "email")
    assert await rows() == before


# --- states ---


async def test_what_has_been_decided_cannot_be_decided_otherwise(world: World) -> None:
    before = await rows()
    accepted = {"requestId": world.ids["accepted"]}
    for by, name in (
        (world.mentor, "declineMentorshipRequest"),
        (world.mentee, "withdrawMentorshipRequest"),
    ):
        answer = await do(by, name, accepted)
        assert (answer["__typename"], answer["code"]) == ("Refusal", "WRONG_STATE")
    # Saying the same again is no mistake, and changes nothing.
    assert (await do(world.mentor, "acceptMentorshipRequest", accepted))["__typename"] != "Refusal"
    assert await rows() == before


async def test_a_request_cannot_be_answered_once_its_time_is_over(world: World) -> None:
    before = await rows()
    with clock.moved(REPLY_WITHIN):
        for name in BY_MENTOR:
            assert (await do(world.mentor, name, {"requestId": world.ids["pending"]}))["code"] == "EXPIRED"
    assert await rows() == before


async def test_a_mentor_without_a_place_cannot_be_asked_nor_say_yes(world: World) -> None:
    nora = await person("Nora", capacity=1)
    first, second = await request(nora, await person()), await request(nora, await person())
    session = await signed_in(nora)
    assert (await do(session, "acceptMentorshipRequest", {"requestId": f"MentorshipRequest:{first.id}"})).get(
        "code"
    ) is None
    before = await rows()
    refused = await do(session, "acceptMentorshipRequest", {"requestId": f"MentorshipRequest:{second.id}"})
    assert refused["code"] == "AT_CAPACITY"
    asked = await do(world.mentee, "requestMentorship", {"mentorId": f"Profile:{nora.id}", "message": "Will you?"})
    assert (asked["code"], asked["field"]) == ("AT_CAPACITY", "mentorId")
    assert await rows() == before


async def test_whom_one_may_not_ask(world: World) -> None:
    nobody = await person("Nobody")
    me = world.pair.mentee
    refused = {
        f"Profile:{me.id}": "INVALID",
        f"Profile:{nobody.id}": "NOT_ALLOWED",
        f"Profile:{world.pair.mentor.id}": "ALREADY_EXISTS",
    }
    before = await rows()
    for mentor, code in refused.items():
        answer = await do(world.mentee, "requestMentorship", {"mentorId": mentor, "message": "Will you?"})
        assert answer["code"] == code
        assert answer["field"] == "mentorId"
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_requests_goals_and_milestones_have_a_bound(world: World) -> None:
    eager = await person("Eager")
    for number in range(MOST_PENDING):
        await request(await person(f"Mentor {number}", capacity=1), eager)
    free = world.ids["free"]
    asked = await do(await signed_in(eager), "requestMentorship", {"mentorId": free, "message": "Will you?"})
    assert asked["code"] == "LIMIT_REACHED"
    for number in range(MOST_GOALS - 1):
        await Goal.add(world.pair.mentorship, by=world.pair.mentee, title=str(number))
    assert (await do(world.mentee, "addGoal", GOOD["addGoal"](world)))["code"] == "LIMIT_REACHED"
    goal = await Goal.get(id=world.ids["goal"].partition(":")[2])
    for number in range(MOST_MILESTONES - 1):
        await goal.add_milestone(by=world.pair.mentee, title=str(number))
    before = await rows()
    answer = await do(world.mentee, "addMilestone", GOOD["addMilestone"](world))
    # The input has no field `milestones`: nothing in it is at fault but the goal.
    assert (answer["code"], answer["field"]) in [("LIMIT_REACHED", None), ("LIMIT_REACHED", "goalId")]
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_goal_with_too_many_milestones_is_not_added_at_all(world: World) -> None:
    titles = [str(number) for number in range(MOST_MILESTONES + 1)]
    assert await failures(world, "addGoal", "milestones", {"51": titles}, "INVALID") == {}


async def test_a_meeting_that_is_over_cannot_be_called_off(world: World) -> None:
    meeting = await Meeting.get(id=world.ids["meeting"].partition(":")[2])
    before = await rows()
    with clock.moved(meeting.starts_at + timedelta(minutes=30) - clock.now()):
        assert (await do(await signed_in(world.pair.mentee), "cancelMeeting", GOOD["cancelMeeting"](world)))[
            "code"
        ] == "WRONG_STATE"
    now = await rows()
    assert {table for table in now if now[table] != before[table]} == {"session"}


async def test_a_time_that_comes_twice_is_the_first_and_one_that_is_there_is_taken(world: World) -> None:
    given = GOOD["scheduleMeeting"](world)
    for number, start in enumerate(("2027-10-31T01:30", "2027-03-28T02:00")):
        answer = await do(world.mentee, "scheduleMeeting", given | {"localStart": start, "clientId": str(number)})
        assert answer["__typename"] == "ScheduleMeetingPayload"
    first = await Meeting.get(local_start="2027-10-31T01:30")
    assert first.starts_at.isoformat() == "2027-10-31T00:30:00+00:00"


async def test_what_has_ended_takes_no_more(world: World) -> None:
    call = await VideoSession.get(id=world.ids["call"].partition(":")[2])
    await call.end(by=world.pair.mentor)
    before = await rows()
    for name in ("joinVideoSession", "sendSessionDescription", "sendIceCandidates", "videoHeartbeat"):
        assert (await do(world.mentee, name, GOOD[name](world)))["code"] == "WRONG_STATE", name
    assert await rows() == before


async def test_a_second_device_must_say_that_it_takes_over(world: World) -> None:
    before = await rows()
    given = GOOD["joinVideoSession"](world) | {"deviceId": "desk"}
    answer = await do(world.mentee, "joinVideoSession", given)
    assert (answer["code"], answer["field"]) == ("ALREADY_EXISTS", "takeOver")
    assert await rows() == before
    assert (await do(world.mentee, "joinVideoSession", given | {"takeOver": True}))["__typename"] != "Refusal"


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_nobody_sends_signals_to_themselves(world: World) -> None:
    for name in ("sendSessionDescription", "sendIceCandidates"):
        bad = {"oneself": world.ids["participant"]}
        assert await failures(world, name, "to", bad, "NOT_FOUND") == {}


# --- retries ---

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("requestMentorship", {"message": "Other"}),
    ("requestMentorship", {"months": 7}),
    ("requestMentorship", {"cadence": "WEEKLY"}),
    ("addGoal", {"title": "Other"}),
    ("addGoal", {"description": "Other"}),
    ("addGoal", {"dueOn": "2027-01-01"}),
    ("addGoal", {"milestones": ["Other"]}),
    ("addMilestone", {"title": "Other"}),
    ("addMilestone", {"dueOn": "2027-01-01"}),
    ("scheduleMeeting", {"localStart": "2027-06-03T12:00"}),
    ("scheduleMeeting", {"timeZone": "Asia/Tokyo"}),
    ("scheduleMeeting", {"kind": "PHONE"}),
    ("scheduleMeeting", {"minutes": 60}),
    ("scheduleMeeting", {"agenda": "Other"}),
    ("sendMessage", {"body": "Other"}),
]


@pytest.mark.parametrize("name", sorted({name for name, _ in CHANGES}))
async def test_a_retry_finds_the_first_and_writes_nothing(world: World, name: str) -> None:
    given = GOOD[name](world)
    assert (await do(world.mentee, name, given))["__typename"] != "Refusal"
    before = await rows()
    assert (await do(world.mentee, name, given))["__typename"] != "Refusal"
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[f"{name}-{next(iter(change))}" for name, change in CHANGES])
async def test_a_client_id_with_other_content_is_refused_and_not_answered_as_if_it_were_stored(
    world: World, name: str, change: dict[str, Any]
) -> None:
    given = GOOD[name](world)
    assert (await do(world.mentee, name, given))["__typename"] != "Refusal"
    before = await rows()
    answer = await do(world.mentee, name, {**given, **change})
    assert await rows() == before
    assert (answer.get("code"), answer.get("field")) == ("CLIENT_ID_REUSED", "clientId")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_client_id_is_of_its_account_alone(world: World) -> None:
    given = GOOD["sendMessage"](world)
    for by in (world.mentee, world.mentor):
        assert (await do(by, "sendMessage", given))["__typename"] == "SendMessagePayload"


# --- texts that cost ---


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("name", "at"), [("sendMessage", "body"), ("addGoal", "title")])
async def test_a_text_of_many_accents_is_refused_before_it_is_put_in_order(world: World, name: str, at: str) -> None:
    # Normalisation takes time that grows with the square of a run of combining marks: the server stands still.
    started = time.process_time()
    accents = "a" + "\u0301\u0316" * 20_000
    assert await failures(world, name, at, {"accents": accents}, "INVALID") == {}
    assert time.process_time() - started < 1


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_mentorship_is_not_left_half_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("the last step")

    monkeypatch.setattr("models.conversation.Conversation.open", broken)
    before = await rows()
    with pytest.raises(AssertionError, match="INTERNAL"):
        await do(world.mentor, "acceptMentorshipRequest", {"requestId": world.ids["pending"]})
    assert await rows() == before
    assert await Mentorship.filter(cadence=Cadence.FORTNIGHTLY).count() == 1
