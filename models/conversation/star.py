"""Stars: the messages that somebody wants to find again."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet

from models.base import Base
from models.conversation.message import Message
from models.database import transaction
from models.inbox import Inbox, Kind
from models.profile import Profile
from models.refusal import RefusalCode, Refused

if TYPE_CHECKING:
    from models.account import Account

MOST_STARS = 1_000


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

    @classmethod
    @transaction
    async def put(cls, message: Message, starred: bool, *, by: "Account") -> Message:
        """Star the message, or no longer. Only the devices of who does it hear of it. Returns the message."""
        _, _, message = await message.held_by(by)
        # The profile, as what it may have is counted over all conversations.
        await Profile.locked(by.id)
        mine = cls.visible_to(by)
        if await mine.filter(message_id=message.id).exists() == starred:
            return message
        if starred:
            message.must_be_there()
            if await mine.count() >= MOST_STARS:
                raise Refused(RefusalCode.LIMIT_REACHED, f"You can star {MOST_STARS:,} messages; unstar one first.")
            await cls.create(message_id=message.id, profile_id=by.id)
        else:
            await mine.filter(message_id=message.id).delete()
        await Inbox.record(Kind.MESSAGE_UPDATED, message, [by.id])
        return message
