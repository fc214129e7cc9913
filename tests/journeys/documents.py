"""What the journeys' clients say."""

REFUSAL = "... on Refusal { __typename code message field }"

UPDATE_PROFILE = f"""mutation($input: UpdateProfileInput!) {{ updateProfile(input: $input) {{
    ... on UpdateProfilePayload {{ profile {{ id capacity skillsOffered {{ name }} skillsWanted {{ name }} }} }} {REFUSAL}
}} }}"""

MENTORS = """query($skill: String, $first: Int, $after: String) { mentors(skill: $skill, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id name placesFree } }
} }"""

SUGGESTIONS = (
    """query { suggestions(first: 5) { edges { score reasons components { contribution } node { id name } } } }"""
)

REQUEST = f"""mutation($input: RequestMentorshipInput!) {{ requestMentorship(input: $input) {{
    ... on RequestMentorshipPayload {{ request {{ id status mentor {{ name }} mentee {{ name }} }} }} {REFUSAL}
}} }}"""

ACCEPT = f"""mutation($input: AcceptMentorshipRequestInput!) {{ acceptMentorshipRequest(input: $input) {{
    ... on AcceptMentorshipRequestPayload {{ request {{ status }} mentorship {{ id status conversation {{ id }} }} }} {REFUSAL}
}} }}"""

ADD_GOAL = f"""mutation($input: AddGoalInput!) {{ addGoal(input: $input) {{
    ... on AddGoalPayload {{ goal {{ id title milestones {{ id title completedAt }} }} }} {REFUSAL}
}} }}"""

COMPLETE_MILESTONE = f"""mutation($input: CompleteMilestoneInput!) {{ completeMilestone(input: $input) {{
    ... on CompleteMilestonePayload {{ milestone {{ id completedAt }} }} {REFUSAL}
}} }}"""

SEND = f"""mutation($input: SendMessageInput!) {{ sendMessage(input: $input) {{
    ... on SendMessagePayload {{ sent {{ id number body }} }} {REFUSAL}
}} }}"""

MARK_READ = f"""mutation($input: MarkReadInput!) {{ markRead(input: $input) {{
    ... on MarkReadPayload {{ conversation {{ unreadCount readNumber }} }} {REFUSAL}
}} }}"""

END_MENTORSHIP = f"""mutation($input: EndMentorshipInput!) {{ endMentorship(input: $input) {{
    ... on EndMentorshipPayload {{ mentorship {{ status conversation {{ closedAt }} }} }} {REFUSAL}
}} }}"""

SIGN_OUT = f"""mutation($input: SignOutInput!) {{ signOut(input: $input) {{
    ... on SignOutPayload {{ sessionId }} {REFUSAL}
}} }}"""

MESSAGES = """query($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on Conversation {
    lastNumber messages(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor } edges { node { number body clientId author { id } } }
    } } } }"""

INBOX = """subscription($after: String) { inbox(after: $after) { __typename
    ... on InboxEvent { cursor }
    ... on MessageCreated { message { id number body author { name } } }
    ... on RequestChanged { request { id status mentorship { id } } }
    ... on MentorshipChanged { mentorship { id status conversation { id } } }
    ... on GoalChanged { goal { title milestones { title completedAt } } }
    ... on VideoSessionChanged { session { id status } }
} }"""

START_VIDEO = f"""mutation($input: StartVideoSessionInput!) {{ startVideoSession(input: $input) {{
    ... on StartVideoSessionPayload {{ session {{ id status }} }} {REFUSAL}
}} }}"""

JOIN_VIDEO = f"""mutation($input: JoinVideoSessionInput!) {{ joinVideoSession(input: $input) {{
    ... on JoinVideoSessionPayload {{
        ticket polite heartbeatSeconds participant {{ id }} participants {{ id profile {{ name }} }}
        iceServers {{ urls username credential }}
    }} {REFUSAL}
}} }}"""

DESCRIBE = f"""mutation($input: SendSessionDescriptionInput!) {{ sendSessionDescription(input: $input) {{
    ... on SendSessionDescriptionPayload {{ negotiation }} {REFUSAL}
}} }}"""

TRICKLE = f"""mutation($input: SendIceCandidatesInput!) {{ sendIceCandidates(input: $input) {{
    ... on SendIceCandidatesPayload {{ negotiation }} {REFUSAL}
}} }}"""

HEARTBEAT = f"""mutation($input: VideoHeartbeatInput!) {{ videoHeartbeat(input: $input) {{
    ... on VideoHeartbeatPayload {{ presentUntil }} {REFUSAL}
}} }}"""

LEAVE_VIDEO = f"""mutation($input: LeaveVideoSessionInput!) {{ leaveVideoSession(input: $input) {{
    ... on LeaveVideoSessionPayload {{ session {{ status }} }} {REFUSAL}
}} }}"""

END_VIDEO = f"""mutation($input: EndVideoSessionInput!) {{ endVideoSession(input: $input) {{
    ... on EndVideoSessionPayload {{ session {{ status participants {{ leftAt }} }} }} {REFUSAL}
}} }}"""

SIGNALS = """subscription($ticket: String!, $after: Int! = 0) { videoSignals(ticket: $ticket, after: $after) { __typename
    ... on SessionDescription { seq senderId negotiation type sdp }
    ... on IceCandidates { seq senderId negotiation candidates { candidate sdpMid sdpMLineIndex } }
    ... on ParticipantJoined { seq participant { id } }
    ... on ParticipantLeft { seq participantId }
    ... on Replaced { seq }
    ... on SessionEnded { seq }
    ... on SignalsLost { rejoin }
} }"""
