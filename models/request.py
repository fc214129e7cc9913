"""Requests: one person asks another for a mentorship; it is accepted, declined, withdrawn, or expires."""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

import structlog
from tortoise import fields
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Authored
from models.database import transaction
from models.inbox import Inbox, Kind
from models.mentorship import Cadence, Mentorship, no_pair_yet, pair_of
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account

log = structlog.get_logger()

REPLY_WITHIN = timedelta(days=14)
MOST_PENDING = 10
SHORTEST_MONTHS, LONGEST_MONTHS = 1, 24


class RequestStatus(StrEnum):
    """Where a request stands. Only a pending one can change."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


class MentorshipRequest(Authored):
    """A mentee asks a mentor, with a message and what they have in mind."""

    mentor: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="requests_to_mentor", on_delete=fields.CASCADE
    )
    mentor_id: UUID
    mentee: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="requests_as_mentee", on_delete=fields.CASCADE
    )
    mentee_id: UUID
    message = fields.TextField()
    months = fields.SmallIntField()
    cadence = fields.CharEnumField(Cadence, max_length=16)
    status = fields.CharEnumField(RequestStatus, max_length=16, default=RequestStatus.PENDING)
    reason = fields.TextField(default="")
    expires_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    # Mentor and mentee while the request is pending, else null: a pair has one pending request, whatever races.
    pending_pair = fields.CharField(max_length=73, null=True, unique=True)

    class Meta:
        table = "mentorship_request"
        unique_together = (("author", "client_id"),)
        indexes = (
            Index(fields=("mentor_id", "created_at", "id")),
            Index(fields=("mentee_id", "created_at", "id")),
            Index(fields=("status", "expires_at")),
        )

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(Q(mentor_id=viewer.id) | Q(mentee_id=viewer.id))

    @classmethod
    @transaction
    async def ask(
        cls,
        mentor_id: UUID,
        *,
        by: "Account",
        message: str,
        months: int,
        cadence: Cadence,
        client_id: str | None = None,
    ) -> Self:
        """The mentee `by` asks the mentor. Both hear of it."""
        message = prose(message, "message")
        content = {"mentor_id": mentor_id, "message": message, "months": months, "cadence": cadence.value}
        # Whoever asks several at once is counted one after the other.
        await Profile.locked(by.id)
        if first := await cls.made_before(by, client_id, **content):
            return first
        if not SHORTEST_MONTHS <= months <= LONGEST_MONTHS:
            raise invalid(f"A mentorship is meant for {SHORTEST_MONTHS} to {LONGEST_MONTHS} months.", "months")
        mentor = await Profile.seen_by(by, mentor_id, "mentorId")
        await cls._may_ask(mentor, by)
        request = await cls.make(
            by,
            client_id,
            content,
            mentor_id=mentor.id,
            mentee_id=by.id,
            message=message,
            months=months,
            cadence=cadence,
            expires_at=clock.now() + REPLY_WITHIN,
            pending_pair=pair_of(mentor.id, by.id),
        )
        await request._announce()
        return request

    @classmethod
    async def _may_ask(cls, mentor: Profile, by: "Account") -> None:
        from models.block import must_be_none_between

        if mentor.id == by.id:
            raise invalid("You cannot be your own mentor.", "mentorId")
        # What it says is also said of somebody who has no place: whoever is blocked is not told.
        no_place = f"{mentor.name} does not mentor at present."
        await must_be_none_between(mentor.id, by.id, no_place, "mentorId")
        if mentor.capacity == 0:
            raise Refused(RefusalCode.NOT_ALLOWED, no_place, "mentorId")
        if mentor.mentees >= mentor.capacity:
            raise Refused(RefusalCode.AT_CAPACITY, f"{mentor.name} has no free place for a mentee now.", "mentorId")
        if await cls.exists(pending_pair=pair_of(mentor.id, by.id)):
            raise Refused(RefusalCode.ALREADY_EXISTS, f"You have asked {mentor.name}; wait for the answer.", "mentorId")
        await no_pair_yet(mentor.id, by.id, "mentorId")
        if await cls.filter(mentee_id=by.id, status=RequestStatus.PENDING).count() >= MOST_PENDING:
            raise Refused(
                RefusalCode.LIMIT_REACHED, f"You have {MOST_PENDING} requests open; withdraw one first.", None
            )

    @transaction
    async def accept(self, *, by: "Account") -> Mentorship:
        """The mentor says yes: the mentorship begins, with its conversation, and takes one of the mentor's places.

        Saying it again returns the same mentorship.
        """
        request = await self._decidable(by, self.mentor_id, "accepted by its mentor")
        if request.status is RequestStatus.ACCEPTED:
            return await Mentorship.get(request_id=request.id)
        request._must_be_pending()
        mentor = await Profile.get(id=request.mentor_id)
        await mentor.take_mentee()
        await request._decide(RequestStatus.ACCEPTED)
        return await Mentorship.begin(request)

    @transaction
    async def decline(self, *, by: "Account", reason: str = "") -> Self:
        """The mentor says no. The reason, if any, is shown to the mentee."""
        request = await self._decidable(by, self.mentor_id, "declined by its mentor")
        if request.status is not RequestStatus.DECLINED:
            request._must_be_pending()
            await request._decide(RequestStatus.DECLINED, prose(reason, "reason", longest=1_000, empty=True))
        return request

    @transaction
    async def withdraw(self, *, by: "Account") -> Self:
        """The mentee takes the request back."""
        request = await self._decidable(by, self.mentee_id, "withdrawn by its mentee")
        if request.status is not RequestStatus.WITHDRAWN:
            request._must_be_pending()
            await request._decide(RequestStatus.WITHDRAWN)
        return request

    @classmethod
    async def answer_all_between(cls, by: "Account", other_id: UUID) -> None:
        """Decline what the other has asked of `by`, and take back what `by` has asked. Within a unit."""
        theirs = Q(mentor_id=by.id, mentee_id=other_id) | Q(mentor_id=other_id, mentee_id=by.id)
        for pending in await cls.filter(theirs, status=RequestStatus.PENDING).order_by("id"):
            request = await cls.locked(pending.id)
            if request.status is RequestStatus.PENDING:
                mine = request.mentor_id == by.id
                await request._decide(RequestStatus.DECLINED if mine else RequestStatus.WITHDRAWN)

    @classmethod
    async def expire_overdue(cls) -> int:
        """Close the requests whose time to answer is over. Returns how many; safe to run in several processes.

        One that cannot be closed is logged, and does not keep the others open.
        """
        closed = 0
        overdue = cls.filter(status=RequestStatus.PENDING, expires_at__lte=clock.now()).order_by("expires_at")
        for request in await overdue.limit(500):
            try:
                await request._expire()
                closed += 1
            except Exception:
                # The next round tries it again; those behind it need not wait for that.
                log.exception("a request could not expire", request=str(request.id))
        return closed

    @transaction
    async def _expire(self) -> None:
        request = await self.locked(self.id)
        if request.status is RequestStatus.PENDING:
            await request._decide(RequestStatus.EXPIRED)

    async def _decidable(self, by: "Account", person_id: UUID, deed: str) -> Self:
        if by.id != person_id:
            raise Refused(RefusalCode.NOT_ALLOWED, f"A request is {deed} only.")
        return await self.locked(self.id)

    def _must_be_pending(self) -> None:
        if self.status is not RequestStatus.PENDING:
            raise Refused(RefusalCode.WRONG_STATE, f"This request is {self.status.value.lower()} already.")
        if self.expires_at <= clock.now():
            raise Refused(RefusalCode.EXPIRED, "The time to answer this request is over; it can be made anew.")

    async def _decide(self, status: RequestStatus, reason: str = "") -> None:
        self.status = status
        self.reason = reason
        self.decided_at = clock.now()
        self.pending_pair = None
        await self.store("status", "reason", "decided_at", "pending_pair")
        await self._announce()

    async def _announce(self) -> None:
        await Inbox.record(Kind.REQUEST_CHANGED, self, (self.mentor_id, self.mentee_id))
