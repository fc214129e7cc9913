"""Missed mail: a letter about messages that somebody has not read for a while.

Who has turned it on is told once of each message: who wrote and how many, never what. It is claimed first, under the
account's lock, and sent then; a claim whose process has died, or whose letter could not be sent, is taken up again.
So a letter may come twice where a process dies after sending and before saying so: both carry the same Message-ID.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.expressions import F
from tortoise.indexes import Index

from models import clock
from models.account import Account
from models.base import Base
from models.conversation.conversation import Conversation
from models.database import dialect, transaction
from models.session import digest

# A person gets one letter in this time, at most.
PAUSE = timedelta(hours=1)

# What has lain unread for longer than this is past being told of.
HORIZON = timedelta(days=1)

# Whoever has claimed a letter has so long to send it; when it could not be sent, the next try waits longer each time.
LEASE = timedelta(minutes=5)
MOST_TRIES = 5

# The link in it that ends the mails works for so long (CAN-SPAM wants 30 days); and how many go at once.
KEPT = timedelta(days=60)
MOST_FORGOTTEN = 500

# How many people one round looks at.
MOST_AT_ONCE = 100

# The messages that somebody has missed: each with its conversation `c`, the person's part in it `p`, and its author.
# What is put away, muted without a mention, ended or blocked is not missed.
MISSED = """
FROM conversation c
JOIN participant p ON p.conversation_id = c.id
JOIN account a ON a.id = p.profile_id
JOIN message m ON m.conversation_id = c.id AND m.number > p.read_number
JOIN profile author ON author.id = m.author_id
WHERE c.last_activity_at > {horizon} AND c.last_number > p.read_number AND c.closed_at IS NULL AND c.blocks = 0
AND p.archived_at IS NULL AND a.missed_mail AND m.created_at > {horizon} AND m.author_id <> p.profile_id
AND m.deleted_at IS NULL AND (p.muted_until IS NULL OR p.muted_until <= {now} OR """

MENTIONED = "EXISTS (SELECT 1 FROM mention x WHERE x.message_id = m.id AND x.profile_id = p.profile_id)"

DUE = f"""{MISSED}{MENTIONED}) AND m.created_at <= {{before}}
AND NOT EXISTS (SELECT 1 FROM missed_conversation t
    WHERE t.profile_id = p.profile_id AND t.conversation_id = c.id AND t.to_number >= m.number)"""

WHO = f"""SELECT DISTINCT p.profile_id AS id {DUE}
AND NOT EXISTS (SELECT 1 FROM missed_mail r WHERE r.account_id = p.profile_id AND r.created_at > {{pause}})
LIMIT {MOST_AT_ONCE}"""

WHAT = f"""SELECT c.id AS id, min(m.number) AS from_number, max(m.number) AS to_number {DUE}
AND p.profile_id = {{account}} GROUP BY c.id ORDER BY c.id"""

WHOSE = f"""SELECT c.id AS id, c.kind AS kind, c.title AS title, author.name AS name, count(*) AS messages,
max(CASE WHEN {MENTIONED} THEN 1 ELSE 0 END) AS mentions {MISSED}{MENTIONED})
AND EXISTS (SELECT 1 FROM missed_conversation t WHERE t.mail_id = {{mail}} AND t.conversation_id = c.id
    AND t.profile_id = p.profile_id AND m.number BETWEEN t.from_number AND t.to_number)
