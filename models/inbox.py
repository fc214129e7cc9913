"""The inbox log: for each account, a dense and durable row of numbered facts.

A position is given under the lock of the account's row, which is held to commit: so the order of positions is the
order of commits, and a reader that has seen position n has seen all before it. (A database sequence has gaps and
commits out of order: a cursor over it skips events.)
"""

import base64
import binascii
import secrets
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.connection import get_connection
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from models import bell
from models.base import Base
from models.database import array_text, dialect
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
    NOTIFICATION_CREATED = "NOTIFICATION_CREATED"
    NOTIFICATIONS_READ = "NOTIFICATIONS_READ"


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
        await cls.record_each(kind, dict.fromkeys(account_ids, subject.id))

    @classmethod
    async def record_each(cls, kind: Kind, subjects: Mapping[UUID, UUID]) -> None:
        """The same, with a subject of its own for each account."""
        ids = sorted(subjects)
        # The rows are locked one after the other, in the order of the ids, and only then is any of them changed.
        await cls.hold(ids)
        await cls.filter(id__in=ids).update(position=F("position") + 1)
        places = await cls.filter(id__in=ids).values_list("id", "position")
        await InboxEvent.bulk_create(
            InboxEvent(account_id=account_id, position=position, kind=kind, subject_id=subjects[account_id])
            for account_id, position in sorted(places)
        )
        bell.ring(*map(bell.inbox_of, ids))

    @classmethod
    async def hold(cls, account_ids: Iterable[UUID]) -> None:
        """Lock the accounts in the one order, before a unit that records more than once. Within a unit only."""
        # Whole rows: the ORM locks none where it is asked for their values.
        await cls.filter(id__in=set(account_ids)).order_by("id").select_for_update(no_key=True)

    def cursor(self, position: int | None = None) -> "Cursor":
        """The cursor of a position in this log; of its end, if none is given."""
        return Cursor(self.epoch, self.position if position is None else position)


class Entry(NamedTuple):
    """One fact in one account's log, as a reader gets it."""

    account_id: UUID
    position: int
    kind: Kind
    subject_id: UUID


class Stretch(NamedTuple):
    """The entries of one log after a place, at most so many; and where the log stood when they were read."""

    epoch: str
    position: int
    entries: list[Entry]

    def leads_on_from(self, position: int, epoch: str) -> bool:
        """Has the reader of this place missed nothing?"""
        first = self.entries[0].position if self.entries else self.position + 1
        return epoch == self.epoch and first == position + 1

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

    @classmethod
    async def after(cls, places: Sequence[tuple[UUID, int]], most: int) -> list[Stretch]:
        """What follows these places, each an account's id and a position, in their order: one statement for all.

        Of a log that was pruned behind its place nothing follows, or not the next position.
        """
        on_postgres = dialect() == "postgres"
        columns = map(array_text, zip(*places, strict=True)) if on_postgres else [orjson.dumps(places).decode()]
        connection: Any = get_connection(dialect())
        found: dict[int, Stretch] = {}
        for n, epoch, end, position, kind, subject in await connection.read_rows(_AFTER[dialect()], [*columns, most]):
            stretch = found.get(n)
            if stretch is None:
                stretch = found[n] = Stretch(epoch, end, [])
            if position is not None:
                subject_id = UUID(subject) if type(subject) is str else subject
                stretch.entries.append(Entry(places[n][0], position, _KINDS[kind], subject_id))
        # An account that was deleted meanwhile has no log any more.
        return [found.get(n) or Stretch("", 0, []) for n in range(len(places))]


_KINDS = {kind.value: kind for kind in Kind}

# Positions are dense: so the next ones are a range of the index, and need no LIMIT for each account.
_AFTER = {
    "postgres": """SELECT p.n::int - 1, i.epoch, i.position, e.position, e.kind, e.subject_id
        FROM unnest($1::text::uuid[], $2::text::bigint[]) WITH ORDINALITY AS p(account_id, position, n)
        JOIN inbox i ON i.id = p.account_id
        LEFT JOIN inbox_event e ON e.account_id = p.account_id
            AND e.position > p.position AND e.position <= p.position + $3::bigint
        ORDER BY p.n, e.position""",
    "sqlite": """SELECT p.key, i.epoch, i.position, e.position, e.kind, e.subject_id
        FROM json_each(?1) p JOIN inbox i ON i.id = json_extract(p.value, '$[0]')
        LEFT JOIN inbox_event e ON e.account_id = i.id
            AND e.position > json_extract(p.value, '$[1]') AND e.position <= json_extract(p.value, '$[1]') + ?2
        ORDER BY p.key, e.position""",
}


# One call for each event and account: `base64.urlsafe_b64encode` takes twice the time.
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Cursor:
    """A place in one account's log: (epoch, position). Opaque to clients."""

    __slots__ = ("epoch", "position")

    def __init__(self, epoch: str, position: int) -> None:
        self.epoch = epoch
        self.position = position

    def __str__(self) -> str:
        raw = f"{self.epoch}.{self.position}".encode()
        return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()

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
