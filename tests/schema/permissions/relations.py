"""Who is who, read from the tables and not by the rules under test."""

from typing import Any

from models.account import Account
from models.attachment import Attachment
from models.block import Block
from models.conversation import (
    Conversation,
    Message,
    MessageVersion,
    Notification,
    Participant,
    Reaction,
    Role,
    ScheduledMessage,
)
from models.evidence import Evidence
from models.goal import Goal, Milestone
from models.matching import LeftOver, MatchedPair, Matching
from models.meeting import Meeting
from models.mentorship import Mentorship
from models.organisation import (
    PERMISSIONS,
    Cohort,
    Deed,
    Membership,
    Organisation,
    PairRule,
    Participation,
    Programme,
)
from models.profile import Profile
from models.report import Report, ReportedMessage
from models.request import MentorshipRequest
from models.saved_search import SavedSearch
from models.session import Session
from models.skill import Skill
from models.suggestion import Dismissal
from models.video import VideoParticipant, VideoSession
from models.visibility import Visibility
from tests.schema.permissions.rules import (
    ANYONE,
    ENROLLED,
    GOVERNOR,
    HEAD,
    LEADER,
    LOOKER_ON,
    MENTEE,
    MENTOR,
    ORGANISER,
    OWNER,
    PAIR,
    PARTICIPANT,
    SENDER,
    SHOWN,
    SIGNED_IN,
    TICKET_HOLDER,
    Rule,
)

NODES: dict[str, Any] = {
    "Account": Account,
    "Session": Session,
    "Profile": Profile,
    "Skill": Skill,
    "SavedSearch": SavedSearch,
    "Programme": Programme,
    "Organisation": Organisation,
    "Membership": Membership,
    "Cohort": Cohort,
    "Participation": Participation,
    "PairRule": PairRule,
    "Matching": Matching,
    "MatchedPair": MatchedPair,
    "LeftOver": LeftOver,
    "MentorshipRequest": MentorshipRequest,
    "Mentorship": Mentorship,
    "Goal": Goal,
    "Milestone": Milestone,
    "Meeting": Meeting,
    "Conversation": Conversation,
    "Participant": Participant,
    "Message": Message,
    "Block": Block,
    "Dismissal": Dismissal,
    "Report": Report,
    "ReportedMessage": ReportedMessage,
    "MessageVersion": MessageVersion,
    "Reaction": Reaction,
    "ScheduledMessage": ScheduledMessage,
    "Evidence": Evidence,
    "Attachment": Attachment,
    "Notification": Notification,
    "VideoSession": VideoSession,
    "VideoParticipant": VideoParticipant,
}


async def people(global_id: str) -> dict[Rule, set[str]]:
    """The accounts that stand in each relation to a row."""
    kind, _, key = global_id.partition(":")
    row = await NODES[kind].get(id=key)
    found = await (_people_of_file(row) if kind == "Attachment" else _people(kind, row))
    named = {rule: {str(account) for account in accounts} for rule, accounts in found.items()}
    named[PAIR] = named.get(MENTOR, set()) | named.get(MENTEE, set())
    return named


# What belongs to a row belongs to its people; where it may belong to several, to the first that it names.
BELONGING = {
    "ReportedMessage": [("Report", "report_id")],
    "Cohort": [("Programme", "programme_id")],
    "PairRule": [("Programme", "programme_id")],
    "Matching": [("Programme", "programme_id")],
    "MatchedPair": [("Matching", "matching_id")],
    "LeftOver": [("Matching", "matching_id")],
    "Goal": [("Mentorship", "mentorship_id")],
    "Meeting": [("Mentorship", "mentorship_id")],
    "Participant": [("Conversation", "conversation_id")],
    "Milestone": [("Goal", "goal_id")],
    "MessageVersion": [("Message", "message_id")],
    "Reaction": [("Message", "message_id")],
    "Evidence": [("Goal", "goal_id"), ("Meeting", "meeting_id")],
}

# What those who take part in the programme do not see.
OF_ORGANISERS = {"PairRule", "Matching"}

# What belongs to one person, and the key of that person.
OWNED = {
    "Session": "account_id",
    "Notification": "account_id",
    "Block": "blocker_id",
    "Dismissal": "owner_id",
    "Report": "author_id",
    "ScheduledMessage": "author_id",
    "SavedSearch": "author_id",
}


