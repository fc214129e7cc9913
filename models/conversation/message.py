"""Messages, what they said before, and what becomes of them: edited, deleted, pinned."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet

from models import clock
from models.base import Authored, Base, Filled
from models.database import transaction
from models.inbox import Inbox, Kind
from models.markup import rendered
from models.refusal import RefusalCode, Refused
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account
    from models.conversation.conversation import Conversation

LONGEST_BODY = 8_000

EDIT_WINDOW = timedelta(hours=24)
DELETE_WINDOW = timedelta(hours=48)
MOST_VERSIONS = 50
MOST_PINNED = 50


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
        # A handful among a million: an index of all would cost every message that is sent.
        indexes = (Filled(fields=("conversation_id", "pinned_at"), filled="pinned_at"),)

    @classmethod
    def pinned_in(cls, conversation_id: UUID) -> QuerySet[Self]:
        """What is pinned in a conversation, for those who see it."""
        return cls.filter(conversation_id=conversation_id, pinned_at__isnull=False)

    @transaction
    async def edit(self, body: str, *, by: "Account") -> Self:
        """Its author says it differently, within `EDIT_WINDOW`; what it said before is kept.

        The same body is no edit: so a retry finds what the first has done.
        """
        from models.conversation.notification import Notification

        body = prose(body, "body", longest=LONGEST_BODY)
        conversation, people, message = await self.held_by(by)
        if message.author_id != by.id:
            raise Refused(RefusalCode.NOT_ALLOWED, "Only who wrote a message can edit it.", "messageId")
        message.must_be_there()
        if message.body == body:
            return message
        conversation.must_take_messages("messageId")
        if message.created_at + EDIT_WINDOW <= clock.now():
            raise _too_late("edited", EDIT_WINDOW)
        await MessageVersion.keep(message)
        said = rendered(body, people)
        message.body, message.html, message.edited_at = body, said.html, clock.now()
        await message.store("body", "html", "edited_at")
        await Inbox.record(Kind.MESSAGE_UPDATED, message, people)
        await Notification.of_edit(message, said.mentioned)
        return message

    @transaction
    async def delete_for_all(self, *, by: "Account") -> Self:
        """Its author takes it back within `DELETE_WINDOW`; who owns or moderates a circle, at any time.

        What it said is gone, for everybody, with all that hung on it: what it said before, files, reactions, stars,
        the pin, and copies that were forwarded. That it was there remains. It can be taken back also where no more
        is said.
        """
        from models.evidence import Evidence

        conversation, people, message = await self.held_by(by)
        if message.author_id != by.id and not await conversation.is_led_by(by):
            raise Refused(RefusalCode.NOT_ALLOWED, "Only who wrote a message can delete it.", "messageId")
        if message.deleted_at is not None:
            return message
        if message.created_at + DELETE_WINDOW <= clock.now() and not await conversation.is_led_by(by):
            raise _too_late("deleted", DELETE_WINDOW)
        await message._empty()
        news = await Evidence.withdraw(message)
        news.append((Kind.MESSAGE_UPDATED, message, conversation.hearing(people, by)))
        # All at first, as each of these locks some: inboxes are locked in one order.
        await Inbox.hold(account for _, _, told in news for account in told)
        for kind, subject, told in news:
            await Inbox.record(kind, subject, told)
        return message

    async def _empty(self) -> None:
        from models.attachment import Attachment
        from models.conversation.mention import Mention
        from models.conversation.reaction import Reaction
        from models.conversation.star import Star

        for hanging in (MessageVersion, Mention, Reaction, Star):
            await hanging.filter(message_id=self.id).delete()
        await Attachment.take_from(self)
        self.body = self.html = ""
        self.edited_at = self.pinned_at = None
        self.deleted_at = clock.now()
        await self.store("body", "html", "edited_at", "pinned_at", "deleted_at")

    @transaction
    async def pin(self, pinned: bool, *, by: "Account") -> Self:
        """Put the message where everybody finds it, or take it from there: either of two; who leads a circle."""
        conversation, people, message = await self.held_by(by)
        if not conversation.is_of_two and not await conversation.is_led_by(by):
            raise Refused(RefusalCode.NOT_ALLOWED, "Only owners and moderators pin messages here.", "messageId")
        if (message.pinned_at is not None) == pinned:
            return message
        conversation.must_take_messages("messageId")
        if pinned:
            message.must_be_there()
            if (
                await Message.filter(conversation_id=self.conversation_id, pinned_at__isnull=False).count()
                >= MOST_PINNED
            ):
                raise Refused(RefusalCode.LIMIT_REACHED, f"At most {MOST_PINNED} messages are pinned; unpin one first.")
        message.pinned_at = clock.now() if pinned else None
        await message.store("pinned_at")
        await Inbox.record(Kind.MESSAGE_UPDATED, message, people)
        return message

    async def held_by(self, by: "Account") -> "tuple[Conversation, Sequence[UUID], Self]":
        """Its conversation, locked; the ids of the people there; and the message as it is now.

        Within a unit. Raises `Refused` unless `by` takes part.
        """
        from models.conversation.conversation import Conversation

        conversation = await Conversation.locked(self.conversation_id)
        people = await conversation.everybody(by, "messageId")
        return conversation, people, await type(self).get(id=self.id)

    def must_be_there(self) -> None:
        """Raise `Refused` where it has been deleted."""
        if self.deleted_at is not None:
            raise Refused(RefusalCode.WRONG_STATE, "This message has been deleted.", "messageId")


def _too_late(done: str, window: timedelta) -> Refused:
    hours = int(window.total_seconds() // 3600)
    return Refused(RefusalCode.EXPIRED, f"A message can be {done} for {hours} hours after it was sent.", "messageId")


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

    @classmethod
    async def keep(cls, message: Message) -> None:
        """Keep what the message says now. Within a unit that holds its conversation. Raises `Refused`."""
        number = await cls.filter(message_id=message.id).count() + 1
        if number > MOST_VERSIONS:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A message can be edited {MOST_VERSIONS} times.", None)
        await cls.create(
            message_id=message.id,
            number=number,
            body=message.body,
            created_at=message.edited_at or message.created_at,
        )
