"""Reports: somebody tells the people who run this of what was said to them, and shows what they choose to show.

Nobody but the people of a conversation reads it. A report therefore carries copies of the messages that its author
chose, as they were then, under a seal: what was shown cannot be changed afterwards, by an edit or by a deletion.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Authored, Base
from models.conversation import Conversation, Message
from models.database import transaction
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account

MOST_MESSAGES = 50
MOST_A_DAY = 20


class ReportReason(StrEnum):
    """What is wrong, in the words that people who answer reports sort them by."""

    HARASSMENT = "HARASSMENT"
    INAPPROPRIATE = "INAPPROPRIATE"
    SAFETY = "SAFETY"
    SPAM = "SPAM"
    OTHER = "OTHER"


class Report(Authored):
    """A report about a person, with the messages that its author chose."""

    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    conversation: fields.ForeignKeyNullableRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    conversation_id: UUID | None
    reason = fields.CharEnumField(ReportReason, max_length=16)
    text = fields.TextField()
    # SHA-256 over the copies, in hexadecimal.
    seal = fields.CharField(max_length=64)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "report"
        unique_together = (("author", "client_id"),)
        indexes = (Index(fields=("closed_at", "created_at")),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(author_id=viewer.id)

    @classmethod
    @transaction
    async def file(
        cls,
        conversation: Conversation,
        profile_id: UUID,
        message_ids: Sequence[UUID],
        *,
        by: "Account",
        reason: ReportReason,
        text: str,
        client_id: str,
    ) -> Self:
        """Report somebody for messages of a conversation that `by` takes part in. Nobody else hears of it."""
        text = prose(text, "text", empty=True)
        content = {
            "conversation_id": conversation.id,
            "profile_id": profile_id,
            "message_ids": [str(one) for one in message_ids],
            "reason": reason.value,
            "text": text,
        }
        # Its lock, so that what is copied is not edited meanwhile.
        conversation = await Conversation.locked(conversation.id)
        await conversation.everybody(by)
        # The profile, as reports are counted over all conversations.
        await Profile.locked(by.id)
        if first := await cls.made_before(by, client_id, **content):
            return first
        messages = await _chosen(conversation, profile_id, message_ids, by)
        if await cls.filter(author_id=by.id, created_at__gt=clock.now() - timedelta(days=1)).count() >= MOST_A_DAY:
            raise Refused(RefusalCode.LIMIT_REACHED, f"At most {MOST_A_DAY} reports a day, please.", None)
        copies = [ReportedMessage.of(message, place) for place, message in enumerate(messages)]
        report = await cls.make(
            by,
            client_id,
            content,
            profile_id=profile_id,
            conversation_id=conversation.id,
            reason=reason,
            text=text,
            seal=sealed(copies),
        )
        for copy in copies:
            copy.report_id = report.id
            await copy.save()
        return report

    async def is_intact(self) -> bool:
        """Are the copies what they were when the report was filed?"""
        return sealed(await ReportedMessage.filter(report_id=self.id).order_by("position")) == self.seal

    @transaction
    async def close(self) -> Self:
        """It has been dealt with."""
        report = await self.locked(self.id)
        if report.closed_at is None:
            report.closed_at = clock.now()
            await report.store("closed_at")
        return report


class ReportedMessage(Base):
    """A copy of a message, as it was when it was reported."""

    visible_through = "report"

    report: fields.ForeignKeyRelation[Report] = fields.ForeignKeyField(
        "models.Report", related_name="reported_messages", on_delete=fields.CASCADE
    )
    report_id: UUID
    position = fields.SmallIntField()
    # Of the message that it is a copy of. No foreign key: the copy outlives it.
    number = fields.BigIntField()
    author_id = fields.UUIDField()
    body = fields.TextField()
    sent_at = fields.DatetimeField()
    edited_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reported_message"
        unique_together = (("report", "position"),)

    @classmethod
    def of(cls, message: Message, position: int) -> Self:
        """The copy of a message; not stored yet."""
        return cls(
            position=position,
            number=message.number,
            author_id=message.author_id,
            body=message.body,
            sent_at=message.created_at,
            edited_at=message.edited_at,
        )


def sealed(copies: Sequence[ReportedMessage]) -> str:
    """The seal of copies in their order."""
    told = [
        [
            copy.number,
            str(copy.author_id),
            copy.body,
            copy.sent_at.isoformat(),
            copy.edited_at and copy.edited_at.isoformat(),
        ]
        for copy in copies
    ]
    return hashlib.sha256(orjson.dumps(told)).hexdigest()


async def _chosen(
    conversation: Conversation, profile_id: UUID, message_ids: Sequence[UUID], by: "Account"
) -> list[Message]:
    if profile_id == by.id:
        raise Refused(RefusalCode.NOT_ALLOWED, "You cannot report yourself.", "profileId")
    await Profile.seen_by(by, profile_id, "profileId")
    if not 1 <= len(set(message_ids)) <= MOST_MESSAGES:
        raise invalid(f"Choose 1 to {MOST_MESSAGES} messages to go with the report.", "messageIds")
    found = await Message.filter(id__in=list(message_ids), conversation_id=conversation.id).order_by("number")
    if len(found) < len(set(message_ids)):
        raise not_found("message in this conversation", "messageIds")
    if any(message.deleted_at is not None for message in found):
        raise invalid("A deleted message has nothing to show; leave it out.", "messageIds")
    if all(message.author_id != profile_id for message in found):
        raise invalid("Choose at least one message of the person whom you report.", "messageIds")
    return found
