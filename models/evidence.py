"""Evidence: messages that a pair keeps with a goal or a meeting."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self, TypeAlias
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from models.base import Authored, Base
from models.block import must_be_none_between
from models.conversation import Conversation, Message
from models.database import transaction
from models.goal import Goal
from models.inbox import Inbox, Kind
from models.meeting import Meeting
from models.mentorship import Mentorship, MentorshipStatus
from models.profile import Profile
from models.refusal import RefusalCode, Refused, not_found

if TYPE_CHECKING:
    from models.account import Account

# With one goal, or with one meeting.
MOST_EVIDENCE = 100

# What people are to be told of.
News: TypeAlias = tuple[Kind, Base, Sequence[UUID]]


class Evidence(Authored):
    """A copy of a message, with a goal or a meeting: never with both. Its author is who forwarded it.

    It is what the message said then: a later edit does not change it. Once the message is deleted, it is gone too.
    """

    goal: fields.ForeignKeyNullableRelation[Goal] = fields.ForeignKeyField(
        "models.Goal", related_name="evidence", null=True, on_delete=fields.CASCADE, db_index=True
    )
    goal_id: UUID | None
    meeting: fields.ForeignKeyNullableRelation[Meeting] = fields.ForeignKeyField(
        "models.Meeting", related_name="evidence", null=True, on_delete=fields.CASCADE, db_index=True
    )
    meeting_id: UUID | None
    message: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "models.Message", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    message_id: UUID | None
    body = fields.TextField()
    html = fields.TextField(default="", db_default="")
    writer: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    writer_id: UUID
    written_at = fields.DatetimeField()

    class Meta:
        table = "evidence"
        unique_together = (("author", "client_id"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        goals = Subquery(Goal.visible_to(viewer).values("id"))
        meetings = Subquery(Meeting.visible_to(viewer).values("id"))
        return cls.filter(Q(goal_id__in=goals) | Q(meeting_id__in=meetings))

    @classmethod
    def under(cls, viewer: "Account", key: str, owner_id: UUID) -> QuerySet[Self]:
        rows = cls.all() if key in ("goal_id", "meeting_id") else cls.visible_to(viewer)
        return rows.filter(**{key: owner_id})

    @classmethod
    @transaction
    async def forward(
        cls, message: Message, to: Goal | Meeting, *, by: "Account", client_id: str | None = None
    ) -> Self:
        """Keep a copy of the message with a goal or a meeting of the forwarder's active mentorship.

        It must be the forwarder's own, or be of that mentorship's conversation: nobody shows others what a third
        person told them.
        """
        key = _key_of(to)
        # The message's conversation first, as its lock is the one under which it is deleted.
        conversation, _, message = await message.held_by(by)
        mentorship = await (await Mentorship.get(id=to.mentorship_id)).held_by(by)
        content = {"message_id": message.id, key: to.id}
        if first := await cls.made_before(by, client_id, **content):
            return first
        mentorship.must_be_active()
        message.must_be_there()
        await _must_be_for_both(message, conversation, mentorship, by)
        await cls._must_fit(message, {key: to.id})
        evidence = await cls.make(
            by,
            client_id,
            content,
            **{key: to.id},
            message_id=message.id,
            body=message.body,
            html=message.html,
            writer_id=message.author_id,
            written_at=message.edited_at or message.created_at,
        )
        await Inbox.record(_kind_of(to), to, mentorship.people)
        return evidence

    @classmethod
    async def _must_fit(cls, message: Message, to: dict[str, UUID]) -> None:
        if await cls.filter(**to).filter(message_id=message.id).exists():
            raise Refused(RefusalCode.ALREADY_EXISTS, "This message is kept there already.", "messageId")
        if await cls.filter(**to).count() >= MOST_EVIDENCE:
            raise Refused(RefusalCode.LIMIT_REACHED, f"At most {MOST_EVIDENCE} messages are kept there.")

    @transaction
    async def remove(self, *, by: "Account") -> Goal | Meeting:
        """Either side takes it away. Returns what it was kept with."""
        kept_with = await self.kept_with()
        mentorship = await (await Mentorship.get(id=kept_with.mentorship_id)).active_for(by)
        if not await Evidence.filter(id=self.id).delete():
            raise not_found("evidence", "evidenceId")
        await Inbox.record(_kind_of(kept_with), kept_with, mentorship.people)
        return kept_with

    async def kept_with(self) -> Goal | Meeting:
        """The goal or the meeting."""
        if self.goal_id is not None:
            return await Goal.get(id=self.goal_id)
        return await Meeting.get(id=self.meeting_id)

    @classmethod
    async def withdraw(cls, message: Message) -> list[News]:
        """Take all copies of a message away, and return what is to be told to whom.

        Within a unit that holds the message's conversation: mentorships are locked after it, in the order of their ids.
        """
        rows = await cls.filter(message_id=message.id)
        subjects = [await row.kept_with() for row in rows]
        held = [await Mentorship.locked(key) for key in sorted({subject.mentorship_id for subject in subjects})]
        await cls.filter(message_id=message.id).delete()
        # An ended mentorship is quiet.
        people = {one.id: one.people for one in held if one.status is MentorshipStatus.ACTIVE}
        return [(_kind_of(subject), subject, people.get(subject.mentorship_id, ())) for subject in subjects]


def _key_of(to: Goal | Meeting) -> str:
    return "goal_id" if isinstance(to, Goal) else "meeting_id"


def _kind_of(to: Goal | Meeting) -> Kind:
    return Kind.GOAL_CHANGED if isinstance(to, Goal) else Kind.MEETING_CHANGED


async def _must_be_for_both(
    message: Message, conversation: Conversation, mentorship: Mentorship, by: "Account"
) -> None:
    # It is a message that the other gets, if by another way.
    await must_be_none_between(*mentorship.people, "No messages pass between the two of you.", "messageId")
    if message.author_id != by.id and conversation.mentorship_id != mentorship.id:
        raise Refused(
            RefusalCode.NOT_ALLOWED,
            "You can forward what you wrote yourself, and what was said in this mentorship's conversation.",
            "messageId",
        )
