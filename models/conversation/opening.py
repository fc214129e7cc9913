"""Openings: that somebody has opened a conversation, and under which key."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from models import clock
from models.base import Authored
from models.conversation.conversation import Conversation
from models.refusal import RefusalCode, Refused

if TYPE_CHECKING:
    from models.account import Account

# How many conversations one person opens in a day.
MOST_OPENED, DAY = 50, timedelta(days=1)


class ConversationOpening(Authored):
    """That somebody has opened a direct conversation or a circle. By a circle's key, a retry finds the first one."""

    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    conversation_id: UUID

    class Meta:
        table = "conversation_opening"
        unique_together = (("author", "client_id"),)

    @classmethod
    async def must_not_be_many(cls, by: "Account") -> None:
        """Raise `Refused` where the person has opened too many of late. Within a unit that holds their profile."""
        if await cls.filter(author_id=by.id, created_at__gt=clock.now() - DAY).count() >= MOST_OPENED:
            raise Refused(RefusalCode.LIMIT_REACHED, f"{MOST_OPENED} conversations a day can be opened.", None)
