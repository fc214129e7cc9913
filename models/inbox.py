"""The inbox log: for each account, a dense and durable row of numbered facts.

A position is given under the lock of the account's row, which is held to commit: so the order of positions is the
order of commits, and a reader that has seen position n has seen all before it. (A database sequence has gaps and
commits out of order: a cursor over it skips events.)
"""

import base64
import binascii
import secrets
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from models import bell
from models.base import Base
from models.refusal import invalid

if TYPE_CHECKING:
    from models.account import Account


class Kind(StrEnum):
    """What happened. The subject is a row of the model in `SUBJECTS`."""

    MESSAGE_CREATED = "MESSAGE_CREATED"
    MESSAGE_UPDATED = "MESSAGE_UPDATED"
    REACTION_CHANGED = "REACTION_CHANGED"
    SCHEDULED_MESSAGE_CHANGED = "SCHEDULED_MESSAGE_CHANGED"
    CONVERSATION_CHANGED = "CONVERSATION_CHANGED"
    # Its subject is a conversation that the account no longer sees.
    CONVERSATION_LEFT = "CONVERSATION_LEFT"
    READ_MARKER_MOVED = "READ_MARKER_MOVED"
    REQUEST_CHANGED = "REQUEST_CHANGED"
    MENTORSHIP_CHANGED = "MENTORSHIP_CHANGED"
    GOAL_CHANGED = "GOAL_CHANGED"
    MEETING_CHANGED = "MEETING_CHANGED"
    VIDEO_SESSION_CHANGED = "VIDEO_SESSION_CHANGED"


def _epoch() -> str:
    return secrets.token_hex(4)


class Inbox(Base):
    """Where an account's log stands. Its id is the account's; its row is the account's lock."""

    position = fields.BigIntField(default=0)
    epoch = fields.CharField(max_length=8, default=_epoch)

    class Meta:
        table = "inbox"

    @classmethod
    async def record(cls, kind: Kind, subject: Base, account_ids: Iterable[UUID]) -> None:
        """Append one event to each account's log, and ring their bells after commit. Within a unit only.

        The accounts are locked until the unit ends; everybody locks in the same order, so nobody deadlocks.
        """
        for account_id in sorted(set(account_ids)):
            await cls.filter(id=account_id).update(position=F("position") + 1)
            inbox = await cls.get(id=account_id)
            await InboxEvent.create(account_id=account_id, position=inbox.position, kind=kind, subject_id=subject.id)
            bell.ring(bell.inbox_of(account_id))

    @classmethod
    async def hold(cls, account_ids: Iterable[UUID]) -> None:
        """Lock the accounts in the one order, before a unit that records more than once. Within a unit only."""
        # Whole rows: the ORM locks none where it is asked for their values.
        await cls.filter(id__in=set(account_ids)).order_by("id").select_for_update(no_key=True)

    def cursor(self, position: int | None = None) -> "Cursor":
        """The cursor of a position in this log; of its end, if none is given."""
        return Cursor(self.epoch, self.position if position is None else position)


class InboxEvent(Base):
    """One fact in one account's log."""

    account: fields.ForeignKeyRelation["Account"] = fields.ForeignKeyField(
        "models.Account", related_name="inbox_events", on_delete=fields.CASCADE
    )
    account_id: UUID
    position = fields.BigIntField()
    kind = fields.CharEnumField(Kind, max_length=32)
    subject_id = fields.UUIDField()

    class Meta:
        table = "inbox_event"
        # The unique index is also the one that the feed reads by.
        unique_together = (("account", "position"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(account_id=viewer.id)

    @classmethod
    def following(cls, viewer: "Account", position: int) -> QuerySet[Self]:
        """The viewer's events after a position, in order."""
        return cls.visible_to(viewer).filter(position__gt=position).order_by("position")


class Cursor:
    """A place in one account's log: (epoch, position). Opaque to clients."""

    __slots__ = ("epoch", "position")

    def __init__(self, epoch: str, position: int) -> None:
        self.epoch = epoch
        self.position = position

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.epoch}.{self.position}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, field: str = "after") -> Self:
        """The cursor that `str` wrote. Raises `Refused` for anything else."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            epoch, position = raw.decode("ascii").split(".")
            if not position.isdecimal() or len(position) > 18:
                raise ValueError(position)
            cursor = cls(epoch, int(position))
            # One place has one spelling.
            if str(cursor) != text:
                raise ValueError(text)
        except (binascii.Error, ValueError):
            raise invalid("This is not a cursor of the inbox; use one that an event carried.", field) from None
        return cursor
