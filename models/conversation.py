"""Conversations and their messages. A mentorship has one conversation, opened with it and closed with it."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Authored, Base
from models.database import transaction
from models.inbox import Inbox, Kind
from models.mentorship import Mentorship
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account

LONGEST_BODY = 8_000


class Conversation(Base):
    """An ordered row of messages. `last_number` is the number of its last message; 0 while it is empty."""

    mentorship: fields.OneToOneNullableRelation[Mentorship] = fields.OneToOneField(
        "models.Mentorship", related_name="conversation", null=True, on_delete=fields.CASCADE
    )
    mentorship_id: UUID | None
    last_number = fields.BigIntField(default=0)
    last_activity_at = fields.DatetimeField(default=clock.now)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "conversation"
        indexes = (Index(fields=("last_activity_at", "id")),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        mine = Participant.filter(profile_id=viewer.id)
        return cls.filter(id__in=Subquery(mine.values("conversation_id")))

    @classmethod
    async def open(cls, mentorship: Mentorship) -> Self:
        """The conversation of a new mentorship. Within a unit."""
        conversation = await cls.create(mentorship_id=mentorship.id)
        for profile_id in mentorship.people:
            await Participant.create(conversation_id=conversation.id, profile_id=profile_id)
        return conversation

    @transaction
    async def send(self, body: str, *, by: "Account", client_id: str) -> "Message":
        """Give the message the next number of the conversation, and tell every participant's inbox.

        A retry with the same key returns the first message, also when the conversation has closed meanwhile.
        """
        body = prose(body, "body", longest=LONGEST_BODY)
        participants = await self._everybody(by)
        # The row's lock is held to commit, so the order of numbers is the order of commits.
        conversation = await self.locked(self.id)
        content = {"conversation_id": self.id, "body": body}
        if first := await Message.made_before(by, client_id, **content):
            return first
        if conversation.closed_at is not None:
            raise Refused(RefusalCode.WRONG_STATE, "This conversation is closed; it can be read.", "conversationId")
        conversation.last_number += 1
        conversation.last_activity_at = clock.now()
        await conversation.store("last_number", "last_activity_at")
        message = await Message.make(
            by,
            client_id,
            content,
            conversation_id=self.id,
            number=conversation.last_number,
            body=body,
            created_at=conversation.last_activity_at,
        )
        await Participant.filter(conversation_id=self.id, profile_id=by.id).update(read_number=message.number)
        await Inbox.record(Kind.MESSAGE_CREATED, message, participants)
        return message

    @transaction
    async def mark_read(self, number: int, *, by: "Account") -> Self:
        """Move the reader's marker forward to a message's number. It never moves back.

        Once the conversation has closed, nothing of it is delivered to the other: only the reader hears of it.
        """
        participants = await self._everybody(by)
        conversation = await self.locked(self.id)
        if not 0 <= number <= conversation.last_number:
            raise invalid(f"The conversation has the messages 1 to {conversation.last_number}.", "number")
        moved = await Participant.filter(conversation_id=self.id, profile_id=by.id, read_number__lt=number).update(
            read_number=number
        )
        if moved:
            hearing = participants if conversation.closed_at is None else [by.id]
            await Inbox.record(Kind.READ_MARKER_MOVED, self, hearing)
        return conversation

    async def close(self) -> None:
        """No message is taken any more. Within a unit that holds the row."""
        self.closed_at = clock.now()
        await self.store("closed_at")

    async def _everybody(self, by: "Account") -> list[UUID]:
        people = await Participant.filter(conversation_id=self.id)
        if by.id not in [person.profile_id for person in people]:
            raise Refused(RefusalCode.NOT_FOUND, "There is no such conversation.", "conversationId")
        return [person.profile_id for person in people]


class Participant(Base):
    """A person in a conversation, and the number of the last message that they have read."""

    visible_through = "conversation"

    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="participants", on_delete=fields.CASCADE
    )
    conversation_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="conversations", on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    read_number = fields.BigIntField(default=0)

    class Meta:
        table = "participant"
        unique_together = (("conversation", "profile"),)


class Message(Authored):
    """A direct message. Its number is dense within the conversation, from 1."""

    visible_through = "conversation"

    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="messages", on_delete=fields.CASCADE
    )
    conversation_id: UUID
    number = fields.BigIntField()
    body = fields.TextField()

    class Meta:
        table = "message"
        unique_together = (("conversation", "number"), ("author", "client_id"))
