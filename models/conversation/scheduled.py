"""Scheduled messages: written now, sent later."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import structlog
from tortoise import fields
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Authored
from models.conversation.conversation import Conversation
from models.conversation.message import LONGEST_BODY, Message
from models.conversation.notification import Notification
from models.database import is_outage, transaction
from models.inbox import Inbox, Kind
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account

log = structlog.get_logger()

MOST_WAITING = 100
SOONEST = timedelta(minutes=1)
LATEST = timedelta(days=365)

# In one round of the sweeper; the others are sent in the next.
MOST_AT_ONCE = 200


class ScheduledMessage(Authored):
    """A message that its author has written for later. Only they see it.

    It ends in one of three ways: `sent` is the message that it became; `cancelled_at`; or `refusal` says why it could
    not be sent when its time had come. What was sent or cancelled is not kept here: the body is emptied.
    """

    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
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

    @classmethod
    def pending(cls, viewer: "Account") -> QuerySet[Self]:
        """The viewer's messages that wait, and those that were refused until they are cancelled."""
        open_still = Q(due_at__isnull=False) | (Q(cancelled_at__isnull=True) & ~Q(refusal=""))
        return cls.visible_to(viewer).filter(open_still)

    @classmethod
    @transaction
    async def write(
        cls,
        conversation: Conversation,
        body: str,
        *,
        by: "Account",
        send_at: datetime,
        client_id: str,
        reply_to_id: UUID | None = None,
    ) -> Self:
        """Write a message that is sent at a moment between a minute and a year from now."""
        body = prose(body, "body", longest=LONGEST_BODY)
        send_at = _moment(send_at)
        content: dict[str, Any] = {"conversation_id": conversation.id, "body": body, "send_at": send_at}
        content["reply_to_id"] = reply_to_id
        conversation = await Conversation.locked(conversation.id)
        await conversation.everybody(by)
        # The profile, as what waits is counted over all conversations.
        await Profile.locked(by.id)
        if first := await cls.made_before(by, client_id, **content):
            return first
        conversation.must_take_messages()
        await conversation.must_hold(reply_to_id)
        if not SOONEST <= send_at - clock.now() <= LATEST:
            raise invalid("A message is sent at least a minute and at most a year from now.", "sendAt")
        if await cls.filter(author_id=by.id, due_at__isnull=False).count() >= MOST_WAITING:
            raise Refused(RefusalCode.LIMIT_REACHED, f"You have {MOST_WAITING} messages waiting; cancel one first.")
        written = await cls.make(
            by,
            client_id,
            content,
            conversation_id=conversation.id,
            body=body,
            reply_to_id=reply_to_id,
            send_at=send_at,
            due_at=send_at,
        )
        await written._announce()
        return written

    @transaction
    async def cancel(self, *, by: "Account") -> Self:
        """Do not send it; or, where it was refused, put it out of sight. Cancelling it again changes nothing."""
        if self.author_id != by.id:
            raise not_found("scheduled message", "scheduledMessageId")
        scheduled = await self.locked(self.id)
        if scheduled.cancelled_at is None:
            if scheduled.due_at is None and not scheduled.refusal:
                raise Refused(RefusalCode.WRONG_STATE, "This message has been sent.", "scheduledMessageId")
            scheduled.cancelled_at = clock.now()
            await scheduled._finish("cancelled_at")
        return scheduled

    @classmethod
    async def send_due(cls) -> None:
        """Send what is due, in the order of its time. Safe to run in several processes at once."""
        due = cls.filter(due_at__lte=clock.now()).order_by("due_at", "id").limit(MOST_AT_ONCE)
        for scheduled in await due:
            try:
                await scheduled._send()
            except Refused as refused:
                await scheduled._refuse(refused.message)
            except Exception as error:
                if is_outage(error):
                    raise
                # It stays due; another one's trouble is not its neighbours'.
                log.exception("a scheduled message was not sent", id=str(scheduled.id))

    @transaction
    async def _send(self) -> None:
        from models.account import Account

        # The conversation before this row, as everywhere; and the message's key is this row's: whoever sends it a
        # second time finds the first.
        conversation = await Conversation.locked(self.conversation_id)
        scheduled = await self.locked(self.id)
        if scheduled.due_at is None:
            return
        message = await conversation.send(
            scheduled.body,
            by=await Account.get(id=scheduled.author_id),
            client_id=f"scheduled {scheduled.id}",
            reply_to_id=scheduled.reply_to_id,
        )
        scheduled.sent_id = message.id
        await scheduled._finish("sent_id")

    @transaction
    async def _refuse(self, reason: str) -> None:
        scheduled = await self.locked(self.id)
        if scheduled.due_at is not None:
            scheduled.due_at, scheduled.refusal = None, reason
            await scheduled.store("due_at", "refusal")
            await scheduled._announce()
            await Notification.of_unsent(scheduled)

    async def _finish(self, how: str) -> None:
        # What was sent may be deleted there, and must not be left here.
        self.due_at, self.body = None, ""
        await self.store("due_at", "body", how)
        await self._announce()

    async def _announce(self) -> None:
        await Inbox.record(Kind.SCHEDULED_MESSAGE_CHANGED, self, [self.author_id])


def _moment(send_at: datetime) -> datetime:
    try:
        if send_at.tzinfo is None:
            raise ValueError(send_at)
        return send_at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid("Give the moment with its zone, such as 2026-11-30T17:00:00Z.", "sendAt") from None
