"""Who may do what: a rule for every field and every root, and a walk of all of them by every kind of actor.

Private texts hold a canary that names who may read it (`canary-mara_theo-goal`): no answer to anybody else may hold it.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_composite_type, is_object_type

from models import password
from models.account import Account
from models.conversation import Conversation, Message
from models.database import connect
from models.goal import Goal, GoalStatus, Milestone
from models.inbox import Cursor, Inbox, Kind
from models.meeting import Meeting, MeetingKind
from models.mentorship import Cadence, Mentorship
from models.organisation import Organisation, Participation, Programme
from models.profile import Profile
from models.request import MentorshipRequest
from models.session import Session
from models.skill import Skill
from models.video import SignalKind, VideoParticipant, VideoSession, VideoSignal
from realtime.bells import Bells
from realtime.ice import IceSettings
from schema.context import Context
from schema.execution import RequestError, planner, prepare, run, stream
from schema.limits import CEILING, DEFAULT_LIMITS, Limits
from schema.root import schema
from tests.people import PASSWORD, pair, person
from tests.schema.asking import ask, signed_in
from tests.schema.tables import rows


class Rule(Enum):
    """Who may see a field, or do what a root field does."""

    ANYONE = auto()
    SIGNED_IN = auto()
    OWNER = auto()
    MENTOR = auto()
    MENTEE = auto()
    PAIR = auto()
    SENDER = auto()
    TICKET_HOLDER = auto()
    ENROLLED = auto()


ANYONE, SIGNED_IN, OWNER, PAIR = Rule.ANYONE, Rule.SIGNED_IN, Rule.OWNER, Rule.PAIR
MENTOR, MENTEE, SENDER, TICKET_HOLDER, ENROLLED = (
    Rule.MENTOR,
    Rule.MENTEE,
    Rule.SENDER,
    Rule.TICKET_HOLDER,
    Rule.ENROLLED,
)


def of(rule: Rule, kind: str, fields: str) -> dict[str, Rule]:
    """The same rule for these fields of a type."""
    return {f"{kind}.{name}": rule for name in fields.split()}


PAGE = "edges pageInfo totalCount"
EDGE = "node cursor"

RULES: dict[str, Rule] = {
    **of(ANYONE, "Query", "viewer"),
    **of(SIGNED_IN, "Query", "profile mentors skills suggestions programmes mentorshipRequests mentorship mentorships"),
    **of(SIGNED_IN, "Query", "conversations videoSession node"),
    **of(ANYONE, "Mutation", "signUp signIn"),
    **of(OWNER, "Mutation", "signOut"),
    **of(SIGNED_IN, "Mutation", "updateProfile requestMentorship"),
    **of(MENTOR, "Mutation", "acceptMentorshipRequest declineMentorshipRequest"),
    **of(MENTEE, "Mutation", "withdrawMentorshipRequest"),
    **of(PAIR, "Mutation", "endMentorship addGoal markGoal addMilestone completeMilestone reopenMilestone"),
    **of(PAIR, "Mutation", "scheduleMeeting cancelMeeting sendMessage markRead"),
    **of(PAIR, "Mutation", "startVideoSession joinVideoSession endVideoSession"),
    **of(TICKET_HOLDER, "Mutation", "sendSessionDescription sendIceCandidates videoHeartbeat leaveVideoSession"),
    **of(SIGNED_IN, "Subscription", "inbox"),
    **of(TICKET_HOLDER, "Subscription", "videoSignals"),
    # People
    **of(OWNER, "Account", "id email createdAt profile sessions inboxCursor"),
    **of(OWNER, "Session", "id device createdAt expiresAt current"),
    **of(SIGNED_IN, "Profile", "id name headline experience yearsOfExperience industry languages timeZone capacity"),
    **of(SIGNED_IN, "Profile", "skillsOffered skillsWanted availability placesFree"),
    **of(SIGNED_IN, "Window", "weekday start end"),
    **of(SIGNED_IN, "Skill", "id name"),
    **of(SIGNED_IN, "ScoreComponent", "name side weight value contribution"),
    # Programmes
    **of(ENROLLED, "Programme", "id name purpose startsOn endsOn organisation"),
    **of(ENROLLED, "Organisation", "id name"),
    # Pairs
    **of(PAIR, "MentorshipRequest", "id mentor mentee message months cadence status reason createdAt expiresAt"),
    **of(PAIR, "MentorshipRequest", "decidedAt mentorship"),
    **of(PAIR, "Mentorship", "id mentor mentee status cadence createdAt endsOn endedAt endReason goals meetings"),
    **of(PAIR, "Mentorship", "conversation"),
    **of(PAIR, "Goal", "id title description dueOn status createdAt closedAt milestones"),
    **of(PAIR, "Milestone", "id title position dueOn completedAt"),
    **of(PAIR, "Meeting", "id kind status startsAt minutes timeZone localStart agenda"),
    **of(PAIR, "Conversation", "id lastActivityAt lastNumber closedAt counterpart lastMessage unreadCount readNumber"),
    **of(PAIR, "Conversation", "messages"),
    **of(PAIR, "Message", "id number body author createdAt"),
    **of(SENDER, "Message", "clientId"),
    **of(PAIR, "VideoSession", "id status createdAt liveAt endedAt meeting participants"),
    **of(PAIR, "VideoParticipant", "id profile createdAt leftAt"),
    # Lists
    **of(SIGNED_IN, "PageInfo", "hasNextPage hasPreviousPage startCursor endCursor"),
    **of(SIGNED_IN, "ProfileConnection", PAGE),
    **of(SIGNED_IN, "ProfileEdge", EDGE),
    **of(SIGNED_IN, "SkillConnection", PAGE),
    **of(SIGNED_IN, "SkillEdge", EDGE),
    **of(SIGNED_IN, "SuggestionConnection", "edges pageInfo"),
    **of(SIGNED_IN, "SuggestionEdge", "node cursor score reasons components"),
    **of(SIGNED_IN, "ProgrammeConnection", PAGE),
    **of(ENROLLED, "ProgrammeEdge", EDGE),
    **of(SIGNED_IN, "MentorshipRequestConnection", PAGE),
    **of(PAIR, "MentorshipRequestEdge", EDGE),
    **of(SIGNED_IN, "MentorshipConnection", PAGE),
    **of(PAIR, "MentorshipEdge", EDGE),
    **of(SIGNED_IN, "ConversationConnection", PAGE),
    **of(PAIR, "ConversationEdge", EDGE),
    **of(OWNER, "SessionConnection", PAGE),
    **of(OWNER, "SessionEdge", EDGE),
    **of(PAIR, "GoalConnection", PAGE),
    **of(PAIR, "GoalEdge", EDGE),
    **of(PAIR, "MeetingConnection", PAGE),
    **of(PAIR, "MeetingEdge", EDGE),
    **of(PAIR, "MessageConnection", PAGE),
    **of(PAIR, "MessageEdge", EDGE),
    # Answers of mutations
    **of(ANYONE, "Refusal", "code message field"),
    **of(OWNER, "SignUpPayload", "token account"),
    **of(OWNER, "SignInPayload", "token account"),
    **of(OWNER, "SignOutPayload", "sessionId"),
    **of(SIGNED_IN, "UpdateProfilePayload", "profile"),
    **of(MENTEE, "RequestMentorshipPayload", "request"),
    **of(MENTOR, "AcceptMentorshipRequestPayload", "mentorship request"),
    **of(MENTOR, "DeclineMentorshipRequestPayload", "request"),
    **of(MENTEE, "WithdrawMentorshipRequestPayload", "request"),
    **of(PAIR, "EndMentorshipPayload", "mentorship"),
    **of(PAIR, "AddGoalPayload", "goal"),
    **of(PAIR, "MarkGoalPayload", "goal"),
    **of(PAIR, "AddMilestonePayload", "milestone"),
    **of(PAIR, "CompleteMilestonePayload", "milestone"),
    **of(PAIR, "ReopenMilestonePayload", "milestone"),
    **of(PAIR, "ScheduleMeetingPayload", "meeting"),
    **of(PAIR, "CancelMeetingPayload", "meeting"),
    **of(SENDER, "SendMessagePayload", "sent"),
    **of(PAIR, "MarkReadPayload", "conversation"),
    **of(PAIR, "StartVideoSessionPayload", "session"),
    **of(TICKET_HOLDER, "JoinVideoSessionPayload", "session ticket participant polite participants iceServers"),
    **of(TICKET_HOLDER, "JoinVideoSessionPayload", "heartbeatSeconds"),
    **of(TICKET_HOLDER, "IceServer", "urls username credential"),
    **of(TICKET_HOLDER, "SendSessionDescriptionPayload", "negotiation"),
    **of(TICKET_HOLDER, "SendIceCandidatesPayload", "negotiation"),
    **of(TICKET_HOLDER, "VideoHeartbeatPayload", "presentUntil"),
    **of(TICKET_HOLDER, "LeaveVideoSessionPayload", "session"),
    **of(PAIR, "EndVideoSessionPayload", "session"),
    # Events
    **of(PAIR, "MessageCreated", "cursor message"),
    **of(PAIR, "ReadMarkerMoved", "cursor conversation"),
    **of(PAIR, "RequestChanged", "cursor request"),
    **of(PAIR, "MentorshipChanged", "cursor mentorship"),
    **of(PAIR, "GoalChanged", "cursor goal"),
    **of(PAIR, "MeetingChanged", "cursor meeting"),
    **of(PAIR, "VideoSessionChanged", "cursor session"),
    **of(SIGNED_IN, "ResyncRequired", "cursor"),
    **of(TICKET_HOLDER, "SessionDescription", "seq senderId negotiation type sdp"),
    **of(TICKET_HOLDER, "IceCandidates", "seq senderId negotiation candidates"),
    **of(TICKET_HOLDER, "IceCandidate", "candidate sdpMid sdpMLineIndex usernameFragment"),
    **of(TICKET_HOLDER, "ParticipantJoined", "seq participant"),
    **of(TICKET_HOLDER, "ParticipantLeft", "seq participantId"),
    **of(TICKET_HOLDER, "Replaced", "seq"),
    **of(TICKET_HOLDER, "SessionEnded", "seq"),
    **of(TICKET_HOLDER, "SignalsLost", "rejoin"),
}

SCHEMA = schema._schema
TYPES = {name: kind for name, kind in SCHEMA.type_map.items() if is_object_type(kind) and not name.startswith("__")}

# Mara mentors Theo; Zoe has a pair of her own, with Yan; Finn was Mara's mentee once. A stranger is nobody.
ACTORS = ["stranger", "mara", "theo", "zoe", "finn"]

NODES: dict[str, Any] = {
    "Account": Account,
    "Session": Session,
    "Profile": Profile,
    "Skill": Skill,
    "Programme": Programme,
    "Organisation": Organisation,
    "MentorshipRequest": MentorshipRequest,
    "Mentorship": Mentorship,
    "Goal": Goal,
    "Milestone": Milestone,
    "Meeting": Meeting,
    "Conversation": Conversation,
    "Message": Message,
    "VideoSession": VideoSession,
    "VideoParticipant": VideoParticipant,
}


def test_every_field_has_a_rule_and_every_rule_a_field() -> None:
    fields = {f"{name}.{member}" for name, kind in TYPES.items() for member in kind.fields}
    assert fields - RULES.keys() == set(), "say who may see these"
    assert RULES.keys() - fields == set(), "these are gone"


def test_every_node_type_is_walked() -> None:
    node = SCHEMA.type_map["Node"]
    assert {name for name, kind in TYPES.items() if node in kind.interfaces} == NODES.keys()


# --- the world ---

SDP = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=canary-mara_theo-sdp",
        "t=0 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 0",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:0 PCMU/8000",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "",
    ]
)
CANDIDATE = {
    "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host canary canary-mara_theo-candidate",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "abcd",
}


@dataclass
class World:
    """Ids and secrets of what is in the database; `ids` are global."""

    path: Path
    ids: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def note(self, name: str, row: Any) -> None:
        self.ids[name] = f"{type(row).__name__}:{row.id}"


async def build(world: World) -> None:
    """People, pairs and all that they have."""
    hashed = await password.hashed(PASSWORD)
    people: dict[str, Account] = {}
    for name in ("mara", "theo", "zoe", "yan", "finn", "nora"):
        opened = await Account._open(
            f"canary-{name}-mail@example.org", hashed, name.title(), "UTC", f"canary-{name}-one"
        )
        world.tokens[name] = opened[1]
        people[name] = await Account.get(id=opened[0].account_id)
        world.accounts[name] = str(people[name].id)
        world.note(f"{name} session", (await Session.open(people[name], device=f"canary-{name}-two"))[0])
        await (await Profile.get(id=people[name].id)).change(
            by=people[name],
            capacity=5,
            languages=["en"],
            availability=[{"weekday": 1, "start": 540, "end": 600}],
            skills_offered=["Law"],
            skills_wanted=["Law"],
        )
    world.note("nora", await Profile.get(id=people["nora"].id))
    programme = await Programme.create(
        organisation=await Organisation.create(name="canary-mara_theo-guild"),
        name="canary-mara_theo-programme",
        starts_on=date(2027, 1, 1),
        ends_on=date(2027, 6, 1),
    )
    for name in ("mara", "theo"):
        await programme.enrol(await Profile.get(id=people[name].id))
    await _pair(world, people, "mara", "finn")
    await _ended_call(world, people)
    await (await Mentorship.get(id=_key(world.ids["mara_finn mentorship"]))).end(
        by=people["mara"], reason="canary-mara_finn-reason"
    )
    declined = await _ask(people, "finn", "theo")
    await declined.decline(by=people["theo"], reason="canary-theo_finn-declined")
    await _pair(world, people, "mara", "theo")
    # An event that Zoe's log should not hold: it is passed over when it is delivered.
    message = await Message.get(id=_key(world.ids["mara_theo message"]))
    await Inbox.record(Kind.MESSAGE_CREATED, message, [people["zoe"].id])
    await _live_call(world, people)
    await _pair(world, people, "yan", "zoe")
    world.note("pending", await _ask(people, "mara", "theo"))
    world.secrets = [account.password_hash for account in await Account.all()]
    world.secrets += [session.token_hash for session in await Session.all()]
    world.secrets += [participant.ticket_hash for participant in await VideoParticipant.all()]


async def _ask(people: dict[str, Account], mentee: str, mentor: str) -> MentorshipRequest:
    return await MentorshipRequest.ask(
        people[mentor].id,
        by=people[mentee],
        message=f"canary-{mentee}_{mentor}-please",
        months=6,
        cadence=Cadence.WEEKLY,
    )


async def _pair(world: World, people: dict[str, Account], mentor: str, mentee: str) -> None:
    both, name = f"canary-{mentor}_{mentee}", f"{mentor}_{mentee}"
    mentorship = await (await _ask(people, mentee, mentor)).accept(by=people[mentor])
    world.note(f"{name} mentorship", mentorship)
    world.note(f"{name} request", await MentorshipRequest.get(id=mentorship.request_id))
    goal = await Goal.add(
        mentorship,
        by=people[mentee],
        title=f"{both}-goal",
        description=f"{both}-description",
        due_on=date(2027, 1, 1),
        milestones=[f"{both}-first"],
    )
    milestone = await goal.add_milestone(by=people[mentor], title=f"{both}-step", due_on=date(2027, 1, 1))
    world.note(f"{name} goal", await goal.mark(GoalStatus.REACHED, by=people[mentor]))
    world.note(f"{name} milestone", await milestone.complete(by=people[mentee]))
    meeting = await Meeting.schedule(
        mentorship,
        by=people[mentor],
        kind=MeetingKind.VIDEO,
        local_start="2027-06-01T12:00",
        time_zone="Europe/Lisbon",
        minutes=30,
        agenda=f"{both}-agenda",
    )
    world.note(f"{name} meeting", meeting)
    conversation = await Conversation.get(mentorship_id=mentorship.id)
    world.note(f"{name} conversation", conversation)
    for author in (mentor, mentee):
        message = await conversation.send(f"{both}-body", by=people[author], client_id=f"canary-{author}-key-{name}")
    world.note(f"{name} message", message)
    await conversation.mark_read(2, by=people[mentor])
    call = await VideoSession.start(mentorship, by=people[mentor], meeting=meeting)
    world.note(f"{name} call", call)


async def _join(world: World, people: dict[str, Account], call: str, name: str, device: str) -> VideoParticipant:
    session = await VideoSession.get(id=_key(world.ids[call]))
    participant, ticket, _ = await session.join(by=people[name], device_id=device, take_over=True)
    world.tickets[f"{name} {device}"] = ticket
    world.note(f"{name} {device}", participant)
    return participant


async def _ended_call(world: World, people: dict[str, Account]) -> None:
    """Mara changed her device, and all ended with the mentorship."""
    await _join(world, people, "mara_finn call", "mara", "old phone")
    finn = await _join(world, people, "mara_finn call", "finn", "phone")
    await _join(world, people, "mara_finn call", "mara", "old desk")
    # Finn has missed what is no longer kept.
    await VideoSignal.filter(receiver_id=finn.id, number=1).delete()


async def _live_call(world: World, people: dict[str, Account]) -> None:
    """Mara is there; Theo came, offered, left, and came back."""
    mara = await _join(world, people, "mara_theo call", "mara", "phone")
    theo = await _join(world, people, "mara_theo call", "theo", "phone")
    candidates = [
        {
            "candidate": CANDIDATE["candidate"],
            "sdp_mid": "0",
            "sdp_m_line_index": 0,
            "username_fragment": "abcd",
        }
    ]
    await theo.send(mara.id, SignalKind.DESCRIPTION, {"negotiation": 1, "type": "offer", "sdp": SDP})
    await theo.send(mara.id, SignalKind.CANDIDATES, {"negotiation": 1, "candidates": candidates})
    await theo.leave()
    await _join(world, people, "mara_theo call", "theo", "desk")


def _key(global_id: str) -> str:
    return global_id.partition(":")[2]


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world, built once."""
    world = World(tmp_path_factory.mktemp("world") / "world.sqlite3")
    shutil.copy(sqlite_template, world.path)

    async def built() -> None:
        async with connect(f"sqlite://{world.path}"):
            await build(world)

    asyncio.run(built())
    return world


