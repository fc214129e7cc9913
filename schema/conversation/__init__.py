"""Conversations and messages."""

from schema.conversation.conversation import LATEST_FIRST, Conversation, ConversationMutation, ConversationQuery
from schema.conversation.message import BY_NUMBER, Message, MessageMutation

__all__ = [
    "BY_NUMBER",
    "LATEST_FIRST",
    "Conversation",
    "ConversationMutation",
    "ConversationQuery",
    "Message",
    "MessageMutation",
]
