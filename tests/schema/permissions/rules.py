"""Who may see a field, or do what a root field does."""

from enum import Enum, auto


class Rule(Enum):
    """Who may see a field, or do what a root field does."""

    ANYONE = auto()
    SIGNED_IN = auto()
    SHOWN = auto()
    OWNER = auto()
    MENTOR = auto()
    MENTEE = auto()
    PAIR = auto()
    SENDER = auto()
    TICKET_HOLDER = auto()
    ENROLLED = auto()
    PARTICIPANT = auto()
    LEADER = auto()
    HEAD = auto()


ANYONE, SIGNED_IN, OWNER, PAIR = Rule.ANYONE, Rule.SIGNED_IN, Rule.OWNER, Rule.PAIR
MENTOR, MENTEE, SENDER, TICKET_HOLDER, ENROLLED = (
    Rule.MENTOR,
    Rule.MENTEE,
    Rule.SENDER,
    Rule.TICKET_HOLDER,
    Rule.ENROLLED,
)
# To whom a profile shows.
SHOWN = Rule.SHOWN
# Who takes part in a conversation; of a circle, its owners and moderators, and its owners.
PARTICIPANT, LEADER, HEAD = Rule.PARTICIPANT, Rule.LEADER, Rule.HEAD


def of(rule: Rule, kind: str, fields: str) -> dict[str, Rule]:
    """The same rule for these fields of a type."""
    return {f"{kind}.{name}": rule for name in fields.split()}


PAGE = "edges pageInfo totalCount"
EDGE = "node cursor"