@pytest.fixture
async def world(template: World, tmp_path: Path) -> AsyncIterator[World]:
    """The world, and a connection to a copy of its own."""
    path = tmp_path / "world.sqlite3"
    shutil.copy(template.path, path)
    async with connect(f"sqlite://{path}"):
        yield template


# --- who is who, read from the tables and not by the rules under test ---


async def people(global_id: str) -> dict[Rule, set[str]]:
    """The accounts that stand in each relation to a row."""
    kind, _, key = global_id.partition(":")
    found = await _people(kind, await NODES[kind].get(id=key))
    named = {rule: {str(account) for account in accounts} for rule, accounts in found.items()}
    named[PAIR] = named.get(MENTOR, set()) | named.get(MENTEE, set())
    return named


# What belongs to a row belongs to its people.
BELONGING = {
    "Goal": ("Mentorship", "mentorship_id"),
    "Meeting": ("Mentorship", "mentorship_id"),
    "Conversation": ("Mentorship", "mentorship_id"),
    "Milestone": ("Goal", "goal_id"),
}


async def _people(kind: str, row: Any) -> dict[Rule, set[Any]]:
    if kind in BELONGING:
        above, key = BELONGING[kind]
        return await _people(above, await NODES[above].get(id=getattr(row, key)))
    match kind:
        case "Account" | "Profile":
            return {OWNER: {row.id}}
        case "Session":
            return {OWNER: {row.account_id}}
        case "Programme":
            return {ENROLLED: {one.profile_id for one in await Participation.filter(programme_id=row.id)}}
        case "Organisation":
            enrolled = await Participation.filter(programme__organisation_id=row.id)
            return {ENROLLED: {one.profile_id for one in enrolled}}
        case "Mentorship" | "MentorshipRequest":
            return {MENTOR: {row.mentor_id}, MENTEE: {row.mentee_id}}
        case "Message":
            conversation = await Conversation.get(id=row.conversation_id)
            return {**await _people("Conversation", conversation), SENDER: {row.author_id}}
        case "VideoSession":
            joined = await VideoParticipant.filter(session_id=row.id)
            pair_of = await _people("Mentorship", await Mentorship.get(id=row.mentorship_id))
            return {**pair_of, TICKET_HOLDER: {one.profile_id for one in joined}}
        case "VideoParticipant":
            session = await VideoSession.get(id=row.session_id)
            return {**await _people("VideoSession", session), TICKET_HOLDER: {row.profile_id}}
    return {}


