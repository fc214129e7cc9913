"""Values that a mutation refuses, by the field that they are in."""

from datetime import timedelta
from typing import Any

from models import clock
from models.profile import MOST_LANGUAGES, MOST_WINDOWS
from models.skill import MOST_PER_PERSON
from tests.schema.refusals.good_inputs import SDP

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
BLANK = {"empty": "", "spaces": "   ", "ideographic space": "\u3000", "filler": "\u3164", "no dots": "\u2800"}
BLANK |= {"joiner": "\u034f", "selector": "\ufe0f"}
# What no text may hold, though it may have several lines.
UNSTORABLE = {"NUL": "a\x00b", "escape": "a\x1bb", "C1 control": "a\x9bb", "lone surrogate": "a\ud800b"}

NAMES = {**HIDDEN, **BLANK, "too long": LONG, "a stack of accents": "Zo" + "\u0316" * 30 + "e"}
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
NUMBERS = NEGATIVE_OR_HUGE | {"one too many": 4}
MUTED_UNTIL = {
    "no offset": "2999-01-01T00:00:00",
    "past": "2020-01-01T00:00:00Z",
    "year 1": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
}
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

CHOICES: dict[str, Any] = {
    "none": [],
    "no id": [{"mentorId": "x", "message": "Will you?"}],
    "no message": [{"mentorId": "Profile:01890000-0000-7000-8000-000000000000", "message": " "}],
    "one twice": [{"mentorId": "Profile:01890000-0000-7000-8000-000000000000", "message": "Will you?"}] * 2,
    "too many": [{"mentorId": f"Profile:01890000-0000-7000-8000-00000000000{n}", "message": "a"} for n in range(6)],
}
MESSAGE_IDS = {"none": [], "no id": ["x"], "another kind": ["Goal:01890000-0000-7000-8000-000000000000"]}
# What is no emoji, or is more than one, or carries what nobody sees.
EMOJI = {
    "empty": "",
    "a letter": "x",
    "a digit": "1",
    "a word": ":thumbs_up:",
    "two": "👍👍",
    "a space": "👍 ",
    "a tone without a hand": "\U0001f3fd",
    "a zero-width space": "👍\u200b",
    "a joiner at the end": "👍\u200d",
    "letters behind a joiner": "👍\u200dhello",
    "half a flag": "\U0001f1f5",
    "a flag of nowhere": "\U0001f1fd\U0001f1fd",
    "a text in tags": "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in "secret") + "\U000e007f",
    "a selector alone": "\ufe0f",
    "two selectors": "❤\ufe0f\ufe0f",
    "a keycap of nothing": "\u20e3",
    "NUL": "\x00",
    "surrogate": "\ud83d",
    "too long": LONG,
}
MOMENTS = {
    "past": "2020-01-01T12:00:00Z",
    "now": clock.now().isoformat(),
    "too far": "2199-01-01T12:00:00Z",
    "no zone": (clock.now() + timedelta(days=1)).replace(tzinfo=None).isoformat(),
    "year 1": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
}
ON_MESSAGES = ["editMessage", "deleteMessage", "addReaction", "removeReaction", "pinMessage", "starMessage"]
FILE = "Attachment:01890000-0000-7000-8000-0000000000"
FILES = {"too many": [f"{FILE}{number}" for number in range(10, 21)], "one twice": [f"{FILE}10", f"{FILE}10"]}

PEOPLE_OF_A_PROGRAMME: dict[str, Any] = {
    "none": [],
    "no id": [{"profileId": "x"}],
    "another kind": [{"profileId": "Goal:01890000-0000-7000-8000-000000000000"}],
    "one twice": [{"profileId": "Profile:01890000-0000-7000-8000-000000000000"}] * 2,
    "too many": [{"profileId": f"Profile:01890000-0000-7000-8000-{n:012}"} for n in range(501)],
    **{
        f"{name} {case}": [{"profileId": "Profile:01890000-0000-7000-8000-000000000000", name: value}]
        for name, values in {
            "capacity": NEGATIVE_OR_HUGE | {"51": 51},
            "team": {"override": HIDDEN["right-to-left override"], "too long": "x" * 81},
            "site": {"NUL": "\x00"},
            "staffKey": {"newline": "a\nb"},
            "manager": {"lone surrogate": "\ud800"},
            "cohortId": {"no id": "x"},
        }.items()
        for case, value in values.items()
    },
    "answered twice": [
        {
            "profileId": "Profile:01890000-0000-7000-8000-000000000000",
            "answers": [{"question": "Why?", "text": text} for text in ("So.", "No.")],
        }
    ],
}
ANSWERS: dict[str, Any] = {
    "too many": [{"question": str(number), "text": ""} for number in range(31)],
    "twice": [{"question": "Why?", "text": "So."}] * 2,
    "no question": [{"question": "", "text": "So."}],
    "too long": [{"question": "Why?", "text": LONG}],
    "NUL": [{"question": "Why?", "text": "\x00"}],
}
PARTICIPATION_WEIGHTS = {"negative": -0.1, "too large": 1_001}
WEIGHTS = {"all zero": {"skills": 0}, "none": {}, "negative": {"skills": -1}, "too large": {"skills": 1_001}}