RULES: dict[str, Rule] = {
    **of(ANYONE, "Query", "viewer"),
    **of(SIGNED_IN, "Query", "profile mentors skills suggestions programmes mentorshipRequests mentorship mentorships"),
    **of(SIGNED_IN, "Query", "conversations searchMessages videoSession node messages starredMessages"),
    **of(SIGNED_IN, "Query", "scheduledMessages notifications mentees mentorFacets menteeFacets savedSearches"),
    **of(ANYONE, "Mutation", "signUp signIn"),
    **of(OWNER, "Mutation", "signOut"),
    **of(SIGNED_IN, "Mutation", "updateProfile requestMentorship updatePreferences openConversation openCircle"),
    **of(SIGNED_IN, "Mutation", "offerMentorship requestMentors saveSearch"),
    **of(MENTOR, "Mutation", "acceptMentorshipRequest declineMentorshipRequest"),
    **of(MENTEE, "Mutation", "withdrawMentorshipRequest reorderMentorshipRequests"),
    **of(PAIR, "Mutation", "endMentorship addGoal markGoal addMilestone completeMilestone reopenMilestone"),
    **of(PAIR, "Mutation", "scheduleMeeting cancelMeeting sendMessage markRead"),
    **of(PAIR, "Mutation", "addReaction removeReaction pinMessage starMessage scheduleMessage"),
    **of(PAIR, "Mutation", "forwardMessage removeEvidence"),
    **of(SENDER, "Mutation", "editMessage deleteMessage"),
    **of(OWNER, "Mutation", "cancelScheduledMessage deleteSavedSearch"),
    **of(PARTICIPANT, "Mutation", "markDelivered muteConversation pinConversation archiveConversation"),
    **of(PARTICIPANT, "Mutation", "leaveConversation"),
    **of(LEADER, "Mutation", "renameCircle addToCircle removeFromCircle"),
    **of(HEAD, "Mutation", "setRole"),
    **of(PAIR, "Mutation", "startVideoSession joinVideoSession endVideoSession"),
    **of(OWNER, "Mutation", "markNotificationRead"),
    **of(TICKET_HOLDER, "Mutation", "sendSessionDescription sendIceCandidates videoHeartbeat leaveVideoSession"),
    **of(SIGNED_IN, "Subscription", "inbox"),
    **of(TICKET_HOLDER, "Subscription", "videoSignals"),
    **of(SIGNED_IN, "Query", "blocks reports"),
    **of(SIGNED_IN, "Mutation", "blockProfile unblockProfile"),
    # Everybody who takes part; but the deed that is tried reports the mentee, who cannot report themselves.
    **of(MENTOR, "Mutation", "reportProfile"),
    **of(OWNER, "BlockProfilePayload", "block"),
    **of(SIGNED_IN, "UnblockProfilePayload", "profile"),
    **of(OWNER, "ReportProfilePayload", "report"),
    **of(SIGNED_IN, "Mutation", "setPresence"),
    **of(PAIR, "Mutation", "setTyping"),
    **of(SIGNED_IN, "Subscription", "presence"),
    **of(PAIR, "Subscription", "typing"),
    **of(SIGNED_IN, "SetPresencePayload", "away"),
    **of(PAIR, "SetTypingPayload", "conversation"),
    **of(SIGNED_IN, "Presence", "profileId state lastSeenAt"),
    **of(PAIR, "Typing", "profile typing"),
    # People
    **of(OWNER, "Account", "id email createdAt profile sessions inboxCursor contact readReceipts presence missedMail"),
    **of(OWNER, "Account", "unreadNotifications"),
    **of(OWNER, "Session", "id device createdAt expiresAt current"),
    **of(SHOWN, "Profile", "id name headline experience yearsOfExperience industry languages timeZone capacity"),
    **of(SHOWN, "Profile", "skillsOffered skillsWanted availability placesFree goals formats seeking visibility"),
    **of(SIGNED_IN, "Window", "weekday start end"),
    **of(SIGNED_IN, "Skill", "id name"),
    **of(SIGNED_IN, "Facets", "skills languages industries formats years"),
    **of(SIGNED_IN, "Facet", "name count"),
    **of(OWNER, "SavedSearch", "id name looksFor skillsAny skillsAll languages industries formats yearsAtLeast"),
    **of(OWNER, "SavedSearch", "yearsAtMost overlapHours placesFree text createdAt"),
    **of(SIGNED_IN, "ScoreComponent", "name side weight value contribution"),
    # Programmes
    **of(ENROLLED, "Programme", "id name purpose startsOn endsOn replyDays organisation"),
    **of(ENROLLED, "Organisation", "id name"),
    # Pairs
    **of(PAIR, "MentorshipRequest", "id mentor mentee message months cadence status reason createdAt expiresAt"),
    **of(PAIR, "MentorshipRequest", "decidedAt mentorship author programme format owner waitingFor nextStep"),
    **of(MENTEE, "MentorshipRequest", "place"),
    **of(PAIR, "Mentorship", "id mentor mentee status cadence createdAt endsOn endedAt endReason goals meetings"),
    **of(PAIR, "Mentorship", "conversation format"),
    **of(PAIR, "Goal", "id title description dueOn status createdAt closedAt milestones evidence"),
    **of(PAIR, "Milestone", "id title position dueOn completedAt"),
    **of(PAIR, "Meeting", "id kind status startsAt minutes timeZone localStart agenda evidence"),
    **of(PAIR, "Evidence", "id body writer writtenAt author createdAt message"),
    **of(OWNER, "ScheduledMessage", "id conversation body replyTo sendAt createdAt sent cancelledAt refusal"),
    # Conversations
    **of(PARTICIPANT, "Conversation", "id kind title lastActivityAt lastNumber closedAt counterpart lastMessage"),
    **of(PARTICIPANT, "Conversation", "unreadCount readNumber messages participants myRole pinnedMessages"),
    **of(PARTICIPANT, "Conversation", "muted mutedUntil pinned archived"),
    **of(PARTICIPANT, "Participant", "id profile role createdAt readNumber deliveredNumber"),
    **of(PARTICIPANT, "Message", "id conversation number body author createdAt editedAt deletedAt pinnedAt replyTo"),
    **of(PARTICIPANT, "Message", "versions reactions reactionCounts attachments html"),
    # Of the viewer alone, as `readNumber` is.
    **of(PARTICIPANT, "Message", "starredAt"),
    **of(PARTICIPANT, "MessageVersion", "id number body createdAt"),
    **of(PARTICIPANT, "Reaction", "id emoji profile createdAt"),
    **of(PARTICIPANT, "ReactionCount", "emoji count mine"),
    **of(SENDER, "Message", "clientId"),
    **of(PARTICIPANT, "Attachment", "id name mediaType kind bytes width height url thumbnailUrl"),
    **of(PAIR, "VideoSession", "id status createdAt liveAt endedAt meeting participants"),
    **of(PAIR, "VideoParticipant", "id profile createdAt leftAt"),
    **of(OWNER, "Block", "id blocked createdAt"),
    **of(OWNER, "Report", "id profile reason text createdAt closedAt reportedMessages"),
    **of(OWNER, "ReportedMessage", "id number body sentAt editedAt"),
    **of(OWNER, "Notification", "id kind createdAt readAt message scheduledMessage"),
    # Lists
    **of(SIGNED_IN, "PageInfo", "hasNextPage hasPreviousPage startCursor endCursor"),
    **of(SIGNED_IN, "ProfileConnection", PAGE),
    **of(SIGNED_IN, "ProfileEdge", EDGE),
    **of(SIGNED_IN, "SavedSearchConnection", PAGE),
    **of(OWNER, "SavedSearchEdge", EDGE),
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
    **of(PARTICIPANT, "ConversationEdge", EDGE),
    **of(PARTICIPANT, "ParticipantConnection", PAGE),
    **of(PARTICIPANT, "ParticipantEdge", EDGE),
    **of(OWNER, "SessionConnection", PAGE),
    **of(OWNER, "SessionEdge", EDGE),
    **of(SIGNED_IN, "NotificationConnection", PAGE),
    **of(OWNER, "NotificationEdge", EDGE),
    **of(PAIR, "GoalConnection", PAGE),
    **of(PAIR, "GoalEdge", EDGE),
    **of(PAIR, "MeetingConnection", PAGE),
    **of(PAIR, "MeetingEdge", EDGE),
    **of(SIGNED_IN, "MessageConnection", PAGE),
    **of(PARTICIPANT, "MessageEdge", EDGE),
    **of(SIGNED_IN, "BlockConnection", PAGE),
    **of(OWNER, "BlockEdge", EDGE),
    **of(SIGNED_IN, "ReportConnection", PAGE),
    **of(OWNER, "ReportEdge", EDGE),
    **of(PARTICIPANT, "MessageVersionConnection", PAGE),
    **of(PARTICIPANT, "MessageVersionEdge", EDGE),
    **of(PARTICIPANT, "ReactionConnection", PAGE),
    **of(PARTICIPANT, "ReactionEdge", EDGE),
    **of(PAIR, "EvidenceConnection", PAGE),
    **of(PAIR, "EvidenceEdge", EDGE),
    **of(SIGNED_IN, "ScheduledMessageConnection", PAGE),
    **of(OWNER, "ScheduledMessageEdge", EDGE),
    # Answers of mutations
    **of(ANYONE, "Refusal", "code message field"),
    **of(OWNER, "SignUpPayload", "token account"),
    **of(OWNER, "SignInPayload", "token account"),
    **of(OWNER, "SignOutPayload", "sessionId"),
    **of(SIGNED_IN, "UpdateProfilePayload", "profile"),
    **of(OWNER, "SaveSearchPayload", "saved"),
    **of(SIGNED_IN, "DeleteSavedSearchPayload", "savedSearchId"),
    **of(MENTEE, "RequestMentorshipPayload", "request"),
    **of(MENTOR, "OfferMentorshipPayload", "request"),
    **of(MENTEE, "RequestMentorsPayload", "requests"),
    **of(MENTEE, "ReorderMentorshipRequestsPayload", "requests"),
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
    **of(SENDER, "EditMessagePayload", "changed"),
    **of(SENDER, "DeleteMessagePayload", "changed"),
    **of(PAIR, "AddReactionPayload", "changed"),
    **of(PAIR, "RemoveReactionPayload", "changed"),
    **of(PAIR, "PinMessagePayload", "changed"),
    **of(PAIR, "StarMessagePayload", "changed"),
    **of(OWNER, "ScheduleMessagePayload", "scheduled"),
    **of(OWNER, "CancelScheduledMessagePayload", "scheduled"),
    **of(PAIR, "ForwardMessagePayload", "evidence"),
    **of(PAIR, "RemoveEvidencePayload", "goal meeting"),
    **of(OWNER, "UpdatePreferencesPayload", "account"),
    **of(PARTICIPANT, "MarkDeliveredPayload", "conversation"),
    **of(PARTICIPANT, "MuteConversationPayload", "conversation"),
    **of(PARTICIPANT, "PinConversationPayload", "conversation"),
    **of(PARTICIPANT, "ArchiveConversationPayload", "conversation"),
    **of(PARTICIPANT, "OpenConversationPayload", "conversation"),
    **of(HEAD, "OpenCirclePayload", "conversation"),
    **of(LEADER, "RenameCirclePayload", "conversation"),
    **of(LEADER, "AddToCirclePayload", "conversation"),
    **of(LEADER, "RemoveFromCirclePayload", "conversation"),
    **of(SIGNED_IN, "LeaveConversationPayload", "conversationId"),
    **of(HEAD, "SetRolePayload", "conversation"),
    **of(OWNER, "MarkNotificationReadPayload", "notification account"),
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
    **of(PARTICIPANT, "MessageCreated", "cursor message"),
    **of(PARTICIPANT, "MessageUpdated", "cursor message"),
    **of(PARTICIPANT, "ReactionChanged", "cursor message"),
    **of(PARTICIPANT, "ConversationChanged", "cursor conversation"),
    **of(SIGNED_IN, "ConversationLeft", "cursor conversationId"),
    **of(PARTICIPANT, "ReadMarkerMoved", "cursor conversation"),
    **of(OWNER, "ScheduledMessageChanged", "cursor scheduled"),
    **of(PAIR, "RequestChanged", "cursor request"),
    **of(PAIR, "MentorshipChanged", "cursor mentorship"),
    **of(PAIR, "GoalChanged", "cursor goal"),
    **of(PAIR, "MeetingChanged", "cursor meeting"),
    **of(PAIR, "VideoSessionChanged", "cursor session"),
    **of(OWNER, "NotificationCreated", "cursor notification"),
    **of(OWNER, "NotificationsRead", "cursor notification"),
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
