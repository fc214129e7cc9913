"""Who is in a video session, and the signals that they send each other.

A signal is numbered for its receiver, under the lock of the receiver's row. The last 256 are kept: whoever missed
more has lost the thread of the negotiation, and must join again.
"""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import bell, clock
from models.base import Base
from models.database import transaction
from models.profile import Profile
from models.refusal import RefusalCode, Refused, not_found
from models.session import digest

if TYPE_CHECKING:
    from models.account import Account
    from models.video.session import VideoSession

LEASE = timedelta(seconds=45)
REJOIN_WINDOW = timedelta(minutes=5)
RING = 256

# How many signals one round of the sweep forgets: a lock of the writer should be short.
FORGOTTEN_A_ROUND = 2_000


class SignalKind(StrEnum):
    """What a signal says."""

    DESCRIPTION = "DESCRIPTION"
    CANDIDATES = "CANDIDATES"
    JOINED = "JOINED"
    LEFT = "LEFT"
    REPLACED = "REPLACED"
    ENDED = "ENDED"


class VideoParticipant(Base):
    """One join of one person, on one device. Present until it leaves, is replaced, or its lease runs out."""

    visible_through = "session"

    session: fields.ForeignKeyRelation["VideoSession"] = fields.ForeignKeyField(
        "models.VideoSession", related_name="participants", on_delete=fields.CASCADE, db_index=True
    )
    session_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="video_participations", on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    device_id = fields.CharField(max_length=64)
    ticket_hash = fields.CharField(max_length=64, unique=True)
    polite = fields.BooleanField()
    lease_until = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)
    last_signal = fields.BigIntField(default=0)

    class Meta:
        table = "video_participant"
        indexes = (Index(fields=("left_at", "lease_until")),)

    @classmethod
    async def of_ticket(cls, ticket: str, *, by: "Account") -> Self:
        """The participant whose ticket this is. It serves its own account only, and not long after the call.

        Raises `Refused`.
        """
        known = Q(session__ended_at__isnull=True) | Q(session__ended_at__gt=clock.now() - REJOIN_WINDOW)
        participant = await cls.get_or_none(known, ticket_hash=digest(ticket), profile_id=by.id)
        if participant is None:
            raise not_found("ticket", "ticket")
        return participant

    @classmethod
    async def present_in(cls, session_id: UUID) -> list[Self]:
        """Who is there now, in the order of joining."""
        return await cls.filter(session_id=session_id, left_at=None, lease_until__gt=clock.now()).order_by(
            "created_at", "id"
        )

    @transaction
    async def send(self, to: UUID, kind: SignalKind, content: dict[str, Any]) -> None:
        """Pass a description or candidates on to another participant. The sender is who the ticket says."""
        # Who has read this row long ago may have been replaced since. Under the session's lock nobody leaves, and
        # nobody says a last word, before this signal is stored.
        _, sender = await self._held()
        await sender._must_be_present()
        receiver = await VideoParticipant.get_or_none(id=to, session_id=self.session_id, left_at=None)
        if receiver is None or receiver.id == self.id:
            raise not_found("participant in this call", "to")
        await receiver.signal(kind, sender, content)

    @transaction
    async def heartbeat(self) -> Self:
        """Say "still here": the lease runs anew. Raises `Refused` once the participant has left."""
        session, participant = await self._held()
        await participant._must_be_present()
        participant.lease_until = clock.now() + LEASE
        await participant.store("lease_until")
        await session.attended()
        return participant

    @transaction
    async def leave(self) -> None:
        """Go, and tell the others. The session stays open for the rejoin window."""
        _, participant = await self._held()
        if participant.left_at is None:
            await participant.go()

    @transaction
    async def lapse(self) -> None:
        """Go because the lease is over: no ghosts."""
        _, participant = await self._held()
        if participant.left_at is None and participant.lease_until <= clock.now():
            await participant.go()

    async def _held(self) -> tuple["VideoSession", Self]:
        # The session first, as everybody does who changes who is there.
        session = await self.session
        return await session.locked(session.id), await self.locked(self.id)

    async def go(self) -> None:
        """Depart, and tell those who stay. Within a unit that holds the session."""
        await self.depart(None)
        for other in await VideoParticipant.present_in(self.session_id):
            await other.signal(SignalKind.LEFT, self)

    async def depart(self, last_word: SignalKind | None) -> None:
        """Mark as gone, with a last signal to this participant itself. Within a unit that holds the session."""
        self.left_at = clock.now()
        await self.store("left_at")
        if last_word is not None:
            await self.signal(last_word, self)
        bell.ring(bell.signals_of(self.id))

    async def signal(self, kind: SignalKind, sender: "VideoParticipant", content: dict[str, Any] | None = None) -> None:
        """Append a numbered signal for this participant, and forget the oldest. Within a unit."""
        receiver = await VideoParticipant.locked(self.id)
        receiver.last_signal += 1
        await receiver.store("last_signal")
        await VideoSignal.create(
            receiver_id=self.id,
            number=receiver.last_signal,
            kind=kind,
            sender_id=sender.id,
            content=content or {},
        )
        await VideoSignal.filter(receiver_id=self.id, number__lte=receiver.last_signal - RING).delete()
        bell.ring(bell.signals_of(self.id))

    async def _must_be_present(self) -> None:
        if self.left_at is not None:
            raise Refused(RefusalCode.WRONG_STATE, "You are no longer in this call; join again.", "ticket")


class VideoSignal(Base):
    """What a participant is told: by another one, or by the server about another one."""

    receiver: fields.ForeignKeyRelation[VideoParticipant] = fields.ForeignKeyField(
        "models.VideoParticipant", related_name="signals", on_delete=fields.CASCADE
    )
    receiver_id: UUID
    sender: fields.ForeignKeyRelation[VideoParticipant] = fields.ForeignKeyField(
        "models.VideoParticipant", related_name="signals_sent", on_delete=fields.CASCADE, db_index=True
    )
    sender_id: UUID
    number = fields.BigIntField()
    kind = fields.CharEnumField(SignalKind, max_length=16)
    content: dict[str, Any] = fields.JSONField()

    class Meta:
        table = "video_signal"
        unique_together = (("receiver", "number"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        mine = VideoParticipant.filter(profile_id=viewer.id)
        return cls.filter(receiver_id__in=Subquery(mine.values("id")))

    @classmethod
    async def forget(cls) -> None:
        """Delete signals of calls that ended a rejoin window ago. Nobody can hear them: the tickets are over too."""
        over = cls.filter(receiver__session__ended_at__lte=clock.now() - REJOIN_WINDOW)
        found = await over.limit(FORGOTTEN_A_ROUND).values_list("id", flat=True)
        if found:
            await cls.filter(id__in=found).delete()
