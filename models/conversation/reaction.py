"""Reactions: an emoji under a message."""

from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from models.base import Base
from models.conversation.emoji import one_emoji
from models.conversation.message import Message
from models.database import transaction
from models.inbox import Inbox, Kind
from models.profile import Profile
from models.refusal import RefusalCode, Refused

if TYPE_CHECKING:
    from models.account import Account

# Different ones under one message, and of one person.
MOST_DIFFERENT = 20
MOST_OF_ONE = 10


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

    @classmethod
    @transaction
    async def add(cls, message: Message, emoji: str, *, by: "Account") -> Message:
        """Put an emoji under the message. Putting it there again changes nothing. Returns the message."""
        emoji = one_emoji(emoji, "emoji")
        conversation, people, message = await message.held_by(by)
        if await cls.exists(message_id=message.id, profile_id=by.id, emoji=emoji):
            return message
        message.must_be_there()
        conversation.must_take_messages("messageId")
        if await cls.filter(message_id=message.id, profile_id=by.id).count() >= MOST_OF_ONE:
            raise Refused(RefusalCode.LIMIT_REACHED, f"You can put {MOST_OF_ONE} emoji under a message.")
        there = set(await cls.filter(message_id=message.id).distinct().values_list("emoji", flat=True))
        if len(there | {emoji}) > MOST_DIFFERENT:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A message has at most {MOST_DIFFERENT} different emoji.")
        await cls.create(message_id=message.id, profile_id=by.id, emoji=emoji)
        await Inbox.record(Kind.REACTION_CHANGED, message, people)
        return message

    @classmethod
    @transaction
    async def remove(cls, message: Message, emoji: str, *, by: "Account") -> Message:
        """Take one's emoji back, also where no more is said. Where it is not, nothing changes. Returns the message."""
        emoji = one_emoji(emoji, "emoji")
        conversation, people, message = await message.held_by(by)
        if await cls.filter(message_id=message.id, profile_id=by.id, emoji=emoji).delete():
            await Inbox.record(Kind.REACTION_CHANGED, message, conversation.hearing(people, by))
        return message
