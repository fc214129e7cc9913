"""Participants: a person in a conversation, what they may do there, and how far they have come."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from models import clock
from models.base import Base
from models.database import transaction
from models.inbox import Inbox, Kind
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found

if TYPE_CHECKING:
    from models.account import Account
    from models.conversation.conversation import Conversation

MOST_PINNED = 20

# Until when a conversation is muted that is muted for ever.
FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)


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

    @classmethod
    async def of(cls, conversation_id: UUID, by: "Account") -> Self:
        """The person's own part in a conversation. Raises `Refused` where they have none."""
        part = await cls.get_or_none(conversation_id=conversation_id, profile_id=by.id)
        if part is None:
            raise not_found("conversation", "conversationId")
        return part

    @classmethod
    def showing(cls, viewer: "Account") -> QuerySet[Self]:
        """The parts of which the viewer may know how far they have come.

        That is mutual or not at all: a person who hides it sees it of nobody else; nor does anybody where a block
        stands between the two. One's own is always known.
        """
        from models.account import Account

        mine = Account.filter(id=viewer.id).values("read_receipts")
        both = Q(
            profile__account__read_receipts=True,
            profile__account__read_receipts__in=Subquery(mine),
            conversation__blocks=0,
        )
        return cls.filter(Q(profile_id=viewer.id) | both)

    @property
    def delivered(self) -> int:
        """The number of the last message that has reached them: what was read has been delivered."""
        return int(max(self.read_number, self.delivered_number))

    @property
    def is_muted(self) -> bool:
        """Does the person want to hear nothing of it at present?"""
        return self.muted_until is not None and self.muted_until > clock.now()

    async def mute(self, until: datetime | None = None) -> None:
        """Be told of nothing here until then; for ever, if no moment is given. It is said to nobody else."""
        if until is not None and until.tzinfo is None:
            raise invalid("Give the moment with its offset, such as 2027-01-01T09:00:00Z.", "until")
        if until is not None and not clock.now() < until < FOR_EVER:
            raise invalid("Use a moment that is still to come; or none, for ever.", "until")
        await self._keep("muted_until", until.astimezone(UTC) if until else FOR_EVER)

    async def unmute(self) -> None:
        """Be told of it again."""
        await self._keep("muted_until", None)

    async def archive(self, archived: bool) -> None:
        """Put it away, or take it back. A new message brings it back."""
        await self._keep("archived_at", clock.now() if archived else None)

    @transaction
    async def pin(self, pinned: bool) -> None:
        """Keep it on top, or no longer. Raises `Refused` where too many are on top."""
        await self._held()
        if pinned and self.pinned_at is None:
            # The pins of one person are counted one after the other, in whatever conversations.
            await Inbox.hold([self.profile_id])
            if await type(self).filter(profile_id=self.profile_id, pinned_at__isnull=False).count() >= MOST_PINNED:
                raise Refused(RefusalCode.LIMIT_REACHED, f"{MOST_PINNED} are pinned; unpin one first.", None)
        await self._keep("pinned_at", clock.now() if pinned else None)

    @transaction
    async def _keep(self, name: str, value: datetime | None) -> None:
        conversation = await self._held()
        before = getattr(self, name)
        # For what is archived or pinned already, that moment stays.
        if before == value or (name != "muted_until" and (before is None) == (value is None)):
            return
        setattr(self, name, value)
        await self.store(name)
        await Inbox.record(Kind.CONVERSATION_CHANGED, conversation, [self.profile_id])

    async def _held(self) -> "Conversation":
        """The conversation, locked, and this part as it is now. Raises `Refused` where the person has left."""
        from models.conversation.conversation import Conversation

        conversation = await Conversation.locked(self.conversation_id)
        now = await type(self).get_or_none(id=self.id)
        if now is None:
            raise not_found("conversation", "conversationId")
        self.muted_until, self.pinned_at, self.archived_at = now.muted_until, now.pinned_at, now.archived_at
        return conversation
