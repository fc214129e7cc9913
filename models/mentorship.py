"""Mentorships: the relationship of a mentor and a mentee, from its start to its end."""

import calendar
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Base
from models.database import transaction
from models.inbox import Inbox, Kind
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account
    from models.conversation import Conversation
    from models.organisation import Programme
    from models.request import MentorshipRequest


class Cadence(StrEnum):
    """How often the two mean to meet."""

    WEEKLY = "WEEKLY"
    FORTNIGHTLY = "FORTNIGHTLY"
    MONTHLY = "MONTHLY"


class MeetingKind(StrEnum):
    """How the two meet."""

    IN_PERSON = "IN_PERSON"
    PHONE = "PHONE"
    VIDEO = "VIDEO"
    MESSAGING = "MESSAGING"


class MentorshipStatus(StrEnum):
    """A mentorship is active until somebody ends it."""

    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class Mentorship(Base):
    """A mentor and a mentee, with their goals, meetings and one conversation."""

    # Null where an organiser has brought the two together.
    request: fields.OneToOneNullableRelation["MentorshipRequest"] = fields.OneToOneField(
        "models.MentorshipRequest", related_name="mentorship", null=True, on_delete=fields.RESTRICT
    )
    request_id: UUID | None
    # In which the two were brought together; null outside of all.
    programme: fields.ForeignKeyNullableRelation["Programme"] = fields.ForeignKeyField(
        "models.Programme", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    programme_id: UUID | None
    mentor: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="mentorships_as_mentor", on_delete=fields.CASCADE
    )
    mentor_id: UUID
    mentee: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="mentorships_as_mentee", on_delete=fields.CASCADE
    )
    mentee_id: UUID
    status = fields.CharEnumField(MentorshipStatus, max_length=16, default=MentorshipStatus.ACTIVE)
    cadence = fields.CharEnumField(Cadence, max_length=16)
    format = fields.CharEnumField(MeetingKind, max_length=16, default=MeetingKind.VIDEO, db_default=MeetingKind.VIDEO)
    ends_on = fields.DateField()
    ended_at = fields.DatetimeField(null=True)
    end_reason = fields.TextField(default="")
    # Mentor and mentee while it is active, else null: a pair has one active mentorship, whatever races.
    active_pair = fields.CharField(max_length=73, null=True, unique=True)

    conversation: fields.BackwardOneToOneRelation["Conversation"]

    class Meta:
        table = "mentorship"
        indexes = (
            Index(fields=("mentor_id", "created_at", "id")),
            Index(fields=("mentee_id", "created_at", "id")),
        )

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(Q(mentor_id=viewer.id) | Q(mentee_id=viewer.id))

    @classmethod
    def under_way_in(cls, programme_id: UUID) -> QuerySet[Self]:
        """Those of a programme that have not ended."""
        return cls.filter(programme_id=programme_id, status=MentorshipStatus.ACTIVE)

    @property
    def people(self) -> tuple[UUID, UUID]:
        """The ids of mentor and mentee."""
        return self.mentor_id, self.mentee_id

    @classmethod
    async def begin(
        cls,
        mentor_id: UUID,
        mentee_id: UUID,
        *,
        months: int,
        cadence: Cadence,
        format: MeetingKind = MeetingKind.VIDEO,
        request_id: UUID | None = None,
        programme_id: UUID | None = None,
    ) -> Self:
        """The mentorship of two people, with its conversation; it takes one of the mentor's places. Both hear of it.

        Of a request that was accepted, or, without one, as an organiser has decided: whoever calls knows that the two
        may be brought together, and may be paired in the programme if there is one. Within a unit; one that begins
        several holds all their people first (`Profile.hold`).
        Raises `Refused` where the mentor has no free place, or the two have a mentorship already.
        """
        from models.conversation import Conversation

        await Profile.hold((mentor_id, mentee_id))
        await no_pair_yet(mentor_id, mentee_id)
        await (await Profile.get(id=mentor_id)).take_mentee()
        mentorship = await cls.create(
            request_id=request_id,
            programme_id=programme_id,
            mentor_id=mentor_id,
            mentee_id=mentee_id,
            cadence=cadence,
            format=format,
            ends_on=months_after(clock.now().date(), months),
            active_pair=pair_of(mentor_id, mentee_id),
        )
        await Conversation.open(mentorship)
        await Inbox.record(Kind.MENTORSHIP_CHANGED, mentorship, mentorship.people)
        return mentorship

    @transaction
    async def end(self, *, by: "Account", reason: str = "") -> Self:
        """Either side ends it, once.

        The conversation closes, calls end, coming meetings are off, the mentor's place is free again.
        """
        from models.conversation import Conversation
        from models.meeting import Meeting
        from models.video import VideoSession

        reason = prose(reason, "reason", longest=1_000, empty=True)
        conversation = await Conversation.get(mentorship_id=self.id)
        # The conversation's lock is the one that senders wait for: nothing is sent once this unit is stored.
        conversation = await Conversation.locked(conversation.id)
        mentorship = await self.held_by(by)
        if mentorship.status is MentorshipStatus.ENDED:
            return mentorship
        mentorship.status = MentorshipStatus.ENDED
        mentorship.ended_at = clock.now()
        mentorship.end_reason = reason
        mentorship.active_pair = None
        await mentorship.store("status", "ended_at", "end_reason", "active_pair")
        await conversation.close()
        # The profile before any inbox, as in `accept`: everybody locks in the same order.
        await (await Profile.get(id=self.mentor_id)).release_mentee()
        await VideoSession.end_all_of(mentorship)
        await Meeting.cancel_coming_of(mentorship)
        await Inbox.record(Kind.MENTORSHIP_CHANGED, mentorship, mentorship.people)
        return mentorship

    async def held_by(self, by: "Account") -> Self:
        """The row, locked; raises `Refused` unless `by` is one of the two."""
        if by.id not in self.people:
            raise Refused(RefusalCode.NOT_ALLOWED, "Only the mentor and the mentee may do this.")
        return await self.locked(self.id)

    async def active_for(self, by: "Account") -> Self:
        """The row, locked; raises `Refused` unless `by` is one of the two and it has not ended."""
        mentorship = await self.held_by(by)
        mentorship.must_be_active()
        return mentorship

    async def must_pass(self) -> None:
        """Raise `Refused` where it has ended, or a block stands between the two: nothing new is written then.

        Within a unit that holds the row, which a block takes too.
        """
        from models.block import must_be_none_between

        self.must_be_active()
        await must_be_none_between(*self.people, "Nothing passes between the two of you.", None)

    def must_be_active(self) -> None:
        """Raise `Refused` where it has ended."""
        if self.status is MentorshipStatus.ENDED:
            raise Refused(RefusalCode.WRONG_STATE, "This mentorship has ended; it can be read, not changed.")


async def no_pair_yet(mentor_id: UUID, mentee_id: UUID, field: str | None = None) -> None:
    """Raise `Refused` where the two have an active mentorship."""
    if await Mentorship.exists(active_pair=pair_of(mentor_id, mentee_id)):
        raise Refused(RefusalCode.ALREADY_EXISTS, "The two of you have an active mentorship already.", field)


def pair_of(mentor_id: UUID, mentee_id: UUID) -> str:
    """The key of a pair in the unique columns that allow one of a kind at a time."""
    return f"{mentor_id}:{mentee_id}"


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last of the month where that day does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