async def may(rule: Rule, account: str | None, subject: str | None) -> bool:
    """Does the rule let this account (None: a stranger) do it to the subject?"""
    if rule is ANYONE:
        return True
    if rule is SIGNED_IN or account is None:
        return account is not None
    assert subject is not None, "a rule about somebody needs a subject"
    return account in (await people(subject)).get(rule, set())


@dataclass
class Reader:
    """Checks what one account is told: every value by the rule of its field, every text by its canaries."""

    account: str | None
    name: str
    secrets: list[str]
    seen: set[str] = field(default_factory=set)

    async def read(self, value: Any, subject: str | None = None) -> None:
        """Check a part of an answer. `subject` is the row that it is about, where it does not say itself."""
        if isinstance(value, list):
            for item in value:
                await self.read(item, subject)
        elif isinstance(value, dict):
            kind = value["__typename"]
            subject = _subject(kind, value, subject)
            for name, member in value.items():
                if name != "__typename" and member is not None:
                    rule = RULES[f"{kind}.{name}"]
                    assert await may(rule, self.account, subject), f"{self.name} was told {kind}.{name} of {subject}"
                    self.seen.add(f"{kind}.{name}")
                    await self.read(member, subject)

    def listen(self, answer: Any) -> None:
        """Check that an answer holds nothing that is meant for others, nor what is meant for nobody."""
        text = str(answer)
        for audience in re.findall("canary-([a-z_]+)-", text):
            assert self.name in audience.split("_"), f"{self.name} was told a text of {audience}"
        assert not [secret for secret in self.secrets if secret in text]