# Mutation, field at fault, and values that are INVALID there.
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
    ("updateProfile", "goals", TEXTS),
    ("saveSearch", "name", NAMES),
    ("saveSearch", "clientId", CLIENT_IDS),
    ("requestMentorship", "message", {**TEXTS, **BLANK}),
    ("requestMentorship", "months", MONTHS),
    ("requestMentorship", "clientId", CLIENT_IDS),
    ("offerMentorship", "message", {**TEXTS, **BLANK}),
    ("offerMentorship", "months", MONTHS),
    ("offerMentorship", "clientId", CLIENT_IDS),
    ("requestMentors", "choices", CHOICES),
    ("requestMentors", "months", MONTHS),
    ("requestMentors", "clientId", CLIENT_IDS),
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
    ("sendMessage", "body", {**TEXTS, **BLANK, "byte order mark": "\ufeff", "zero-width space": "\u200b"}),
    ("sendMessage", "clientId", CLIENT_IDS),
    ("markRead", "number", NEGATIVE_OR_HUGE | {"one too many": 4}),
    ("reportProfile", "text", TEXTS),
    ("reportProfile", "messageIds", MESSAGE_IDS),
    ("reportProfile", "clientId", CLIENT_IDS),
    ("editMessage", "body", {**TEXTS, **BLANK}),
    ("addReaction", "emoji", EMOJI),
    ("removeReaction", "emoji", EMOJI),
    ("scheduleMessage", "body", {**TEXTS, **BLANK}),
    ("scheduleMessage", "sendAt", MOMENTS),
    ("scheduleMessage", "clientId", CLIENT_IDS),
    ("forwardMessage", "clientId", CLIENT_IDS),
    ("forwardMessage", "meetingId", {"a goal too": "Meeting:01890000-0000-7000-8000-000000000000"}),
    ("createOrganisation", "name", NAMES),
    ("createOrganisation", "clientId", CLIENT_IDS),
    ("updateOrganisation", "name", NAMES),
    ("inviteMembers", "emails", {name: [value] for name, value in EMAILS.items()} | {"too many": ["x"] * 501}),
    ("inviteMembers", "profileIds", {"no id": ["x"], "another kind": ["Goal:01890000-0000-7000-8000-000000000000"]}),
    ("createProgramme", "name", NAMES),
    ("createProgramme", "purpose", TEXTS),
    ("createProgramme", "endsOn", {"before its start": "2026-12-31"}),
    ("createProgramme", "participationWeight", PARTICIPATION_WEIGHTS),
    ("createProgramme", "weights", WEIGHTS),
    ("createProgramme", "replyDays", NEGATIVE_OR_HUGE | {"0": 0, "61": 61}),
    ("updateProgramme", "replyDays", {"0": 0, "61": 61}),
    ("createProgramme", "clientId", CLIENT_IDS),
    ("updateProgramme", "name", NAMES),
    ("updateProgramme", "purpose", TEXTS),
    ("updateProgramme", "participationWeight", PARTICIPATION_WEIGHTS),
    ("updateProgramme", "weights", WEIGHTS),
    ("addCohort", "name", NAMES),
    ("addCohort", "clientId", CLIENT_IDS),
    ("enrolParticipants", "participants", PEOPLE_OF_A_PROGRAMME),
    ("joinProgramme", "capacity", NEGATIVE_OR_HUGE | {"51": 51}),
    ("joinProgramme", "answers", ANSWERS),
    ("runMatching", "fairness", {"-1": -1, "2": 2}),
    ("runMatching", "firstMenteeReward", {"-1": -1, "11": 11}),
    ("runMatching", "clientId", CLIENT_IDS),
    ("resolveMatching", "fairness", {"-1": -1}),
    ("resolveMatching", "firstMenteeReward", {"-1": -1}),
    ("resolveMatching", "stickiness", {"-1": -1, "11": 11}),
    ("resolveMatching", "clientId", CLIENT_IDS),
    ("replayMatching", "clientId", CLIENT_IDS),
    ("sendMessage", "attachmentIds", FILES),
    ("markDelivered", "number", NUMBERS),
    ("openCircle", "title", TITLES),
    ("openCircle", "clientId", CLIENT_IDS),
    ("renameCircle", "title", TITLES),
    ("muteConversation", "until", MUTED_UNTIL),
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
    ("updateOrganisation", "organisationId", "Organisation"),
    ("inviteMembers", "organisationId", "Organisation"),
    ("acceptInvitation", "membershipId", "Membership"),
    ("setMemberRole", "membershipId", "Membership"),
    ("endMembership", "membershipId", "Membership"),
    ("createProgramme", "organisationId", "Organisation"),
    ("updateProgramme", "programmeId", "Programme"),
    ("addCohort", "programmeId", "Programme"),
    ("enrolParticipants", "programmeId", "Programme"),
    ("joinProgramme", "programmeId", "Programme"),
    ("leaveProgramme", "participationId", "Participation"),
    ("runMatching", "programmeId", "Programme"),
    ("runMatching", "cohortId", "Cohort"),
    ("resolveMatching", "matchingId", "Matching"),
    ("resolveMatching", "cohortId", "Cohort"),
    ("replayMatching", "matchingId", "Matching"),
    ("cancelMatching", "matchingId", "Matching"),
    ("publishMatching", "matchingId", "Matching"),
    ("lockPair", "pairId", "MatchedPair"),
    ("forbidPair", "pairId", "MatchedPair"),
    ("swapPairs", "pairId", "MatchedPair"),
    ("swapPairs", "withPairId", "MatchedPair"),
    ("setPairRule", "programmeId", "Programme"),
    ("setPairRule", "menteeId", "Profile"),
    ("setPairRule", "mentorId", "Profile"),
    ("requestMentorship", "programmeId", "Programme"),
    ("offerMentorship", "menteeId", "Profile"),
    ("offerMentorship", "programmeId", "Programme"),
    ("requestMentors", "programmeId", "Programme"),
    ("reorderMentorshipRequests", "requestIds", "MentorshipRequest"),
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
    ("sendMessage", "replyToId", "Message"),
    *((name, "messageId", "Message") for name in ON_MESSAGES),
    ("scheduleMessage", "conversationId", "Conversation"),
    ("scheduleMessage", "replyToId", "Message"),
    ("cancelScheduledMessage", "scheduledMessageId", "ScheduledMessage"),
    ("deleteSavedSearch", "savedSearchId", "SavedSearch"),
    ("forwardMessage", "messageId", "Message"),
    ("forwardMessage", "goalId", "Goal"),
    ("removeEvidence", "evidenceId", "Evidence"),
    ("markRead", "conversationId", "Conversation"),
    ("setTyping", "conversationId", "Conversation"),
    ("markNotificationRead", "notificationId", "Notification"),
    ("blockProfile", "profileId", "Profile"),
    ("unblockProfile", "profileId", "Profile"),
    ("dismissSuggestion", "profileId", "Profile"),
    ("restoreSuggestion", "profileId", "Profile"),
    ("reportProfile", "conversationId", "Conversation"),
    ("reportProfile", "profileId", "Profile"),
    ("sendMessage", "attachmentIds", "Attachment"),
    ("markDelivered", "conversationId", "Conversation"),
    ("openConversation", "profileId", "Profile"),
    ("renameCircle", "conversationId", "Conversation"),
    ("addToCircle", "conversationId", "Conversation"),
    ("removeFromCircle", "conversationId", "Conversation"),
    ("removeFromCircle", "profileId", "Profile"),
    ("leaveConversation", "conversationId", "Conversation"),
    ("setRole", "conversationId", "Conversation"),
    ("setRole", "profileId", "Profile"),
    ("muteConversation", "conversationId", "Conversation"),
    ("pinConversation", "conversationId", "Conversation"),
    ("archiveConversation", "conversationId", "Conversation"),
    ("startVideoSession", "mentorshipId", "Mentorship"),
    ("startVideoSession", "meetingId", "Meeting"),
    ("joinVideoSession", "sessionId", "VideoSession"),
    ("sendSessionDescription", "to", "VideoParticipant"),
    ("sendIceCandidates", "to", "VideoParticipant"),
    ("endVideoSession", "sessionId", "VideoSession"),
]

# The same, where it is a list of ids.
LISTS_OF_IDS: list[tuple[str, str, str]] = [
    ("openCircle", "profileIds", "Profile"),
    ("addToCircle", "profileIds", "Profile"),
]

TICKETS = ["sendSessionDescription", "sendIceCandidates", "videoHeartbeat", "leaveVideoSession"]
