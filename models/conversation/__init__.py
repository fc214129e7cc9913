"""Conversations and their messages: of a mentorship, of two people, and of a circle."""

from models.conversation.conversation import Conversation, ConversationKind, ConversationOpening
from models.conversation.message import LONGEST_BODY, Message, MessageVersion, Reaction, Star
from models.conversation.participant import Participant, Role
from models.conversation.scheduled import ScheduledMessage

__all__ = [
    "LONGEST_BODY",
    "Conversation",
    "ConversationKind",
    "ConversationOpening",
    "Message",
    "MessageVersion",
    "Participant",
    "Reaction",
    "Role",
    "ScheduledMessage",
    "Star",
]
