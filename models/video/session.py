"""Video sessions: who may be in a call, and how it begins and ends.

A session is open until somebody ends it, the mentorship ends, or nobody came back within the rejoin window. Each
join is a participant of its own, with a ticket that only that device of that account can use; a participant is
present while its lease lasts. What one participant sends to another is a numbered signal of the receiver: the last
256 of them are kept, and a receiver who missed more must join again.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

import structlog
from tortoise import fields
from tortoise.indexes import Index

from models import clock
from models.base import Authored, Base
from models.database import transaction
from models.inbox import Inbox, Kind
from models.meeting import Meeting
from models.mentorship import Mentorship
from models.profile import Profile
from models.refusal import RefusalCode, Refused, not_found
from models.session import digest
from models.text import line
from models.video.participant import LEASE, REJOIN_WINDOW, SignalKind, VideoParticipant

if TYPE_CHECKING:
    from models.account import Account

log = structlog.get_logger()

Row = TypeVar("Row", bound=Base)

# What one round of the sweep looks at, of each kind.
SWEPT_A_ROUND = 500

# Of one person in one call. It bounds the attendance of a call, which is read as a plain list.
MOST_JOINS = 100


class VideoStatus(StrEnum):
    """Open: waiting for the first two. Live: two have been there. Ended: for good."""

    OPEN = "OPEN"
    LIVE = "LIVE"
    ENDED = "ENDED"


class VideoSession(Base):
    """The call of a mentorship, perhaps of one of its meetings."""

    visible_through = "mentorship"

    author: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    author_id: UUID
    mentorship: fields.ForeignKeyRelation[Mentorship] = fields.ForeignKeyField(
        "models.Mentorship", related_name="video_sessions", on_delete=fields.CASCADE, db_index=True
    )
    mentorship_id: UUID
    meeting: fields.ForeignKeyNullableRelation[Meeting] = fields.ForeignKeyField(
        "models.Meeting", related_name="video_sessions", null=True, on_delete=fields.SET_NULL
    )
    meeting_id: UUID | None
    status = fields.CharEnumField(VideoStatus, max_length=16, default=VideoStatus.OPEN)
    live_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    # When it was last known that somebody was there; the rejoin window runs from here.
    attended_at = fields.DatetimeField(default=clock.now)
    # The mentorship until the session ends, then null: a pair has one call at a time, whoever rings first.
    open_in = fields.UUIDField(null=True, unique=True)

    class Meta:
        table = "video_session"
        indexes = (Index(fields=("status", "attended_at")),)

    @classmethod
    @transaction
    async def start(
        cls,
        mentorship: Mentorship,
        *,
        by: "Account",
        meeting: Meeting | None = None,
        client_id: str | None = None,
    ) -> Self:
        """Open the pair's call, and tell both. When both start one at once, they get the same."""
        from models.block import must_be_none_between

        content = {"mentorship_id": mentorship.id, "meeting_id": meeting and meeting.id}
        mentorship = await mentorship.held_by(by)
        if before := await VideoSessionStart.made_before(by, client_id, **content):
            return await cls.get(id=before.session_id)
        mentorship.must_be_active()
        await must_be_none_between(*mentorship.people, "No calls pass between the two of you.", "mentorshipId")
        if meeting is not None and meeting.mentorship_id != mentorship.id:
            raise not_found("meeting", "meetingId")
        session = await cls.get_or_none(open_in=mentorship.id) or await cls._open(mentorship, by, meeting)
        if client_id is not None:
            await VideoSessionStart.make(by, client_id, content, session_id=session.id)
        return session

    @classmethod
    async def _open(cls, mentorship: Mentorship, by: "Account", meeting: Meeting | None) -> Self:
        session = await cls.create(
            author_id=by.id,
            mentorship_id=mentorship.id,
            meeting_id=meeting and meeting.id,
            open_in=mentorship.id,
        )
        await Inbox.record(Kind.VIDEO_SESSION_CHANGED, session, mentorship.people)
        return session

    @transaction
    async def join(
        self, *, by: "Account", device_id: str, take_over: bool = False
    ) -> tuple[VideoParticipant, str, list[VideoParticipant]]:
        """Enter the call. Returns the participant, its ticket, and the others who are there.

        Who is there already offers to the one who joins; the session's lock decides who was first. Of the two exactly
        one is polite, also when somebody has come back: it gives way where both offer at once. A second device needs
        `take_over`; the first is then replaced.
        """
        device_id = line(device_id, "deviceId", longest=64)
        await self._must_be_mine(by)
        session = await self._running()
        await session._let_go_of_ghosts()
        present = await VideoParticipant.present_in(session.id)
        for mine in (other for other in present if other.profile_id == by.id):
            if mine.device_id != device_id and not take_over:
                raise Refused(
                    RefusalCode.ALREADY_EXISTS,
                    "You are in this call on another device; take over?",
                    "takeOver",
                )
            await mine.depart(SignalKind.REPLACED)
        if await VideoParticipant.filter(session_id=session.id, profile_id=by.id).count() >= MOST_JOINS:
            raise Refused(
                RefusalCode.LIMIT_REACHED, f"You have joined this call {MOST_JOINS} times; end it and start a new one."
            )
        others = [other for other in present if other.profile_id != by.id]
        ticket = secrets.token_urlsafe(32)
        participant = await VideoParticipant.create(
            session_id=session.id,
            profile_id=by.id,
            device_id=device_id,
            ticket_hash=digest(ticket),
            polite=any(not other.polite for other in others),
            lease_until=clock.now() + LEASE,
        )
        for other in others:
            await other.signal(SignalKind.JOINED, participant)
        await session.attended(live=bool(others))
        return participant, ticket, others

    @transaction
    async def end(self, *, by: "Account") -> Self:
        """Hang up for both."""
        await self._must_be_mine(by)
        session = await self.locked(self.id)
        await session.finish()
        return session

    @classmethod
    async def hold_all_of(cls, mentorship_ids: Iterable[UUID]) -> None:
        """Lock the calls of these mentorships in the one order. Within a unit that holds the mentorships."""
        await cls.filter(open_in__in=list(mentorship_ids)).order_by("id").select_for_update(no_key=True)

    @classmethod
    async def end_all_of(cls, mentorship: Mentorship) -> None:
        """End the mentorship's call, if there is one. Within a unit."""
        for session in await cls.filter(open_in=mentorship.id):
            await (await cls.locked(session.id)).finish()

    async def finish(self) -> None:
        """End the session and tell everybody who is there. Within a unit that holds the row; once."""
        if self.status is VideoStatus.ENDED:
            return
        for participant in await VideoParticipant.filter(session_id=self.id, left_at=None):
            await participant.depart(SignalKind.ENDED)
        self.status = VideoStatus.ENDED
        self.ended_at = clock.now()
        self.open_in = None
        await self.store("status", "ended_at", "open_in")
        mentorship = await Mentorship.get(id=self.mentorship_id)
        await Inbox.record(Kind.VIDEO_SESSION_CHANGED, self, mentorship.people)

    @classmethod
    async def sweep(cls) -> None:
        """Let go of whose lease is over, and end the calls that nobody came back to. Safe in several processes."""
        now = clock.now()
        ghosts = VideoParticipant.filter(left_at=None, lease_until__lte=now).order_by("lease_until")
        await _each(await ghosts.limit(SWEPT_A_ROUND), VideoParticipant.lapse)
        forsaken = cls.exclude(status=VideoStatus.ENDED).filter(attended_at__lte=now - REJOIN_WINDOW)
        await _each(await forsaken.order_by("attended_at").limit(SWEPT_A_ROUND), VideoSession._end_if_forsaken)

    @transaction
    async def _end_if_forsaken(self) -> None:
        session = await self.locked(self.id)
        if await VideoParticipant.present_in(session.id):
            await session.attended()
        elif session.attended_at <= clock.now() - REJOIN_WINDOW:
            await session.finish()

    async def _must_be_mine(self, by: "Account") -> None:
        if by.id not in (await Mentorship.get(id=self.mentorship_id)).people:
            raise not_found("video session", "sessionId")

    async def _let_go_of_ghosts(self) -> None:
        # Who joins now is told nothing of them: so they must not come back by a late heartbeat.
        for ghost in await VideoParticipant.filter(session_id=self.id, left_at=None, lease_until__lte=clock.now()):
            await ghost.go()

    async def _running(self) -> Self:
        session = await self.locked(self.id)
        if session.status is VideoStatus.ENDED:
            raise Refused(RefusalCode.WRONG_STATE, "This call has ended; start a new one.", "sessionId")
        return session

    async def attended(self, *, live: bool = False) -> None:
        """Note that somebody is there; `live` when two are. Within a unit that holds the row."""
        self.attended_at = clock.now()
        if live and self.status is VideoStatus.OPEN:
            self.status = VideoStatus.LIVE
            self.live_at = clock.now()
            mentorship = await Mentorship.get(id=self.mentorship_id)
            await Inbox.record(Kind.VIDEO_SESSION_CHANGED, self, mentorship.people)
        await self.store("attended_at", "status", "live_at")


class VideoSessionStart(Authored):
    """That somebody started a call under a key of theirs: a retry gets the same call, whoever had opened it."""

    session: fields.ForeignKeyRelation[VideoSession] = fields.ForeignKeyField(
        "models.VideoSession", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    session_id: UUID

    class Meta:
        table = "video_session_start"
        unique_together = (("author", "client_id"),)


async def _each(rows: Iterable[Row], verb: Callable[[Row], Awaitable[None]]) -> None:
    for row in rows:
        try:
            await verb(row)
        except Exception:
            # The next round tries it again; those behind it need not wait for that.
            log.exception("a sweep passed a row over", verb=verb.__qualname__, row=str(row.id))