def _subject(kind: str, value: dict[str, Any], given: str | None) -> str | None:
    if "id" in value:
        return str(value["id"])
    if kind.endswith("Edge"):
        return str(value["node"]["id"])
    if kind == "SignOutPayload":
        return str(value["sessionId"])
    children = [str(child["id"]) for child in value.values() if isinstance(child, dict) and "id" in child]
    return given or (children[0] if children else None)


# --- asking for everything ---

UNLIMITED = Limits(
    tokens=CEILING,
    source_bytes=CEILING,
    overlaps=CEILING,
    fields=CEILING,
    cost=CEILING,
)
ICE = IceSettings(["stun:stun.example.org"], ["turn:turn.example.org"], "shared")


# Computed in Python: an operation that asks for one of these is executed field by field, and not by a plan.
COMPUTED = frozenset({"Profile.availability", "Account.inboxCursor", "Session.current"})


# Below a root field, within the depth that a document may have.
DEEPEST = DEFAULT_LIMITS.depth - 1


def everything(kind: Any, without: frozenset[str] = frozenset(), deep: int = DEEPEST, above: str = "") -> str:
    """A selection of all fields of a type, and of theirs; a type does not come again below itself."""
    if isinstance(kind, GraphQLUnionType):
        members = (f"... on {one.name} {{ {everything(one, without, deep, above)} }}" for one in kind.types)
        return "__typename " + " ".join(members)
    assert isinstance(kind, GraphQLObjectType)
    above += f" {kind.name}"
    found = ["__typename"]
    for name, member in kind.fields.items():
        below = get_named_type(member.type)
        if f"{kind.name}.{name}" in without:
            continue
        if not is_composite_type(below):
            found.append(name)
        elif deep > (3 if below.name.endswith("Connection") else 1) and below.name not in above.split():
            found.append(f"{name} {{ {everything(below, without, deep - 1, above)} }}")
    return " ".join(found)


