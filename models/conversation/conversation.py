"""Conversations: an ordered row of messages between people.

A mentorship has one, opened with it and closed with it. Two people may have one beside that, and a circle has one.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import F, Q, Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.attachment import Attachment
from models.base import Base, content_hash, must_be_a_key
from models.conversation import quick, refusals
from models.conversation.message import LONGEST_BODY, Message
from models.conversation.notification import Notification
from models.conversation.participant import Participant, Role
from models.conversation.quick import words
from models.database import transaction
from models.inbox import Inbox, Kind
from models.markup import may_mention, rendered
from models.mentorship import Mentorship
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account


class ConversationKind(StrEnum):
    """Whose conversation it is: a mentorship's, two people's, or a circle's."""

    MENTORSHIP = "MENTORSHIP"
    DIRECT = "DIRECT"
    CIRCLE = "CIRCLE"


class Conversation(Base):
    """An ordered row of messages. `last_number` is the number of its last message; 0 while it is empty.

    Its row is the lock under which it is decided what is sent, read, edited, and who takes part: it is held to
    commit, so the order of numbers is the order of commits.
    """

    kind = fields.CharEnumField(
        ConversationKind, max_length=16, default=ConversationKind.MENTORSHIP, db_default=ConversationKind.MENTORSHIP
    )
    title = fields.CharField(max_length=120, default="", db_default="")
    mentorship: fields.OneToOneNullableRelation[Mentorship] = fields.OneToOneField(
        "models.Mentorship", related_name="conversation", null=True, on_delete=fields.CASCADE
    )
    mentorship_id: UUID | None
    # The two people of a direct conversation (`pair_of`), else null: a pair has one, whoever opens it.
    direct_pair = fields.CharField(max_length=73, null=True, unique=True)
    last_number = fields.BigIntField(default=0)
    last_activity_at = fields.DatetimeField(default=clock.now)
    closed_at = fields.DatetimeField(null=True)
    # How many blocks stand between its two people; none does in a circle.
    blocks = fields.SmallIntField(default=0, db_default=0)

    class Meta:
        table = "conversation"
        indexes = (Index(fields=("last_activity_at", "id")),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        mine = Participant.filter(profile_id=viewer.id)
        return cls.filter(id__in=Subquery(mine.values("conversation_id")))

    @classmethod
    def listed(
        cls,
        viewer: "Account",
        *,
        now: datetime,
        kind: ConversationKind | None = None,
        unread: bool | None = None,
        pinned: bool | None = None,
        muted: bool | None = None,
        archived: bool | None = None,
    ) -> QuerySet[Self]:
        """The viewer's conversations as they keep them: those that are archived, or all others. None: either."""
        mine = Participant.filter(profile_id=viewer.id, archived_at__isnull=not archived)
        if pinned is not None:
            mine = mine.filter(pinned_at__isnull=not pinned)
        if muted is not None:
            mine = mine.filter(
                Q(muted_until__gt=now) if muted else Q(muted_until__isnull=True) | Q(muted_until__lte=now)
            )
        if unread is not None:
            than = "gt" if unread else "lte"
            mine = mine.filter(**{f"conversation__last_number__{than}": F("read_number")})
        found = cls.filter(id__in=Subquery(mine.values("conversation_id")))
        return found if kind is None else found.filter(kind=kind)

    @classmethod
    async def open(cls, mentorship: Mentorship) -> Self:
        """The conversation of a new mentorship. Within a unit."""
        conversation = await cls.create(mentorship_id=mentorship.id)
        for profile_id in mentorship.people:
            await Participant.create(conversation_id=conversation.id, profile_id=profile_id)
        return conversation

    async def send(
        self,
        body: str,
        *,
        by: "Account",
        client_id: str,
        reply_to_id: UUID | None = None,
        attachment_ids: Sequence[UUID] = (),
    ) -> Message:
        """Give the message the next number of the conversation, and tell every participant's inbox.

        A retry with the same key returns the first message, also when the conversation has closed meanwhile. Nothing
        but the conversation's id need be known.
        """
        # Whom it answers and whom it mentions must be told besides.
        in_steps = bool(attachment_ids) or reply_to_id is not None or may_mention(body)
        if in_steps or not quick.is_open():
            return await self.send_in_steps(
                body, by=by, client_id=client_id, reply_to_id=reply_to_id, attachment_ids=attachment_ids
            )
        body = prose(body, "body", longest=LONGEST_BODY)
        must_be_a_key(client_id)
        kept = content_hash(self._content(body, None, ()))
        return await quick.send(quick.Draft(self.id, by.id, client_id, kept, body, rendered(body).html))

    @transaction
    async def send_in_steps(
        self,
        body: str,
        *,
        by: "Account",
        client_id: str,
        reply_to_id: UUID | None = None,
        attachment_ids: Sequence[UUID] = (),
    ) -> Message:
        """The same, statement by statement: within another unit, with attachments, or to compare with."""
        body = prose(body, "body", longest=LONGEST_BODY, empty=bool(attachment_ids))
        must_be_a_key(client_id)
        conversation, participants = await self._held(by)
        content = self._content(body, reply_to_id, attachment_ids)
        if first := await Message.made_before(by, client_id, **content):
            return first
        conversation.must_take_messages()
        await conversation.must_hold(reply_to_id)
        said = rendered(body, participants)
        message = await conversation._append(body, by, client_id, content, html=said.html, reply_to_id=reply_to_id)
        if attachment_ids:
            await Attachment.bind(attachment_ids, message, by=by)
        await Inbox.record(Kind.MESSAGE_CREATED, message, participants)
        await Notification.of_message(message, said.mentioned, participants)
        return message

    def _content(self, body: str, reply_to_id: UUID | None, attachment_ids: Sequence[UUID]) -> dict[str, Any]:
        """What the key of a message stands for."""
        content: dict[str, Any] = {"conversation_id": self.id, "body": body}
        if reply_to_id is not None:
            content["reply_to_id"] = reply_to_id
        if attachment_ids:
            content["attachment_ids"] = list(attachment_ids)
        return content

    async def _held(self, by: "Account") -> tuple[Self, Sequence[UUID]]:
        """The row, held until the unit ends, and the ids of the people in it. Raises `Refused` unless `by` is one."""
        conversation = await type(self).select_for_update(no_key=True).get_or_none(id=self.id)
        if conversation is None:
            raise refusals.no_conversation()
        return conversation, await conversation.everybody(by)

    async def _append(self, body: str, by: "Account", client_id: str, content: dict[str, Any], **more: Any) -> Message:
        self.last_number += 1
        self.last_activity_at = clock.now()
        await self.store("last_number", "last_activity_at")
        message = await Message.make(
            by,
            client_id,
            content,
            conversation_id=self.id,
            number=self.last_number,
            body=body,
            created_at=self.last_activity_at,
            **more,
        )
        await Participant.filter(conversation_id=self.id, archived_at__isnull=False).update(archived_at=None)
        await Participant.filter(conversation_id=self.id, profile_id=by.id).update(read_number=message.number)
        return message

    async def mark_read(self, number: int, *, by: "Account") -> Self:
        """Move the reader's marker forward to a message's number. It never moves back.

        Others hear of it as far as both sides show how far they have read, and while something passes between them.
        Nothing but the conversation's id need be known.
        """
        if not quick.is_open():
            return await self.mark_read_in_steps(number, by=by)
        marked = await quick.mark(quick.Marking(self.id, by.id, number))
        # Who has something to read that they were notified of may have read that too.
        return await self.mark_read_in_steps(number, by=by) if marked is None else self.of_columns(marked)

    async def mark_read_in_steps(self, number: int, *, by: "Account") -> Self:
        """The same, statement by statement."""
        return await self._mark("read_number", number, by)

    async def mark_delivered(self, number: int, *, by: "Account") -> Self:
        """Say that all up to a message's number has reached a device of theirs. The mark never moves back."""
        return await self._mark("delivered_number", number, by)

    @transaction
    async def _mark(self, name: str, number: int, by: "Account") -> Self:
        conversation = await type(self).select_for_update(no_key=True).get_or_none(id=self.id)
        if conversation is None:
            raise refusals.no_conversation()
        shows = await conversation._receipts(by)
        if not 0 <= number <= conversation.last_number:
            raise refusals.no_such_number(conversation.last_number)
        mine = Participant.filter(conversation_id=self.id, profile_id=by.id, **{f"{name}__lt": number})
        if await mine.update(**{name: number}):
            await Inbox.record(Kind.READ_MARKER_MOVED, self, conversation._hearing_of_reading(by, shows))
        if name == "read_number":
            # Also where the marker was there already: a message that was read may be edited, and mention them then.
            await Notification.read_with(self.id, number, by)
        return conversation

    async def _receipts(self, by: "Account") -> dict[UUID, bool]:
        """Who is in it, and whether they show how far they have read. Raises `Refused` unless `by` is in it."""
        people = Participant.filter(conversation_id=self.id)
        shows = dict(await people.values_list("profile_id", "profile__account__read_receipts"))
        if by.id not in shows:
            raise refusals.no_conversation()
        return shows

    def _hearing_of_reading(self, by: "Account", shows: dict[UUID, bool]) -> Sequence[UUID]:
        if not shows[by.id] or len(shows) > words.MOST_TOLD_OF_READING:
            return [by.id]
        if self.closed_at is not None or self.blocks:
            return [by.id]
        return [by.id, *(person for person, shown in shows.items() if shown)]

    async def close(self) -> None:
        """No message is taken any more. Within a unit that holds the row."""
        self.closed_at = clock.now()
        await self.store("closed_at")

    async def everybody(self, by: "Account", field: str = "conversationId") -> Sequence[UUID]:
        """The ids of the people in it. Within a unit that holds the row. Raises `Refused` unless `by` is one."""
        people = [one.profile_id for one in await Participant.filter(conversation_id=self.id)]
        if by.id not in people:
            raise refusals.no_conversation(field)
        return people

    def hearing(self, people: Sequence[UUID], by: "Account") -> Sequence[UUID]:
        """Who hears of what `by` changes: everybody; once no more is said here, nobody else."""
        return people if self.closed_at is None and not self.blocks else [by.id]

    def must_take_messages(self, field: str = "conversationId") -> None:
        """Raise `Refused` where nothing more may be said here."""
        if self.closed_at is not None:
            raise refusals.closed(field)
        if self.blocks:
            raise refusals.blocked(field)

    async def must_hold(self, reply_to_id: UUID | None) -> None:
        """Raise `Refused` where the message that is answered is not in this conversation."""
        if reply_to_id is not None and not await Message.exists(id=reply_to_id, conversation_id=self.id):
            raise refusals.no_such_reply()

    @property
    def is_of_two(self) -> bool:
        """Do just two people talk here, who have the same rights?"""
        return self.kind is not ConversationKind.CIRCLE

    async def is_led_by(self, by: "Account") -> bool:
        """Does `by` own or moderate it? Nobody does a conversation of two."""
        leads = Participant.filter(conversation_id=self.id, profile_id=by.id, role__in=[Role.OWNER, Role.MODERATOR])
        return not self.is_of_two and await leads.exists()
