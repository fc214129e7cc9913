"""Requests: one person asks another for a mentorship; it is accepted, declined, withdrawn, or expires.

Whatever is decided of a request is decided under the locks of both profiles, taken in the one order: so what one unit
sees of a mentee's other requests, and of a mentor's places, stays so until it ends.
"""

from typing import TYPE_CHECKING, Any, Self, Unpack
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Authored
from models.database import transaction
from models.mentorship import Cadence, MeetingKind, Mentorship, pair_of
from models.organisation import Programme, must_be_eligible
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request.asking import Asking
from models.request.standing import RequestStatus
from models.request.telling import tell
from models.request.terms import Terms, content_of, programme_of, reply_by
from models.text import prose

if TYPE_CHECKING:
    from models.account import Account
    from models.request.queue import Queue

MOST_PENDING = 10


class MentorshipRequest(Authored):
    """Its author asks the other of the two, with a message and what they have in mind.

    A mentee's choice has a place among others. Until its turn comes it has no deadline, and its mentor sees nothing.
    """

    # By chance, and not by the time as elsewhere: that would tell a mentor how long their turn was waited for.
    id = fields.UUIDField(primary_key=True, default=uuid4)
    mentor: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="requests_to_mentor", on_delete=fields.CASCADE
    )
    mentor_id: UUID
    mentee: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="requests_as_mentee", on_delete=fields.CASCADE
    )
    mentee_id: UUID
    programme: fields.ForeignKeyNullableRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    programme_id: UUID | None
    message = fields.TextField()
    months = fields.SmallIntField()
    cadence = fields.CharEnumField(Cadence, max_length=16)
    format = fields.CharEnumField(MeetingKind, max_length=16, default=MeetingKind.VIDEO, db_default=MeetingKind.VIDEO)
    status = fields.CharEnumField(RequestStatus, max_length=16, default=RequestStatus.PENDING)
    reason = fields.TextField(default="")
    # Null as long as nobody has been asked.
    expires_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    # Mentor and mentee while the request is pending, else null: a pair has one pending request, whatever races.
    pending_pair = fields.CharField(max_length=73, null=True, unique=True)
    # Of a choice: where it stands among the mentee's others, from 1, and the first of those that came with it.
    place = fields.SmallIntField(null=True)
    given_with = fields.UUIDField(null=True)
    # The queue of a choice while it is pending, else null: of one queue one choice is pending, whatever races.
    pending_queue = fields.CharField(max_length=73, null=True, unique=True)

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
        # A mentor does not see that they are somebody's choice before they are asked, nor that they never were.
        return cls.filter(Q(mentee_id=viewer.id) | Q(mentor_id=viewer.id, expires_at__isnull=False))

    @property
    def is_offer(self) -> bool:
        """Has the mentor asked, and the mentee decides?"""
        return self.author_id == self.mentor_id

    @property
    def decider_id(self) -> UUID:
        """Who was asked."""
        return self.mentee_id if self.is_offer else self.mentor_id

    @property
    def people(self) -> tuple[UUID, ...]:
        """Those who know of it: mentor and mentee, or the mentee alone."""
        return (self.mentee_id,) if self.expires_at is None else (self.mentor_id, self.mentee_id)

    @property
    def queue(self) -> "Queue":
        """The choices among which it is, or would be."""
        from models.request.queue import Queue

        return Queue(self.mentee_id, self.programme_id)

    @classmethod
    @transaction
    async def ask(
        cls, mentor_id: UUID, *, by: "Account", message: str, client_id: str | None = None, **terms: Unpack[Terms]
    ) -> Self:
        """The mentee `by` asks the mentor. Both hear of it."""
        content = {"mentor_id": mentor_id, "message": prose(message, "message"), **content_of(terms)}
        return await cls._put(mentor_id, by, client_id, content, terms)

    @classmethod
    @transaction
    async def ask_for(
        cls, mentee: "Account", mentor_id: UUID, *, message: str, client_id: str, **terms: Unpack[Terms]
    ) -> Self:
        """The organisers of a programme ask the mentor in the mentee's name, whoever makes the pairs in it.

        Whoever calls knows that the two may be paired in the programme (`organisation.obstacles`).
        """
        content = {"mentor_id": mentor_id, "message": prose(message, "message"), **content_of(terms)}
        return await cls._put(mentor_id, mentee, client_id, content, terms, by_organisers=True)

    @classmethod
    @transaction
    async def offer(
        cls, mentee_id: UUID, *, by: "Account", message: str, client_id: str | None = None, **terms: Unpack[Terms]
    ) -> Self:
        """The mentor `by` asks the mentee, who decides. A place is taken when they say yes. Both hear of it."""
        content = {"mentee_id": mentee_id, "message": prose(message, "message"), **content_of(terms)}
        return await cls._put(mentee_id, by, client_id, content, terms, by_mentor=True)

    @classmethod
    async def _put(
        cls,
        other_id: UUID,
        by: "Account",
        client_id: str | None,
        content: dict[str, Any],
        terms: Terms,
        by_mentor: bool = False,
        by_organisers: bool = False,
    ) -> Self:
        # Whoever asks several at once is counted one after the other.
        me = await Profile.locked(by.id)
        if first := await cls.made_before(by, client_id, **content):
            return first
        programme = await programme_of(terms, by)
        field = "menteeId" if by_mentor else "mentorId"
        # Organisers bring together also those who do not show to each other.
        other = await (Profile.get(id=other_id) if by_organisers else Profile.seen_by(by, other_id, field))
        mentor, mentee = (me, other) if by_mentor else (other, me)
        await Asking(mentor, mentee, by_mentor, None if by_organisers else programme, field).must_be_possible()
        await cls.must_have_room(by)
        if await cls.exists(author_id=by.id, mentor_id=mentor.id, status=RequestStatus.QUEUED):
            raise Refused(RefusalCode.ALREADY_EXISTS, f"{mentor.name} is among your choices already.", field)
        request = await cls.make(
            by,
            client_id,
            content,
            mentor_id=mentor.id,
            mentee_id=mentee.id,
            message=content["message"],
            expires_at=reply_by(programme),
            pending_pair=pair_of(mentor.id, mentee.id),
            **terms,
        )
        await tell([request])
        return request

    @classmethod
    async def must_have_room(cls, by: "Account") -> None:
        """Raise `Refused` where somebody has asked as many as one may. Within a unit that holds their profile."""
        if await cls.filter(author_id=by.id, status=RequestStatus.PENDING).count() >= MOST_PENDING:
            raise Refused(
                RefusalCode.LIMIT_REACHED, f"You have {MOST_PENDING} requests open; withdraw one first.", None
            )

    @transaction
    async def accept(self, *, by: "Account") -> Mentorship:
        """Who was asked says yes: the mentorship begins, with its conversation, and takes one of the mentor's places.

        The mentee's choices behind it are not needed any more. Saying it again returns the same mentorship.
        """
        request = await self._held_for(by, self.decider_id, "accepted by who was asked")
        if request.status is RequestStatus.ACCEPTED:
            return await Mentorship.get(request_id=request.id)
        request._must_be_pending()
        await request._must_be_eligible(by)
        await tell(await request.decide(RequestStatus.ACCEPTED))
        return await Mentorship.begin(
            request.mentor_id,
            request.mentee_id,
            months=request.months,
            cadence=request.cadence,
            format=request.format,
            request_id=request.id,
            programme_id=request.programme_id,
        )

    @transaction
    async def decline(self, *, by: "Account", reason: str = "") -> Self:
        """Who was asked says no, and why, if they like: both see it. The mentee's next choice has its turn."""
        request = await self._held_for(by, self.decider_id, "declined by who was asked")
        if request.status is not RequestStatus.DECLINED:
            request._must_be_pending()
            why = prose(reason, "reason", longest=1_000, empty=True)
            await tell(await request.decide(RequestStatus.DECLINED, why))
        return request

    @transaction
    async def withdraw(self, *, by: "Account", and_later: bool = False) -> Self:
        """Who has asked takes it back. The next choice has its turn, unless those behind go with it: `and_later`."""
        request = await self._held_for(by, self.author_id, "withdrawn by who has asked")
        if request.status not in (RequestStatus.QUEUED, RequestStatus.WITHDRAWN):
            request._must_be_pending()
        # Those behind first: their turn must not come meanwhile.
        changed = await request.queue.behind(request) if and_later else []
        for each in changed:
            await each.close(RequestStatus.WITHDRAWN)
        if request.status is not RequestStatus.WITHDRAWN:
            changed = [*await request.decide(RequestStatus.WITHDRAWN), *changed]
        await tell(changed)
        return request

    @classmethod
    async def answer_all_between(cls, by: "Account", other_id: UUID) -> None:
        """Decline what the other has asked of `by`, and take back what `by` has asked, or means to.

        Where the other means to ask `by`, they are not told now: their choice is passed over when its turn comes.
        Within a unit that holds both profiles, and no inbox yet.
        """
        theirs = Q(mentor_id=by.id, mentee_id=other_id) | Q(mentor_id=other_id, mentee_id=by.id)
        open_now = Q(status=RequestStatus.PENDING) | Q(status=RequestStatus.QUEUED, author_id=by.id)
        changed = []
        # What waits first: its turn must not come meanwhile.
        for request in await cls.filter(theirs, open_now).order_by("-status", "id").select_for_update(no_key=True):
            mine = request.author_id == by.id
            changed += await request.decide(RequestStatus.WITHDRAWN if mine else RequestStatus.DECLINED)
        await tell(changed)

    async def held(self) -> Self:
        """The row, locked, with both profiles. Within a unit."""
        await Profile.hold((self.mentor_id, self.mentee_id))
        return await self.locked(self.id)

    async def _held_for(self, by: "Account", person_id: UUID, deed: str) -> Self:
        if by.id != person_id:
            raise Refused(RefusalCode.NOT_ALLOWED, f"A request is {deed} only.")
        return await self.held()

    def _must_be_pending(self) -> None:
        if self.status is RequestStatus.QUEUED:
            raise Refused(RefusalCode.WRONG_STATE, "This request waits for its turn; nobody has been asked yet.")
        if self.status is not RequestStatus.PENDING or self.expires_at is None:
            state = self.status.value.lower().replace("_", " ")
            raise Refused(RefusalCode.WRONG_STATE, f"This request is {state} already.")
        if self.expires_at <= clock.now():
            raise Refused(RefusalCode.EXPIRED, "The time to answer this request is over; it can be made anew.")

    async def _must_be_eligible(self, by: "Account") -> None:
        """Raise `Refused` where the two cannot be paired in the programme any more."""
        if self.programme_id is None:
            return
        programme = await Programme.get(id=self.programme_id)
        mentor, mentee = [await Profile.get(id=one) for one in (self.mentor_id, self.mentee_id)]
        await must_be_eligible(programme, mentor, mentee, by.id)

    async def put(self, programme: Programme | None) -> None:
        """Its turn has come: from now on its mentor sees it, and has their time. Within a unit of its queue."""
        self.status = RequestStatus.PENDING
        # For its mentor it is new, and nobody is to know how long it has waited behind others.
        self.created_at = clock.now()
        self.expires_at = reply_by(programme)
        self.pending_pair = pair_of(self.mentor_id, self.mentee_id)
        self.pending_queue = self.queue.key
        await self.store("status", "created_at", "expires_at", "pending_pair", "pending_queue")

    async def close(self, status: RequestStatus, reason: str = "") -> None:
        """Nothing changes it any more. Nobody is told yet."""
        self.status = status
        self.reason = reason
        self.decided_at = clock.now()
        self.pending_pair = self.pending_queue = None
        await self.store("status", "reason", "decided_at", "pending_pair", "pending_queue")

    async def decide(self, status: RequestStatus, reason: str = "") -> "list[MentorshipRequest]":
        """Close it, and do what follows for the mentee's other choices. Returns all that has changed, to be told."""
        in_turn = self.pending_queue is not None
        await self.close(status, reason)
        if status is RequestStatus.ACCEPTED:
            return [self, *(await self.queue.end() if in_turn or self.programme_id else [])]
        return [self, *(await self.queue.ask_next() if in_turn else [])]
