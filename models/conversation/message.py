"""Messages, what they said before, and what people make of them: reactions and stars."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet

from models.base import Authored, Base
from models.profile import Profile

if TYPE_CHECKING:
    from models.account import Account
    from models.conversation.conversation import Conversation

LONGEST_BODY = 8_000


class Message(Authored):
    """A direct message. Its number is dense within the conversation, from 1.

    A deleted message keeps its number and its author; its body is gone, and all that was attached to it.
    """

    visible_through = "conversation"

    conversation: fields.ForeignKeyRelation["Conversation"] = fields.ForeignKeyField(
        "models.Conversation", related_name="messages", on_delete=fields.CASCADE
    )
    conversation_id: UUID
    number = fields.BigIntField()
    body = fields.TextField()
    # The body as safe HTML, made once when it is written.
    html = fields.TextField(default="", db_default="")
    reply_to: fields.ForeignKeyNullableRelation["Message"] = fields.ForeignKeyField(
        "models.Message", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    reply_to_id: UUID | None
    edited_at = fields.DatetimeField(null=True)
    deleted_at = fields.DatetimeField(null=True)
    # For everybody in the conversation.
    pinned_at = fields.DatetimeField(null=True)

    class Meta:
        table = "message"
        unique_together = (("conversation", "number"), ("author", "client_id"))


class MessageVersion(Base):
    """What a message said before it was edited. Number 1 is what was sent; `created_at` is when it was written."""

    visible_through = "message"

    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="versions", on_delete=fields.CASCADE
    )
    message_id: UUID
    number = fields.IntField()
    body = fields.TextField()

    class Meta:
        table = "message_version"
        unique_together = (("message", "number"),)


class Reaction(Base):
    """An emoji that somebody put under a message."""

    visible_through = "message"

    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="reactions", on_delete=fields.CASCADE
    )
    message_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    emoji = fields.CharField(max_length=32)

    class Meta:
        table = "reaction"
        unique_together = (("message", "profile", "emoji"),)


class Star(Base):
    """A message that somebody wants to find again. Nobody else knows."""

    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="stars", on_delete=fields.CASCADE, db_index=True
    )
    message_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="stars", on_delete=fields.CASCADE
    )
    profile_id: UUID

    class Meta:
        table = "star"
        unique_together = (("profile", "message"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(profile_id=viewer.id)
