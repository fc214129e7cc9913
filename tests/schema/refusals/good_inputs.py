"""A good input of each mutation: what is refused elsewhere is refused for what differs from it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from models import clock
from tests.people import PASSWORD
from tests.schema.refusals.world import World
from tests.schema.sdp import sdp

SDP = sdp()
TOMORROW = (clock.now() + timedelta(days=1)).isoformat()
Input = Callable[[World], dict[str, Any]]

PROGRAMME = {
    "name": "New",
    "purpose": "For all.",
    "differentTeam": True,
    "participationWeight": 0.5,
    "weights": {"skills": 2, "languages": 1},
}

GOOD: dict[str, Input] = {
    "signUp": lambda _: {"email": "new@example.org", "password": PASSWORD, "name": "New", "timeZone": "UTC"},
    "signIn": lambda world: {"email": world.pair.mentee.email, "password": PASSWORD},
    "signOut": lambda world: {"sessionId": f"Session:{world.mentee.id}"},
    "updateProfile": lambda _: {"name": "New"},
    "createOrganisation": lambda _: {"name": "New", "clientId": "new"},
    "updateOrganisation": lambda world: {"organisationId": world.ids["guild"], "name": "New"},
    "inviteMembers": lambda world: {
        "organisationId": world.ids["guild"],
        "profileIds": [world.ids["free"]],
        "emails": ["new@example.org"],
    },
    "acceptInvitation": lambda world: {"membershipId": world.ids["invitation"]},
    "setMemberRole": lambda world: {"membershipId": world.ids["membership"], "role": "OBSERVER"},
    "endMembership": lambda world: {"membershipId": world.ids["membership"]},
    "createProgramme": lambda world: {
        "organisationId": world.ids["guild"],
        "startsOn": "2027-01-01",
        "endsOn": "2027-06-01",
        **PROGRAMME,
        "clientId": "new",
    },
    "updateProgramme": lambda world: {"programmeId": world.ids["programme"], **PROGRAMME},
    "addCohort": lambda world: {"programmeId": world.ids["programme"], "name": "New", "clientId": "new"},
    "enrolParticipants": lambda world: {
        "programmeId": world.ids["programme"],
        "participants": [{"profileId": world.ids["member"], "answers": [{"question": "Why?", "text": "So."}]}],
    },
    "joinProgramme": lambda world: {"programmeId": world.ids["programme"], "capacity": 2},
    "leaveProgramme": lambda world: {"participationId": world.ids["participation"]},
    "setPairRule": lambda world: {
        "programmeId": world.ids["programme"],
        "menteeId": world.ids["member"],
        "mentorId": f"Profile:{world.pair.mentee.id}",
        "kind": "MUST",
    },
    "runMatching": lambda world: {"programmeId": world.ids["matched programme"], "clientId": "new"},
    "resolveMatching": lambda world: {"matchingId": world.ids["draft"], "clientId": "new"},
    "replayMatching": lambda world: {"matchingId": world.ids["draft"], "clientId": "new"},
    "cancelMatching": lambda world: {"matchingId": world.ids["running"]},
    "publishMatching": lambda world: {"matchingId": world.ids["draft"]},
    "lockPair": lambda world: {"pairId": world.ids["matched"], "locked": True},
    "forbidPair": lambda world: {"pairId": world.ids["matched"]},
    "swapPairs": lambda world: {"pairId": world.ids["matched"], "withPairId": world.ids["other matched"]},
    "requestMentorship": lambda world: {"mentorId": world.ids["free"], "message": "Will you?", "clientId": "new"},
    "offerMentorship": lambda world: {"menteeId": world.ids["free"], "message": "Shall I?", "clientId": "new"},
    "requestMentors": lambda world: {
        "choices": [{"mentorId": world.ids["free"], "message": "Will you?"}],
        "clientId": "new",
    },
    "reorderMentorshipRequests": lambda world: {"requestIds": [world.ids["queued"]]},
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
    "editMessage": lambda world: {"messageId": world.ids["message"], "body": "New"},
    "deleteMessage": lambda world: {"messageId": world.ids["message"]},
    "addReaction": lambda world: {"messageId": world.ids["message"], "emoji": "🎉"},
    "removeReaction": lambda world: {"messageId": world.ids["message"], "emoji": "🎉"},
    "pinMessage": lambda world: {"messageId": world.ids["message"], "pinned": True},
    "starMessage": lambda world: {"messageId": world.ids["message"], "starred": True},
    "scheduleMessage": lambda world: {
        "conversationId": world.ids["conversation"],
        "body": "New",
        "sendAt": TOMORROW,
        "clientId": "new",
    },
    "saveSearch": lambda _: {
        "name": "New",
        "looksFor": "MENTORS",
        "filter": {"text": "law"},
        "clientId": "new",
    },
    "deleteSavedSearch": lambda world: {"savedSearchId": world.ids["search"]},
    "cancelScheduledMessage": lambda world: {"scheduledMessageId": world.ids["scheduled"]},
    "forwardMessage": lambda world: {
        "messageId": world.ids["message"],
        "meetingId": None,
        "goalId": world.ids["goal"],
        "clientId": "new",
    },
    "removeEvidence": lambda world: {"evidenceId": world.ids["evidence"]},
    "markRead": lambda world: {"conversationId": world.ids["conversation"], "number": 0},
    "blockProfile": lambda world: {"profileId": world.ids["free"]},
    "unblockProfile": lambda world: {"profileId": world.ids["free"]},
    "dismissSuggestion": lambda world: {"profileId": world.ids["free"], "role": "MENTEE"},
    "restoreSuggestion": lambda world: {"profileId": world.ids["free"], "role": "MENTEE"},
    "reportProfile": lambda world: {
        "conversationId": world.ids["conversation"],
        "profileId": f"Profile:{world.pair.mentor.id}",
        "messageIds": [world.ids["heard"]],
        "reason": "SPAM",
        "clientId": "new",
    },
    "setPresence": lambda _: {"away": True},
    "setTyping": lambda world: {"conversationId": world.ids["conversation"]},
    "markDelivered": lambda world: {"conversationId": world.ids["conversation"], "number": 0},
    "updatePreferences": lambda _: {"readReceipts": False, "contact": "OFF", "presence": "NOBODY", "missedMail": False},
    "openConversation": lambda world: {"profileId": world.ids["free"]},
    "openCircle": lambda world: {"title": "New", "profileIds": [world.ids["free"]], "clientId": "new"},
    "renameCircle": lambda world: {"conversationId": world.ids["circle"], "title": "New"},
    "addToCircle": lambda world: {"conversationId": world.ids["circle"], "profileIds": [world.ids["free"]]},
    "removeFromCircle": lambda world: {"conversationId": world.ids["circle"], "profileId": world.ids["member"]},
    "leaveConversation": lambda world: {"conversationId": world.ids["circle"]},
    "setRole": lambda world: {
        "conversationId": world.ids["circle"],
        "profileId": world.ids["member"],
        "role": "MODERATOR",
    },
    "muteConversation": lambda world: {
        "conversationId": world.ids["conversation"],
        "muted": True,
        "until": "2999-01-01T00:00:00Z",
    },
    "pinConversation": lambda world: {"conversationId": world.ids["conversation"], "pinned": True},
    "archiveConversation": lambda world: {"conversationId": world.ids["conversation"], "archived": True},
    "markNotificationRead": lambda world: {"notificationId": world.ids["notification"]},
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
