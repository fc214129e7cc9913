"""What the devices of the nemesis ask: with the ids by which a client places what it hears."""

from tests.journeys.documents import REFUSAL

MESSAGE = "id conversation { id } number body author { id } deletedAt reactionCounts { emoji count mine }"
CONVERSATION = "id lastNumber readNumber closedAt"
MENTORSHIP = "id status conversation { id closedAt }"

INBOX = f"""subscription($after: String) {{ inbox(after: $after) {{ __typename
    ... on InboxEvent {{ cursor }}
    ... on MessageCreated {{ message {{ {MESSAGE} }} }}
    ... on MessageUpdated {{ message {{ {MESSAGE} }} }}
    ... on ReactionChanged {{ message {{ {MESSAGE} }} }}
    ... on ConversationChanged {{ conversation {{ {CONVERSATION} }} }}
    ... on ReadMarkerMoved {{ conversation {{ {CONVERSATION} }} }}
    ... on RequestChanged {{ request {{ id }} }}
    ... on MentorshipChanged {{ mentorship {{ {MENTORSHIP} }} }}
    ... on GoalChanged {{ goal {{ id }} }}
    ... on MeetingChanged {{ meeting {{ id }} }}
    ... on VideoSessionChanged {{ session {{ id }} }}
}} }}"""

EDIT = f"""mutation($input: EditMessageInput!) {{ editMessage(input: $input) {{
    ... on EditMessagePayload {{ changed {{ id body }} }} {REFUSAL}
}} }}"""

DELETE = f"""mutation($input: DeleteMessageInput!) {{ deleteMessage(input: $input) {{
    ... on DeleteMessagePayload {{ changed {{ id deletedAt }} }} {REFUSAL}
}} }}"""

ADD_REACTION = f"""mutation($input: AddReactionInput!) {{ addReaction(input: $input) {{
    ... on AddReactionPayload {{ changed {{ id }} }} {REFUSAL}
}} }}"""

REMOVE_REACTION = f"""mutation($input: RemoveReactionInput!) {{ removeReaction(input: $input) {{
    ... on RemoveReactionPayload {{ changed {{ id }} }} {REFUSAL}
}} }}"""

BLOCK_PROFILE = f"""mutation($input: BlockProfileInput!) {{ blockProfile(input: $input) {{
    ... on BlockProfilePayload {{ block {{ id }} }} {REFUSAL}
}} }}"""

VIEWER = "query { viewer { inboxCursor profile { id } } }"

CONVERSATIONS = (
    f"query {{ conversations(first: 50) {{ edges {{ node {{ {CONVERSATION} unreadCount counterpart {{ id }} }} }} }} }}"
)

MENTORSHIPS = f"query {{ mentorships(first: 50) {{ edges {{ node {{ {MENTORSHIP} }} }} }} }}"

MESSAGES = f"""query($id: ID!, $after: String) {{ node(id: $id) {{ ... on Conversation {{
    messages(first: 50, after: $after) {{
        pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {MESSAGE} }} }}
    }} }} }} }}"""
