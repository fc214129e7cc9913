"""Notifications: what somebody should not overlook, kept until they have read it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Base
from models.conversation.mention import Mention
from models.conversation.message import Message
from models.conversation.participant import Participant
from models.database import transaction
from models.inbox import Inbox, Kind
from models.organisation import Membership

if TYPE_CHECKING:
    from models.account import Account
    from models.conversation.scheduled import ScheduledMessage

# How long one is kept, and how many go at once.
KEPT = timedelta(days=180)
MOST_FORGOTTEN = 500


class NotificationKind(StrEnum):
    """What it is about.

    Somebody is mentioned; somebody has answered them; a message that they wrote for later could not be sent; an
    organisation invites them.
    """

    MENTION = "MENTION"
    REPLY = "REPLY"
    NOT_SENT = "NOT_SENT"
    INVITATION = "INVITATION"


class Notification(Base):
    """What one person should not overlook. It is theirs alone; what it is about is seen by the rules of that.

    A message makes one at most for each person, however often it is edited.
    """

    account: fields.ForeignKeyRelation["Account"] = fields.ForeignKeyField(
        "models.Account", related_name="notifications", on_delete=fields.CASCADE
    )
    account_id: UUID
    kind = fields.CharEnumField(NotificationKind, max_length=16)
    message: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name=False, null=True, on_delete=fields.CASCADE, db_index=True
    )
    message_id: UUID | None
    scheduled_message: fields.ForeignKeyNullableRelation["ScheduledMessage"] = fields.ForeignKeyField(
        "models.ScheduledMessage", related_name=False, null=True, on_delete=fields.CASCADE, db_index=True
    )
    scheduled_message_id: UUID | None
    membership: fields.ForeignKeyNullableRelation[Membership] = fields.ForeignKeyField(
        "models.Membership", related_name=False, null=True, on_delete=fields.CASCADE, db_index=True
    )
    membership_id: UUID | None
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notification"
        unique_together = (("account", "message"), ("account", "scheduled_message"))
        indexes = (
            Index(fields=("account_id", "created_at", "id")),
            # Those that are unread are counted, and listed.
            Index(fields=("account_id", "read_at", "created_at")),
            Index(fields=("created_at",)),
        )

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(account_id=viewer.id)

    @staticmethod
    async def unread(account_id: UUID) -> int:
        """How many an account has not read."""
        return await Notification.filter(account_id=account_id, read_at__isnull=True).count()

    @classmethod
    async def of_message(cls, message: Message, mentioned: Sequence[UUID], participants: Collection[UUID]) -> None:
        """Tell those whom a new message mentions, and whom it answers. Within a unit that holds the conversation.

        Who has muted the conversation is told of mentions only.
        """
        told = dict.fromkeys(await Mention.keep(message, mentioned) if mentioned else [], NotificationKind.MENTION)
        if (answered := await _answered_by(message)) is not None and answered in participants:
            told.setdefault(answered, NotificationKind.REPLY)
        await cls._tell(message, told)

    @classmethod
    async def of_edit(cls, message: Message, mentioned: Sequence[UUID]) -> None:
        """Tell those whom an edited message mentions, and did not before. Within a unit that holds the conversation."""
        new = await Mention.keep(message, mentioned)
        known = await cls.filter(message_id=message.id).values_list("account_id", flat=True)
        await cls._tell(message, dict.fromkeys([one for one in new if one not in known], NotificationKind.MENTION))

    @classmethod
    async def of_unsent(cls, scheduled: "ScheduledMessage") -> None:
        """Tell the author that the time of their message had come, and that it could not be sent. Within a unit."""
        if not await cls.exists(account_id=scheduled.author_id, scheduled_message_id=scheduled.id):
            await cls._make(scheduled.author_id, NotificationKind.NOT_SENT, scheduled_message_id=scheduled.id)

    @classmethod
    async def of_invitations(cls, invited: Mapping[UUID, UUID]) -> None:
        """Tell people, by their accounts, of the memberships that they are invited to. Within a unit."""
        new = [
            cls(account_id=account_id, kind=NotificationKind.INVITATION, membership_id=membership_id)
            for account_id, membership_id in invited.items()
        ]
        # In the order in which all lock them: inboxes come last, and before what is recorded in them.
        await Inbox.hold(invited)
        await cls.bulk_create(new)
        await Inbox.record_each(Kind.NOTIFICATION_CREATED, {one.account_id: one.id for one in new})

    @classmethod
    async def _tell(cls, message: Message, told: Mapping[UUID, NotificationKind]) -> None:
        # In the order in which inboxes are locked.
        for account_id in sorted(told):
            if account_id != message.author_id:
                await cls._make(account_id, told[account_id], message_id=message.id)

    @classmethod
    async def _make(cls, account_id: UUID, kind: NotificationKind, **about: Any) -> None:
        notification = await cls.create(account_id=account_id, kind=kind, **about)
        await Inbox.record(Kind.NOTIFICATION_CREATED, notification, [account_id])

    @transaction
    async def mark_read(self, *, by: "Account", and_older: bool = False) -> Self:
        """Read it, and perhaps all that came before it. The person's other devices hear of it."""
        found = type(self).visible_to(by).filter(read_at__isnull=True)
        if and_older:
            # Of one moment, all: their ids are in no order.
            await self._read(found.filter(created_at__lte=self.created_at), self, by)
        else:
            await self._read(found.filter(id=self.id), self, by)
        return await type(self).get(id=self.id)

    @classmethod
    async def read_with(cls, conversation_id: UUID, number: int, by: "Account") -> None:
        """Who has read a conversation up to a message has read what is about those messages. Within a unit."""
        unread = cls.visible_to(by).filter(read_at__isnull=True)
        about = unread.filter(message__conversation_id=conversation_id, message__number__lte=number)
        if read := await about.order_by("created_at", "id"):
            await cls._read(cls.filter(id__in=[one.id for one in read], read_at__isnull=True), read[-1], by)

    @classmethod
    async def read_invitation(cls, membership_ids: Collection[UUID], by: "Account") -> None:
        """Who has accepted an invitation has read of it. Within a unit."""
        unread = cls.visible_to(by).filter(membership_id__in=membership_ids, read_at__isnull=True)
        if read := await unread.order_by("created_at", "id"):
            await cls._read(cls.filter(id__in=[one.id for one in read], read_at__isnull=True), read[-1], by)

    @classmethod
    async def _read(cls, found: QuerySet[Self], newest: Self, by: "Account") -> None:
        # The inbox before the rows: whoever reads a conversation holds it already when they come here.
        await Inbox.hold([by.id])
        if await found.update(read_at=clock.now()):
            await Inbox.record(Kind.NOTIFICATIONS_READ, newest, [by.id])

    @classmethod
    async def forget(cls) -> int:
        """Delete some that are too old to matter. Returns how many; safe to run in several processes."""
        return await cls.forget_some(cls.filter(created_at__lte=clock.now() - KEPT), MOST_FORGOTTEN)


async def _answered_by(message: Message) -> UUID | None:
    if message.reply_to_id is None:
        return None
    answered = await Message.get(id=message.reply_to_id)
    theirs = await Participant.get_or_none(conversation_id=message.conversation_id, profile_id=answered.author_id)
    return None if theirs is None or theirs.is_muted else answered.author_id