async def session_of(world: World, name: str) -> Session | None:
    return await Session.of_token(world.tokens[name]) if name in world.tokens else None


def reader_of(world: World, name: str) -> Reader:
    return Reader(world.accounts.get(name), name, world.secrets)


async def told(world: World, name: str, document: str, *, ears: str | None = None, **given: Any) -> dict[str, Any]:
    """The answer to somebody, whatever it costs; its texts are checked, for another's `ears` if they are named."""
    context = Context(session=await session_of(world, name), address="192.0.2.1", ice=ICE)
    answer = dict(orjson.loads(await run(prepare(document, given, None, UNLIMITED), context)))
    reader_of(world, ears or name).listen(answer)
    return answer


def code(answer: dict[str, Any]) -> str | None:
    """The code of the one error of an answer; None without an error."""
    errors = answer.get("errors") or [{"extensions": {"code": None}}]
    assert len({error["extensions"]["code"] for error in errors}) == 1
    found = errors[0]["extensions"]["code"]
    return None if found is None else str(found)


# --- reads ---

QUERIES = [name for name in TYPES["Query"].fields if "id" not in TYPES["Query"].fields[name].args]
BY_ID = {"profile": "Profile", "mentorship": "Mentorship", "videoSession": "VideoSession"}


# Both ways of execution: a plan makes one statement of all; what no plan can make is resolved field by field.
WAYS: dict[str, dict[str, Any]] = {"planned": {"without": COMPUTED, "deep": 6}, "field by field": {}}
# Two roots are computed in Python; and whether a sign-in is live depends on the clock.
NEVER_PLANNED = {"viewer", "suggestions", "Account", "Session"}


async def read_lists(world: World, reader: Reader, name: str, way: str) -> None:
    kind = get_named_type(TYPES["Query"].fields[name].type)
    planned = planner.answered
    answer = await told(world, reader.name, f"{{ {name} {{ {everything(kind, **WAYS[way])} }} }}")
    if not await may(RULES[f"Query.{name}"], reader.account, None):
        assert code(answer) == "UNAUTHENTICATED"
        assert answer["data"] is None
        return
    assert code(answer) is None
    if way == "planned" and name not in NEVER_PLANNED:
        assert planner.answered == planned + 1
    await reader.read({"__typename": "Query", **answer["data"]})
    found = answer["data"][name]
    if found and "totalCount" in found:
        # The count is of what this viewer may see, not of what there is.
        assert found["totalCount"] == len(found["edges"])


async def read_nodes(world: World, reader: Reader, kind: str, document: str) -> int:
    """Ask for every row there is; how many were shown."""
    shown = 0
    for row in await NODES[kind].all():
        answer = await told(world, reader.name, document, id=f"{kind}:{row.id}")
        if reader.account is None:
            assert code(answer) == "UNAUTHENTICATED"
            assert not [value for value in (answer["data"] or {}).values() if value is not None]
            continue
        assert code(answer) is None
        (found,) = answer["data"].values()
        assert (found is not None) == await may(RULES[f"{kind}.id"], reader.account, f"{kind}:{row.id}"), row.id
        await reader.read({"__typename": "Query", **answer["data"]})
        shown += found is not None
    return shown


def by_node(kind: str, way: str = "planned") -> str:
    selection = everything(TYPES[kind], **WAYS[way])
    return f"query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {selection} }} }} }}"


def by_root(name: str, way: str = "planned") -> str:
    selection = everything(TYPES[BY_ID[name]], **WAYS[way])
    return f"query($id: ID!) {{ {name}(id: $id) {{ {selection} }} }}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", QUERIES)
