"""Conversations and messages."""

from schema.conversation.conversation import (
    LATEST_FIRST,
    PINNED_LAST_FIRST,
    STARRED_NEWEST_FIRST,
    Conversation,
    ConversationMutation,
    ConversationQuery,
)
from schema.conversation.deeds import MessageMutation
from schema.conversation.message import BY_NUMBER, BY_REACTION, BY_VERSION, Message
from schema.conversation.scheduled import (
    SOONEST_FIRST,
    ScheduledMessage,
    ScheduledMessageMutation,
    ScheduledMessageQuery,
)

__all__ = [
    "BY_NUMBER",
    "BY_REACTION",
    "BY_VERSION",
    "LATEST_FIRST",
    "PINNED_LAST_FIRST",
    "SOONEST_FIRST",
    "STARRED_NEWEST_FIRST",
    "Conversation",
    "ConversationMutation",
    "ConversationQuery",
    "Message",
    "MessageMutation",
    "ScheduledMessage",
    "ScheduledMessageMutation",
    "ScheduledMessageQuery",
]
