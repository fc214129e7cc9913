"""Mutations, and whose row each is done to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from graphql import get_named_type

from models import clock
from models.session import Session
from tests.people import PASSWORD
from tests.schema.permissions.answers import code, told
from tests.schema.permissions.documents import TYPES, everything
from tests.schema.permissions.reader import Reader
from tests.schema.permissions.rules import RULES, TICKET_HOLDER
from tests.schema.permissions.world import CANDIDATE, SDP, World


@dataclass(frozen=True)
class Deed:
    """A mutation's input, and the row whose people decide who may do it."""

    input: Callable[[World], dict[str, Any]]
    subject: str | None = None


def on(name: str, argument: str, /, **more: Any) -> Deed:
    """A mutation on the row of this name."""
    return Deed(lambda world: {argument: world.ids[name], **more}, name)


def to_theo(**more: Any) -> Deed:
    return Deed(
        lambda world: {"ticket": world.tickets["mara phone"], "to": world.ids["theo desk"], **more}, "mara phone"
    )


WITH_TICKET = Deed(lambda world: {"ticket": world.tickets["mara phone"]}, "mara phone")
TALK = "mara_theo conversation"
LATER = {"body": "New", "clientId": "new", "sendAt": (clock.now() + timedelta(days=1)).isoformat()}
MEETING = {"kind": "PHONE", "localStart": "2027-06-02T12:00", "timeZone": "UTC"}

