"""Sign-ins: opaque random tokens, stored hashed, with an expiry, revocable."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import bell, clock
from models.base import Base
from models.database import after_commit, transaction

if TYPE_CHECKING:
    from models.account import Account

LIFETIME = timedelta(days=30)

# How long the row of a sign-in that has ended is kept, for whoever asks what happened; and how many go at once.
KEPT = timedelta(days=30)
MOST_FORGOTTEN = 500


def digest(token: str) -> str:
    """What is stored of a secret token: its SHA-256, in hex. The token has 256 random bits, so no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Session(Base):
    """One sign-in of an account, on one device."""

    account: fields.ForeignKeyRelation["Account"] = fields.ForeignKeyField(
        "models.Account", related_name="sessions", on_delete=fields.CASCADE, db_index=True
    )
    account_id: UUID
    token_hash = fields.CharField(max_length=64, unique=True)
    device = fields.CharField(max_length=200, default="")
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"
        # What the sweeper looks for.
        indexes = (Index(fields=("expires_at",)), Index(fields=("revoked_at",)))

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(account_id=viewer.id, revoked_at=None, expires_at__gt=clock.now())

    @classmethod
    @transaction
    async def open(cls, account: "Account", *, device: str = "") -> tuple[Self, str]:
        """Sign the account in. The token is returned here and never again."""
        token = secrets.token_urlsafe(32)
        session = await cls.create(
            account_id=account.id,
            token_hash=digest(token),
            device=device[:200],
            expires_at=clock.now() + LIFETIME,
        )
        session.account = account
        return session, token

    @classmethod
    async def of_token(cls, token: str) -> Self | None:
        """The live sign-in of a token, with its account; None when it is unknown, expired or revoked."""
        session = await cls.get_or_none(token_hash=digest(token)).select_related("account")
        return session if session and session.is_live else None

    @classmethod
    async def live_among(cls, ids: Iterable[UUID]) -> set[UUID]:
        """Which of these sign-ins are live, by one statement."""
        found = cls.filter(id__in=list(ids), revoked_at=None, expires_at__gt=clock.now())
        return {session.id for session in await found.only("id")}

    @property
    def is_live(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and self.expires_at > clock.now()

    @property
    def remaining(self) -> timedelta:
        """How long until it expires."""
        return self.expires_at - clock.now()

    def signature(self, text: str) -> str:
        """What shows that the holder of this sign-in was given this text: HMAC-SHA-256, in hex.

        Its key is what is stored of the token. Whoever has the token could sign too, but for this sign-in alone.
        """
        return hmac.new(self.token_hash.encode(), text.encode(), "sha256").hexdigest()

    @classmethod
    async def forget_ended(cls) -> int:
        """Delete some of the sign-ins that ended long ago. Returns how many; safe to run in several processes."""
        past = clock.now() - KEPT
        ended = cls.filter(Q(expires_at__lte=past) | Q(revoked_at__lte=past))
        return await cls.forget_some(ended, MOST_FORGOTTEN)

    @transaction
    async def revoke(self) -> None:
        """End the sign-in: its token is worth nothing, and its sockets close."""
        # This object may be one that many requests share: it changes once the row has.
        row = await self.locked(self.id)
        row.revoked_at = clock.now()
        await row.store("revoked_at")
        after_commit(lambda: setattr(self, "revoked_at", row.revoked_at))
        bell.ring(bell.sign_in_of(self.id))