async def test_a_list_holds_what_its_viewer_may_see(world: World, name: str, actor: str, way: str) -> None:
    await read_lists(world, reader_of(world, actor), name, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("actor", ACTORS)
async def test_a_node_is_found_by_whoever_may_see_it_and_does_not_exist_for_others(
    world: World, actor: str, way: str
) -> None:
    before = await rows()
    for kind in NODES:
        planned = planner.answered
        shown = await read_nodes(world, reader_of(world, actor), kind, by_node(kind, way))
        assert shown == 0 or way != "planned" or kind in NEVER_PLANNED or planner.answered > planned
    assert await rows() == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", BY_ID)
async def test_a_root_with_an_id_obeys_the_rule_of_its_type(world: World, name: str, actor: str, way: str) -> None:
    await read_nodes(world, reader_of(world, actor), BY_ID[name], by_root(name, way))


def test_every_query_is_walked() -> None:
    assert {*QUERIES, *BY_ID, "node"} == TYPES["Query"].fields.keys()


async def test_what_one_may_not_see_is_told_like_what_there_is_not(world: World) -> None:
    for kind in NODES:
        nothing = f"{kind}:01890000-0000-7000-8000-000000000000"
        answer = await told(world, "zoe", by_node(kind), id=nothing)
        for row in await NODES[kind].all():
            if not await may(RULES[f"{kind}.id"], world.accounts["zoe"], f"{kind}:{row.id}"):
                assert await told(world, "zoe", by_node(kind), id=f"{kind}:{row.id}") == answer


# --- subscriptions ---


async def heard(world: World, name: str, document: str, many: int, **given: Any) -> list[dict[str, Any]]:
    """The first answers of a subscription, at most so many; one of errors alone where it cannot begin."""
    found: list[dict[str, Any]] = []
    try:
        context = Context(session=await session_of(world, name), bells=Bells())
        async with asyncio.timeout(10), aclosing(stream(prepare(document, given, None, UNLIMITED), context)) as answers:
            async for answer in answers:
                found.append(orjson.loads(answer))
                if len(found) == many:
                    break
    except RequestError as error:
        found.append({"errors": error.errors})
    reader_of(world, name).listen(found)
    return found


INBOX = f"subscription($after: String) {{ inbox(after: $after) {{ {everything(SCHEMA.type_map['InboxItem'])} }} }}"
SIGNALS = f"""subscription($ticket: String!) {{ videoSignals(ticket: $ticket) {{
    {everything(SCHEMA.type_map["VideoSignal"])} }} }}"""


async def read_inbox(world: World, reader: Reader) -> list[str]:
    """The kinds of all events in the viewer's log that they are shown, to its end."""
    log = await Inbox.get(id=reader.account)
    cursor, kinds = str(Cursor(log.epoch, 0)), []
    while cursor != str(log.cursor()):
        (answer,) = await heard(world, reader.name, INBOX, 1, after=cursor)
        assert code(answer) is None
        await reader.read(answer["data"]["inbox"])
        kinds.append(answer["data"]["inbox"]["__typename"])
        cursor = answer["data"]["inbox"]["cursor"]
    return kinds


@pytest.mark.parametrize("actor", ACTORS[1:])
async def test_an_inbox_tells_its_own_account_only(world: World, actor: str) -> None:
    kinds = await read_inbox(world, reader_of(world, actor))
    assert "MentorshipChanged" in kinds


async def test_an_event_is_passed_over_once_its_subject_may_not_be_seen(world: World) -> None:
    log = await Inbox.get(id=world.accounts["zoe"])
    (first,) = await heard(world, "zoe", INBOX, 1, after=str(Cursor(log.epoch, 0)))
    # The first event of Zoe's log is a message of Mara and Theo; she is told the second.
    assert first["data"]["inbox"]["cursor"] == str(Cursor(log.epoch, 2))
    assert first["data"]["inbox"]["__typename"] == "RequestChanged"


async def test_the_cursor_of_another_inbox_leads_nowhere(world: World) -> None:
    theirs = await Inbox.get(id=world.accounts["mara"])
    mine = await Inbox.get(id=world.accounts["zoe"])
    (answer,) = await heard(world, "zoe", INBOX, 1, after=str(Cursor(theirs.epoch, 1)))
    assert answer["data"]["inbox"] == {"__typename": "ResyncRequired", "cursor": str(mine.cursor())}


@pytest.mark.parametrize("actor", ACTORS)
async def test_signals_are_heard_by_the_holder_of_the_ticket_only(world: World, actor: str) -> None:
    reader, before = reader_of(world, actor), await rows()
    for name, ticket in world.tickets.items():
        participant = world.ids[name]
        stored = await VideoSignal.filter(receiver_id=_key(participant)).count()
        answers = await heard(world, actor, SIGNALS, max(stored, 1), ticket=ticket) if stored else []
        if name.split()[0] == actor:
            for answer in answers:
                assert code(answer) is None
                await reader.read(answer["data"]["videoSignals"], participant)
        elif stored:
            (refused,) = answers
            assert not refused.get("data")
            assert code(refused) == ("UNAUTHENTICATED" if actor == "stranger" else "BAD_INPUT")
            if actor != "stranger":
                assert refused["errors"][0]["extensions"]["refusal"] == "NOT_FOUND"
    assert await rows() == before


async def test_a_stranger_hears_nothing(world: World) -> None:
    (answer,) = await heard(world, "stranger", INBOX, 1)
    assert code(answer) == "UNAUTHENTICATED"


# --- mutations ---


@dataclass(frozen=True)
class Deed:
    """A mutation's input, and the row whose people decide who may do it."""

    input: Callable[[World], dict[str, Any]]
    subject: str | None = None


def on(name: str, argument: str, **more: Any) -> Deed:
    """A mutation on the row of this name."""
    return Deed(lambda world: {argument: world.ids[name], **more}, name)


def with_ticket(**more: Any) -> Deed:
    return Deed(lambda world: {"ticket": world.tickets["mara phone"], **more}, "mara phone")


def to_theo(**more: Any) -> Deed:
    return Deed(
        lambda world: {"ticket": world.tickets["mara phone"], "to": world.ids["theo desk"], **more}, "mara phone"
    )


MEETING = {"kind": "PHONE", "localStart": "2027-06-02T12:00", "timeZone": "UTC"}

DEEDS: dict[str, Deed] = {
    "signUp": Deed(lambda _: {"email": "new@example.org", "password": PASSWORD, "name": "New"}),
    "signIn": Deed(lambda _: {"email": "canary-mara-mail@example.org", "password": PASSWORD}),
    "signOut": on("mara session", "sessionId"),
    "updateProfile": Deed(lambda _: {"headline": "Changed", "skillsOffered": ["Tax"]}),
    "requestMentorship": Deed(lambda world: {"mentorId": world.ids["nora"], "message": "Will you?"}),
    "acceptMentorshipRequest": on("pending", "requestId"),
    "declineMentorshipRequest": on("pending", "requestId"),
    "withdrawMentorshipRequest": on("pending", "requestId"),
    "endMentorship": on("mara_theo mentorship", "mentorshipId"),
    "addGoal": on("mara_theo mentorship", "mentorshipId", title="New", milestones=["One"]),
    "markGoal": on("mara_theo goal", "goalId", status="DROPPED"),
    "addMilestone": on("mara_theo goal", "goalId", title="New"),
    "completeMilestone": on("mara_theo milestone", "milestoneId"),
    "reopenMilestone": on("mara_theo milestone", "milestoneId"),
    "scheduleMeeting": on("mara_theo mentorship", "mentorshipId", **MEETING),
    "cancelMeeting": on("mara_theo meeting", "meetingId"),
    "sendMessage": on("mara_theo conversation", "conversationId", body="New", clientId="new"),
    "markRead": on("mara_theo conversation", "conversationId", number=2),
    "startVideoSession": on("mara_theo mentorship", "mentorshipId"),
    "joinVideoSession": on("mara_theo call", "sessionId", deviceId="new", takeOver=True),
    "sendSessionDescription": to_theo(negotiation=1, type="OFFER", sdp=SDP),
    "sendIceCandidates": to_theo(negotiation=1, candidates=[CANDIDATE]),
    "videoHeartbeat": with_ticket(),
    "leaveVideoSession": with_ticket(),
    "endVideoSession": on("mara_theo call", "sessionId"),
}


def test_every_mutation_is_walked() -> None:
    assert DEEDS.keys() == TYPES["Mutation"].fields.keys()


async def do(world: World, actor: str, name: str, deed: Deed) -> dict[str, Any]:
    capital = name[0].upper() + name[1:]
    document = f"""mutation($input: {capital}Input!) {{ {name}(input: $input) {{
        {everything(get_named_type(TYPES["Mutation"].fields[name].type))} }} }}"""
    # Whoever signs in as Mara is Mara from then on.
    return await told(world, actor, document, ears="mara" if name == "signIn" else None, input=deed.input(world))


async def check_done(world: World, reader: Reader, name: str, answer: dict[str, Any], subject: str | None) -> None:
    assert code(answer) is None
    payload = answer["data"][name]
    assert payload["__typename"] == name[0].upper() + name[1:] + "Payload", payload
    if "token" in payload:
        # Whoever got in is told as the account that they got into.
        session = await Session.of_token(payload["token"])
        assert session is not None
        reader.account = str(session.account_id)
    await reader.read(payload, subject if RULES[f"Mutation.{name}"] is TICKET_HOLDER else None)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", DEEDS)
async def test_a_mutation_is_done_for_whom_the_rule_names_and_changes_nothing_for_others(
    world: World, name: str, actor: str
) -> None:
    deed, reader = DEEDS[name], reader_of(world, actor)
    subject = world.ids[deed.subject] if deed.subject else None
    allowed = await may(RULES[f"Mutation.{name}"], reader.account, subject)
    sees = subject is not None and reader.account is not None and await may(PAIR, reader.account, subject)
    before = await rows()
    answer = await do(world, actor, name, deed)
    if allowed:
        await check_done(world, reader, name, answer, subject)
        return
    assert await rows() == before
    if reader.account is None:
        assert code(answer) == "UNAUTHENTICATED"
        assert answer["data"] is None
        return
    refusal = answer["data"][name]
    assert refusal["__typename"] == "Refusal"
    # Who sees the request may be told that it is the other one's to decide; a ticket exists for its holder only.
    by_role = RULES[f"Mutation.{name}"] in (MENTOR, MENTEE)
    assert refusal["code"] == ("NOT_ALLOWED" if sees and by_role else "NOT_FOUND")


@pytest.mark.parametrize(
    ("name", "deed"),
    [
        ("startVideoSession", on("yan_zoe mentorship", "mentorshipId")),
        ("sendSessionDescription", to_theo(negotiation=1, type="OFFER", sdp=SDP)),
    ],
)
async def test_a_second_id_of_an_input_is_checked_too(world: World, name: str, deed: Deed) -> None:
    given = deed.input(world)
    if name == "startVideoSession":
        actor, given["meetingId"], at_fault = "zoe", world.ids["mara_theo meeting"], "meetingId"
    else:
        actor, given["to"], at_fault = "mara", world.ids["finn phone"], "to"
    before = await rows()
    refusal = (await do(world, actor, name, Deed(lambda _: given)))["data"][name]
    assert (refusal["__typename"], refusal["code"], refusal["field"]) == ("Refusal", "NOT_FOUND", at_fault)
    assert await rows() == before


@pytest.mark.parametrize("actor", ["mara", "theo", "zoe", "finn"])
async def test_everybody_may_sign_themselves_out(world: World, actor: str) -> None:
    session = await session_of(world, actor)
    assert session is not None
    answer = await do(world, actor, "signOut", Deed(lambda _: {}))
    assert answer["data"]["signOut"] == {"__typename": "SignOutPayload", "sessionId": f"Session:{session.id}"}
    assert await session_of(world, actor) is None
    assert await Session.filter(revoked_at=None).count() == await Session.all().count() - 1


# --- object states: a mentorship that has ended ---

# Nothing changes, as it is so already; and how far somebody has read is theirs.
DONE_ALREADY = {"endMentorship", "endVideoSession", "leaveVideoSession"}
STILL_THEIRS = {"markRead"}


@pytest.mark.parametrize("actor", ["mara", "finn"])
@pytest.mark.parametrize("name", [name for name in DEEDS if RULES[f"Mutation.{name}"] in (PAIR, TICKET_HOLDER)])
async def test_after_the_end_neither_of_the_two_can_write(world: World, name: str, actor: str) -> None:
    given = DEEDS[name].input(world)
    for argument, value in given.items():
        for known, global_id in world.ids.items():
            if value == global_id and known.startswith("mara_theo "):
                given[argument] = world.ids[known.replace("mara_theo ", "mara_finn ")]
    if "ticket" in given:
        given["ticket"] = world.tickets["mara old desk" if actor == "mara" else "finn phone"]
    if "to" in given:
        given["to"] = world.ids["finn phone" if actor == "mara" else "mara old desk"]
    before = await rows()
    answer = (await do(world, actor, name, Deed(lambda _: given)))["data"][name]
    if name in STILL_THEIRS:
        assert answer["__typename"] != "Refusal"
        return
    assert await rows() == before
    if name not in DONE_ALREADY:
        assert (answer["__typename"], answer["code"]) == ("Refusal", "WRONG_STATE")


@pytest.mark.parametrize("actor", ["mara", "finn"])
async def test_after_the_end_both_can_still_read(world: World, actor: str) -> None:
    for name, global_id in world.ids.items():
        if name.startswith("mara_finn "):
            answer = await told(world, actor, by_node(global_id.partition(":")[0]), id=global_id)
            assert answer["data"]["node"]["id"] == global_id


# --- the table itself ---


async def _restored(world: World, tmp_path: Path) -> AsyncIterator[World]:
    path = tmp_path / f"{uuid4()}.sqlite3"
    shutil.copy(world.path, path)
    async with connect(f"sqlite://{path}"):
        yield world


async def test_every_field_is_shown_to_somebody(template: World, tmp_path: Path) -> None:
    """So no rule above is one that nobody has tried."""
    seen: set[str] = set()
    async for world in _restored(template, tmp_path):
        for actor in ("mara", "finn"):
            reader = reader_of(world, actor)
            reader.seen = seen
            for name in QUERIES:
                await read_lists(world, reader, name, "field by field")
            for kind in NODES:
                if not kind.endswith(("Participant", "Skill")):
                    await read_nodes(world, reader, kind, by_node(kind))
            await read_nodes(world, reader, "Mentorship", by_root("mentorship"))
            await read_nodes(world, reader, "Profile", by_root("profile"))
            await read_nodes(world, reader, "VideoSession", by_root("videoSession"))
            await read_inbox(world, reader)
            await _read_signals(world, reader)
        theirs = await Inbox.get(id=world.accounts["mara"])
        (lost,) = await heard(world, "zoe", INBOX, 1, after=str(Cursor(theirs.epoch, 1)))
        await reader_of(world, "zoe").read(lost["data"]["inbox"])
        seen.add("ResyncRequired.cursor")
        refused = await do(world, "zoe", "markRead", DEEDS["markRead"])
        reader = reader_of(world, "zoe")
        reader.seen = seen
        await reader.read(refused["data"]["markRead"])
    for name, deed in DEEDS.items():
        async for world in _restored(template, tmp_path):
            subject = world.ids[deed.subject] if deed.subject else None
            for actor in ACTORS:
                reader = reader_of(world, actor)
                reader.seen = seen
                if await may(RULES[f"Mutation.{name}"], reader.account, subject):
                    await check_done(world, reader, name, await do(world, actor, name, deed), subject)
                    seen.add(f"Mutation.{name}")
                    break
    assert RULES.keys() - seen == {"Subscription.inbox", "Subscription.videoSignals"}


async def _read_signals(world: World, reader: Reader) -> None:
    for name, ticket in world.tickets.items():
        stored = await VideoSignal.filter(receiver_id=_key(world.ids[name])).count()
        if name.split()[0] == reader.name and stored:
            for answer in await heard(world, reader.name, SIGNALS, stored, ticket=ticket):
                await reader.read(answer["data"]["videoSignals"], world.ids[name])


# --- on both databases, in short ---


async def test_a_third_person_sees_and_changes_nothing_of_a_pair_on_either_database(database: str) -> None:
    made = await pair()
    goal = await Goal.add(made.mentorship, by=made.mentee, title="canary goal")
    await made.conversation.send("canary body", by=made.mentee, client_id="1")
    third = await signed_in(await person("Zoe"))
    before = await rows()
    answers: list[Any] = []
    for kind, row in {"Mentorship": made.mentorship, "Conversation": made.conversation, "Goal": goal}.items():
        found = await ask("query($id: ID!) { node(id: $id) { id } }", third, id=f"{kind}:{row.id}")
        assert found == {"data": {"node": None}}
        answers.append(found)
    for name, given in {
        "addGoal": {"mentorshipId": f"Mentorship:{made.mentorship.id}", "title": "Mine"},
        "markGoal": {"goalId": f"Goal:{goal.id}", "status": "DROPPED"},
        "sendMessage": {"conversationId": f"Conversation:{made.conversation.id}", "body": "Hi", "clientId": "2"},
        "endMentorship": {"mentorshipId": f"Mentorship:{made.mentorship.id}"},
    }.items():
        capital = name[0].upper() + name[1:]
        document = f"mutation($input: {capital}Input!) {{ {name}(input: $input) {{ ... on Refusal {{ code }} }} }}"
        answers.append(await ask(document, third, input=given))
        assert answers[-1]["data"][name] == {"code": "NOT_FOUND"}
    for name in ("mentorships", "conversations", "mentorshipRequests"):
        answers.append(await ask(f"{{ {name} {{ totalCount edges {{ cursor }} }} }}", third))
        assert answers[-1]["data"][name] == {"totalCount": 0, "edges": []}
    assert await rows() == before
    assert "canary" not in str(answers)