DEEDS: dict[str, Deed] = {
    "signUp": Deed(lambda _: {"email": "new@example.org", "password": PASSWORD, "name": "New"}),
    "signIn": Deed(lambda _: {"email": "canary-mara-mail@example.org", "password": PASSWORD}),
    "signOut": on("mara session", "sessionId"),
    "updateProfile": Deed(lambda _: {"headline": "Changed", "skillsOffered": ["Tax"]}),
    "updatePreferences": Deed(lambda _: {"readReceipts": False, "contact": "OFF"}),
    "openConversation": Deed(lambda world: {"profileId": world.ids["nora"]}),
    "openCircle": Deed(lambda world: {"title": "New", "profileIds": [world.ids["nora"]]}),
    "renameCircle": on("circle", "conversationId", title="New"),
    "addToCircle": Deed(
        lambda world: {"conversationId": world.ids["circle"], "profileIds": [world.ids["nora"]]}, "circle"
    ),
    "removeFromCircle": Deed(
        lambda world: {"conversationId": world.ids["circle"], "profileId": world.ids["yan"]}, "circle"
    ),
    "setRole": Deed(
        lambda world: {"conversationId": world.ids["circle"], "profileId": world.ids["yan"], "role": "MODERATOR"},
        "circle",
    ),
    "leaveConversation": on("circle", "conversationId"),
    "muteConversation": on("direct", "conversationId", until="2999-01-01T00:00:00Z"),
    "pinConversation": on("circle", "conversationId", pinned=True),
    "archiveConversation": on("direct", "conversationId", archived=True),
    "markDelivered": on("circle", "conversationId", number=1),
    "createOrganisation": Deed(lambda _: {"name": "New"}),
    "updateOrganisation": on("guild", "organisationId", contact="SAME_PROGRAMME"),
    "inviteMembers": Deed(
        lambda world: {"organisationId": world.ids["guild"], "profileIds": [world.ids["nora"]]}, "guild"
    ),
    "acceptInvitation": on("invitation", "membershipId"),
    "setMemberRole": on("finn membership", "membershipId", role="PARTICIPANT"),
    "endMembership": on("finn membership", "membershipId"),
    "createProgramme": on("guild", "organisationId", name="New", startsOn="2027-01-01", endsOn="2027-06-01"),
    "updateProgramme": on("programme", "programmeId", sameSite=False),
    "addCohort": on("programme", "programmeId", name="New"),
    "enrolParticipants": Deed(
        lambda world: {
            "programmeId": world.ids["programme"],
            "participants": [{"profileId": f"Profile:{world.accounts['theo']}", "side": "MENTEE"}],
        },
        "programme",
    ),
    "joinProgramme": on("programme", "programmeId", side="MENTOR"),
    "leaveProgramme": on("theo participation", "participationId"),
    "setPairRule": Deed(
        lambda world: {
            "programmeId": world.ids["programme"],
            "menteeId": f"Profile:{world.accounts['mara']}",
            "mentorId": f"Profile:{world.accounts['theo']}",
            "kind": "NEVER",
        },
        "programme",
    ),
    "runMatching": on("programme", "programmeId"),
    "resolveMatching": on("draft", "matchingId"),
    "replayMatching": on("draft", "matchingId"),
    "cancelMatching": on("running", "matchingId"),
    "publishMatching": on("draft", "matchingId"),
    "lockPair": on("matched", "pairId"),
    "forbidPair": on("matched", "pairId"),
    "swapPairs": Deed(
        lambda world: {"pairId": world.ids["matched"], "withPairId": world.ids["other matched"]}, "matched"
    ),
    "requestMentorship": Deed(lambda world: {"mentorId": world.ids["nora"], "message": "Will you?"}),
    "offerMentorship": Deed(lambda world: {"menteeId": world.ids["nora"], "message": "Shall I?"}),
    "requestMentors": Deed(lambda world: {"choices": [{"mentorId": world.ids["nora"], "message": "Will you?"}]}),
    "reorderMentorshipRequests": Deed(lambda world: {"requestIds": [world.ids["queued"]]}, "queued"),
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
    "editMessage": on("mara_theo message", "messageId", body="New"),
    "deleteMessage": on("mara_theo message", "messageId"),
    "addReaction": on("mara_theo message", "messageId", emoji="🎉"),
    "removeReaction": on("mara_theo message", "messageId", emoji="👍"),
    "pinMessage": on("mara_theo message", "messageId", pinned=False),
    "starMessage": on("mara_theo message", "messageId", starred=True),
    "scheduleMessage": Deed(lambda world: LATER | {"conversationId": world.ids[TALK]}, TALK),
    "saveSearch": Deed(
        lambda _: {"name": "New", "looksFor": "MENTORS", "filter": {"skillsAny": ["Law"]}, "clientId": "new"}
    ),
    "deleteSavedSearch": on("mara's search", "savedSearchId"),
    "cancelScheduledMessage": on("mara's scheduled mara_theo", "scheduledMessageId"),
    "forwardMessage": Deed(
        lambda world: {"messageId": world.ids["mara_theo reply"], "goalId": world.ids["mara_theo goal"]},
        "mara_theo reply",
    ),
    "removeEvidence": on("mara_theo kept with goal", "evidenceId"),
    "markRead": on("mara_theo conversation", "conversationId", number=2),
    "blockProfile": on("nora", "profileId"),
    "unblockProfile": on("nora", "profileId"),
    "dismissSuggestion": on("nora", "profileId"),
    "restoreSuggestion": on("nora", "profileId", role="MENTOR"),
    "reportProfile": Deed(
        lambda world: {
            "conversationId": world.ids["mara_theo conversation"],
            "profileId": f"Profile:{world.accounts['theo']}",
            "messageIds": [world.ids["mara_theo message"]],
            "reason": "SPAM",
            "clientId": "new",
        },
        "mara_theo conversation",
    ),
    "setPresence": Deed(lambda _: {"away": True}),
    "setTyping": on("mara_theo conversation", "conversationId"),
    "markNotificationRead": on("mara notification", "notificationId", andOlder=True),
    "startVideoSession": on("mara_theo mentorship", "mentorshipId"),
    "joinVideoSession": on("mara_theo call", "sessionId", deviceId="new", takeOver=True),
    "sendSessionDescription": to_theo(negotiation=1, type="OFFER", sdp=SDP),
    "sendIceCandidates": to_theo(negotiation=1, candidates=[CANDIDATE]),
    "videoHeartbeat": WITH_TICKET,
    "leaveVideoSession": WITH_TICKET,
    "endVideoSession": on("mara_theo call", "sessionId"),
}


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
