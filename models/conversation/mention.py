"""Mentions: whom a message names, so that they are told of it."""

from collections.abc import Sequence
from uuid import UUID

from tortoise import fields

from models.base import Base
from models.conversation.message import Message
from models.profile import Profile


class Mention(Base):
    """A person whom a message names. They took part in its conversation when it was written."""

    visible_through = "message"

    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name="mentions", on_delete=fields.CASCADE
    )
    message_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID

    class Meta:
        table = "mention"
        unique_together = (("message", "profile"),)

    @classmethod
    async def keep(cls, message: Message, profile_ids: Sequence[UUID]) -> list[UUID]:
        """Let the message mention these people and nobody else. Returns who is new. Within a unit that holds it."""
        before = {one.profile_id for one in await cls.filter(message_id=message.id)}
        if gone := before.difference(profile_ids):
            await cls.filter(message_id=message.id, profile_id__in=gone).delete()
        new = [profile_id for profile_id in profile_ids if profile_id not in before]
        if new:
            await cls.bulk_create([cls(message_id=message.id, profile_id=profile_id) for profile_id in new])
        return new
