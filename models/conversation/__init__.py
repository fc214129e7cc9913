"""Conversations and their messages: of a mentorship, of two people, and of a circle."""

from models.conversation.circle import Circle
from models.conversation.conversation import Conversation, ConversationKind
from models.conversation.direct import Direct
from models.conversation.mention import Mention
from models.conversation.message import (
    DELETE_WINDOW,
    EDIT_WINDOW,
    LONGEST_BODY,
    MOST_PINNED,
    MOST_VERSIONS,
    Message,
    MessageVersion,
)
from models.conversation.notification import Notification, NotificationKind
from models.conversation.opening import ConversationOpening
from models.conversation.participant import FOR_EVER, Participant, Role
from models.conversation.reaction import MOST_DIFFERENT, MOST_OF_ONE, Reaction
from models.conversation.scheduled import MOST_WAITING, ScheduledMessage
from models.conversation.star import MOST_STARS, Star

__all__ = [
    "DELETE_WINDOW",
    "EDIT_WINDOW",
    "FOR_EVER",
    "LONGEST_BODY",
    "MOST_DIFFERENT",
    "MOST_OF_ONE",
    "MOST_PINNED",
    "MOST_STARS",
    "MOST_VERSIONS",
    "MOST_WAITING",
    "Circle",
    "Conversation",
    "ConversationKind",
    "ConversationOpening",
    "Direct",
    "Mention",
    "Message",
    "MessageVersion",
    "Notification",
    "NotificationKind",
    "Participant",
    "Reaction",
    "Role",
    "ScheduledMessage",
    "Star",
]