GROUP BY c.id, c.kind, c.title, author.id, author.name ORDER BY c.id, count(*) DESC, author.name"""


@dataclass(frozen=True, slots=True)
class Missed:
    """What somebody has missed in one conversation: how many messages of whom, the most first."""

    conversation_id: UUID
    title: str
    messages: int
    senders: tuple[str, ...]
    mentioned: bool


class MissedMail(Base):
    """A letter about what one person has missed. Its id is in its Message-ID. Nobody sees its row."""

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name=False, on_delete=fields.CASCADE
    )
    account_id: UUID
    # When it must be looked at again: the end of the lease, or the next try; null once it is done with.
    due_at = fields.DatetimeField(null=True)
    tries = fields.SmallIntField(default=1)
    sent_at = fields.DatetimeField(null=True)
    # Of the link that ends such letters.
    token_hash = fields.CharField(max_length=64, unique=True)

    class Meta:
        table = "missed_mail"
        indexes = (
            Index(fields=("account_id", "created_at")),
            Index(fields=("due_at",)),
            Index(fields=("created_at",)),
        )

    @classmethod
    async def due(cls, delay: timedelta) -> list[UUID]:
        """Some of the people who have missed a message for this long, and may get a letter now."""
        return [_id(row["id"]) for row in await _select(WHO, before=clock.now() - delay)]

    @classmethod
    @transaction
    async def claim(cls, account_id: UUID, delay: timedelta) -> tuple[Self, str] | None:
        """The person's letter, to be sent now, and its token; None where another process was quicker."""
        await Account.locked(account_id)
        if await cls.exists(account_id=account_id, created_at__gt=clock.now() - PAUSE):
            return None
        found = await _select(WHAT, before=clock.now() - delay, account=account_id)
        if not found:
            return None
        token = secrets.token_urlsafe(32)
        mail = await cls.create(account_id=account_id, due_at=clock.now() + LEASE, token_hash=digest(token))
        for row in found:
            await MissedConversation.create(
                mail_id=mail.id,
                profile_id=account_id,
                conversation_id=_id(row["id"]),
                from_number=row["from_number"],
                to_number=row["to_number"],
            )
        return mail, token

    @classmethod
    async def left_over(cls) -> list[Self]:
        """Some of the letters whose process has died, or which could not be sent, and whose time has come again."""
        return await cls.filter(due_at__lte=clock.now()).order_by("due_at").limit(MOST_AT_ONCE)

    @transaction
    async def take_up(self) -> str | None:
        """Its new token, if it is ours to send now; None where another process was quicker."""
        token = secrets.token_urlsafe(32)
        mine = type(self).filter(id=self.id, due_at__lte=clock.now())
        taken = await mine.update(due_at=clock.now() + LEASE, tries=F("tries") + 1, token_hash=digest(token))
        return token if taken else None

    async def contents(self) -> list[Missed]:
        """What it is about, as far as it is still unread; nothing where no letter is needed any more."""
        found: dict[UUID, list[Mapping[str, Any]]] = {}
        for row in await _select(WHOSE, mail=self.id):
            found.setdefault(_id(row["id"]), []).append(row)
        return [_missed(conversation_id, rows) for conversation_id, rows in found.items()]

    @transaction
    async def settle(self, *, sent: bool) -> None:
        """It is done with: sent, or not needed any more."""
        await type(self).filter(id=self.id).update(due_at=None, sent_at=clock.now() if sent else None)

    @transaction
    async def postpone(self) -> bool:
        """It could not be sent. Is there a next try?"""
        mail = await self.locked(self.id)
        more: bool = mail.tries < MOST_TRIES
        mail.due_at = clock.now() + LEASE * 2**mail.tries if more else None
        await mail.store("due_at")
        return more

    async def give_up(self) -> bool:
        """It cannot be sent, ever. There is no next try."""
        await self.settle(sent=False)
        return False

    @classmethod
    @transaction
    async def unsubscribe(cls, token: str) -> bool:
        """Send its person no more of them. False for a token of no letter."""
        mail = await cls.get_or_none(token_hash=digest(token))
        if mail is not None:
            await Account.filter(id=mail.account_id).update(missed_mail=False)
        return mail is not None

    @classmethod
    async def forget(cls) -> int:
        """Delete some that were written long ago. Returns how many; safe to run in several processes."""
        return await cls.forget_some(cls.filter(created_at__lte=clock.now() - KEPT), MOST_FORGOTTEN)


class MissedConversation(Base):
    """That a letter tells of a conversation's messages, from one number to another: no other will."""

    mail: fields.ForeignKeyRelation[MissedMail] = fields.ForeignKeyField(
        "models.MissedMail", related_name=False, on_delete=fields.CASCADE
    )
    mail_id: UUID
    # The person's id, as in the conversation's participants.
    profile_id = fields.UUIDField()
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    conversation_id: UUID
    from_number = fields.BigIntField()
    to_number = fields.BigIntField()

    class Meta:
        table = "missed_conversation"
        unique_together = (("mail", "conversation"),)
        indexes = (Index(fields=("profile_id", "conversation_id", "to_number")),)


def _missed(conversation_id: UUID, rows: Sequence[Mapping[str, Any]]) -> Missed:
    return Missed(
        conversation_id,
        rows[0]["title"],
        sum(row["messages"] for row in rows),
        tuple(row["name"] for row in rows),
        any(row["mentions"] for row in rows),
    )


async def _select(text: str, **given: UUID | datetime) -> Sequence[Mapping[str, Any]]:
    """The rows of a statement of the above, whose slots are named."""
    now = clock.now()
    values: dict[str, Any] = {"now": now, "horizon": now - HORIZON, "pause": now - PAUSE, **given}
    order: list[str] = []

    class Slots(dict[str, str]):
        def __missing__(self, name: str) -> str:
            if dialect() == "sqlite":
                order.append(name)
                return "?"
            if name not in order:
                order.append(name)
            return f"${order.index(name) + 1}"

    statement = text.format_map(Slots())
    ids_as_text = dialect() == "sqlite"
    given_values = [str(values[n]) if ids_as_text and isinstance(values[n], UUID) else values[n] for n in order]
    rows: Sequence[Mapping[str, Any]] = await get_connection(dialect()).execute_query_dict(statement, given_values)
    return rows


def _id(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
