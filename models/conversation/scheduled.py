"""Scheduled messages: written now, sent later."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models.base import Authored
from models.conversation.message import Message

if TYPE_CHECKING:
    from models.account import Account
    from models.conversation.conversation import Conversation


class ScheduledMessage(Authored):
    """A message that its author has written for later. Only they see it.

    It ends in one of three ways: `sent` is the message that it became; `cancelled_at`; or `refusal` says why it could
    not be sent when its time had come.
    """

    conversation: fields.ForeignKeyRelation["Conversation"] = fields.ForeignKeyField(
        "models.Conversation", related_name="scheduled_messages", on_delete=fields.CASCADE, db_index=True
    )
    conversation_id: UUID
    body = fields.TextField()
    reply_to: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    reply_to_id: UUID | None
    send_at = fields.DatetimeField()
    # When it must be looked at again: `send_at` while it waits, else null.
    due_at = fields.DatetimeField(null=True)
    sent: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    sent_id: UUID | None
    cancelled_at = fields.DatetimeField(null=True)
    refusal = fields.TextField(default="")

    class Meta:
        table = "scheduled_message"
        unique_together = (("author", "client_id"),)
        indexes = (Index(fields=("due_at",)),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(author_id=viewer.id)