async def _people(kind: str, row: Any) -> dict[Rule, set[Any]]:
    if kind in BELONGING:
        above, key = next((above, key) for above, key in BELONGING[kind] if getattr(row, key) is not None)
        found = await _people(above, await NODES[above].get(id=getattr(row, key)))
        return {rule: found[rule] for rule in found if rule is not ENROLLED or kind not in OF_ORGANISERS}
    if kind in OWNED:
        return {OWNER: {getattr(row, OWNED[kind])}}
    match kind:
        case "Account" | "Profile":
            return {OWNER: {row.id}, SHOWN: await _shown_to(row)}
        case "Organisation" | "Programme" | "Participation" | "Membership":
            return await _people_of_organisation(kind, row)
        case "Mentorship" | "MentorshipRequest":
            # As long as nobody was asked, a request is the mentee's alone.
            asked = kind == "Mentorship" or row.expires_at is not None
            return {MENTOR: {row.mentor_id} if asked else set(), MENTEE: {row.mentee_id}}
        case "Conversation":
            return await _people_of_conversation(row)
        case "Message":
            conversation = await Conversation.get(id=row.conversation_id)
            return {**await _people_of_conversation(conversation), SENDER: {row.author_id}}
        case "VideoSession":
            joined = await VideoParticipant.filter(session_id=row.id)
            pair_of = await _people("Mentorship", await Mentorship.get(id=row.mentorship_id))
            return {**pair_of, TICKET_HOLDER: {one.profile_id for one in joined}}
        case "VideoParticipant":
            session = await VideoSession.get(id=row.session_id)
            return {**await _people("VideoSession", session), TICKET_HOLDER: {row.profile_id}}
    return {}


async def _people_of_organisation(kind: str, row: Any) -> dict[Rule, set[Any]]:
    if kind == "Participation":
        return _with(row.profile_id, await _people("Programme", await Programme.get(id=row.programme_id)))
    everybody = await Membership.filter(organisation_id=row.id if kind == "Organisation" else row.organisation_id)
    members = [one for one in everybody if one.joined_at]

    def allowed(deed: Deed) -> set[Any]:
        return {one.profile_id for one in members if deed in PERMISSIONS[one.role]}

    found = {
        # Whoever is invited sees by whom, and nothing else.
        ENROLLED: {one.profile_id for one in (everybody if kind == "Organisation" else members)},
        LOOKER_ON: allowed(Deed.LOOK_ON),
        ORGANISER: allowed(Deed.ORGANISE),
        GOVERNOR: allowed(Deed.GOVERN),
    }
    return _with(row.profile_id, found) if kind == "Membership" else found


def _with(person: Any, found: dict[Rule, set[Any]]) -> dict[Rule, set[Any]]:
    """The people of what an organisation has about one person: they may see it, and take themselves out."""
    theirs = {rule: found[rule] | {person} for rule in (LOOKER_ON, ORGANISER)}
    return {**theirs, OWNER: {person}, GOVERNOR: found[GOVERNOR]}


async def _shown_to(row: Any) -> set[Any]:
    hidden = isinstance(row, Profile) and row.visibility is Visibility.NOBODY
    # Whoever is hidden here has nothing to do with anybody.
    return {row.id} if hidden else {one.id for one in await Account.all()}


async def _people_of_file(row: Attachment) -> dict[Rule, set[Any]]:
    if row.message_id is None:
        # Its uploader's alone.
        return {PARTICIPANT: {row.author_id}}
    return await _people("Message", await Message.get(id=row.message_id))


async def _people_of_conversation(row: Conversation) -> dict[Rule, set[Any]]:
    parts = await Participant.filter(conversation_id=row.id)
    found = await _people("Mentorship", await Mentorship.get(id=row.mentorship_id)) if row.mentorship_id else {}
    return {
        **found,
        PARTICIPANT: {part.profile_id for part in parts},
        LEADER: {part.profile_id for part in parts if part.role is not Role.MEMBER},
        HEAD: {part.profile_id for part in parts if part.role is Role.OWNER},
    }


async def may(
    rule: Rule, account: str | None, subject: str | None, known: dict[str, dict[Rule, set[str]]] | None = None
) -> bool:
    """Does the rule let this account (None: a stranger) do it to the subject? What is `known` is not asked again."""
    if rule is ANYONE:
        return True
    if rule is SIGNED_IN or account is None:
        return account is not None
    assert subject is not None, "a rule about somebody needs a subject"
    known = {} if known is None else known
    if subject not in known:
        known[subject] = await people(subject)
    return account in known[subject].get(rule, set())
