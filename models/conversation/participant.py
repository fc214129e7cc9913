"""Participants: a person in a conversation, what they may do there, and how far they have come."""

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from models import clock
from models.base import Base
from models.profile import Profile

if TYPE_CHECKING:
    from models.conversation.conversation import Conversation


class Role(StrEnum):
    """What somebody may do in a circle. In a conversation of two, both are members."""

    OWNER = "OWNER"
    MODERATOR = "MODERATOR"
    MEMBER = "MEMBER"


class Participant(Base):
    """A person in a conversation. Whoever has no such row does not see the conversation.

    `read_number` and `delivered_number` are watermarks: the number of the last message that they have read, and of
    the last that has reached a device of theirs. What is muted, pinned and archived is their own view of it.
    """

    visible_through = "conversation"

    conversation: fields.ForeignKeyRelation["Conversation"] = fields.ForeignKeyField(
        "models.Conversation", related_name="participants", on_delete=fields.CASCADE
    )
    conversation_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="conversations", on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    role = fields.CharEnumField(Role, max_length=16, default=Role.MEMBER, db_default=Role.MEMBER)
    read_number = fields.BigIntField(default=0)
    delivered_number = fields.BigIntField(default=0, db_default=0)
    muted_until = fields.DatetimeField(null=True)
    pinned_at = fields.DatetimeField(null=True)
    # A new message brings the conversation back.
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "participant"
        unique_together = (("conversation", "profile"),)

    @property
    def is_muted(self) -> bool:
        """Does the person want to hear nothing of the conversation for now?"""
        return self.muted_until is not None and self.muted_until > clock.now()
