"""Accounts: what signs in."""

from enum import StrEnum
from typing import Any, Self

from email_validator import EmailNotValidError, validate_email
from tortoise import fields
from tortoise.queryset import QuerySet

from models import password, throttle
from models.base import Base
from models.database import transaction
from models.inbox import Inbox
from models.organisation import ContactRule
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid
from models.session import Session

LONGEST_EMAIL = 254


class PresenceAudience(StrEnum):
    """Who sees whether somebody is there: nobody, those who share a conversation with them, or everyone."""

    NOBODY = "NOBODY"
    CONTACTS = "CONTACTS"
    EVERYONE = "EVERYONE"


class Account(Base):
    """What signs in: an e-mail address and a password. A profile, with the same id, is how the person shows.

    The rest is what the person prefers: who may write to them first; whether they show how far they have read (who
    hides that does not see it of others); who sees whether they are there; whether they are mailed what they missed.
    """

    email = fields.CharField(max_length=LONGEST_EMAIL, unique=True)
    password_hash = fields.CharField(max_length=200)
    contact = fields.CharEnumField(
        ContactRule, max_length=16, default=ContactRule.SAME_PROGRAMME, db_default=ContactRule.SAME_PROGRAMME
    )
    read_receipts = fields.BooleanField(default=True, db_default=True)
    presence = fields.CharEnumField(
        PresenceAudience, max_length=16, default=PresenceAudience.CONTACTS, db_default=PresenceAudience.CONTACTS
    )
    missed_mail = fields.BooleanField(default=True, db_default=True)

    profile: fields.BackwardOneToOneRelation[Profile]

    class Meta:
        table = "account"

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(id=viewer.id)

    @classmethod
    async def sign_up(
        cls, email: str, secret: str, name: str, *, time_zone: str = "UTC", address: str = "", device: str = ""
    ) -> tuple[Session, str]:
        """Open an account with its profile and inbox, and sign it in. Returns the sign-in and its token.

        Raises `RateLimited` after too many from one address, whatever became of them.
        """
        throttle.sign_up.check("", address)
        throttle.sign_up.count("", address)
        known_as = normalised(email)
        password.check(secret, known_as)
        return await cls._open(known_as, await password.hashed(secret), name, time_zone, device)

    @classmethod
    @transaction
    async def _open(cls, email: str, password_hash: str, name: str, time_zone: str, device: str) -> tuple[Session, str]:
        from models.organisation.invitation import tell_newcomer

        if await cls.exists(email=email):
            raise Refused(
                RefusalCode.ALREADY_EXISTS, "There is an account with this address; sign in instead.", "email"
            )
        account = await cls.create(email=email, password_hash=password_hash)
        await Inbox.create(id=account.id)
        await Profile.open(account, name=name, time_zone=time_zone)
        await tell_newcomer(account)
        return await Session.open(account, device=device)

    @classmethod
    async def sign_in(cls, email: str, secret: str, *, address: str = "", device: str = "") -> tuple[Session, str]:
        """Sign in, and return the sign-in and its token.

        Raises `Refused` with one message for an unknown address and for a wrong password, after the same time, and
        `RateLimited` after too many failures.
        """
        # What is no e-mail address is nobody's account: typing errors of different people are not counted together.
        key = _known_as(email) or ""
        gate = throttle.sign_in
        # One after the other, so that the right password is no failure while it is being checked.
        async with gate.turn(key):
            gate.check(key, address)
            # Counted before it is known: guesses at many accounts may come from one address all at once.
            counted = gate.count(key, address)
            try:
                account = await cls._of(key, secret)
            except Exception:
                # The guess was not answered.
                gate.forgive(key, address, counted)
                raise
            if account is None:
                raise Refused(RefusalCode.BAD_CREDENTIALS, "The address or the password is wrong.", None)
            gate.forgive(key, address, counted)
        return await Session.open(account, device=device)

    @transaction
    async def prefer(self, *, by: "Account", **preferences: Any) -> Self:
        """Set the preferences that are given; the others stay."""
        if by.id != self.id:
            raise Refused(RefusalCode.NOT_ALLOWED, "An account's preferences are its person's.")
        # Not `self`: that object may be one that many requests share.
        account = await self.locked(self.id)
        if preferences:
            account.update_from_dict(preferences)
            await account.store(*preferences)
        return account

    @classmethod
    async def _of(cls, email: str, secret: str) -> Self | None:
        account = await cls.get_or_none(email=email) if email and len(secret) <= password.LONGEST else None
        known = account.password_hash if account else None
        return account if await password.matches(secret[: password.LONGEST], known) else None


def _known_as(email: str) -> str | None:
    try:
        return normalised(email)
    except Refused:
        return None


def normalised(email: str, field: str = "email") -> str:
    """The address as it is stored and looked up: checked (RFC 5321), in lower case. Raises `Refused`."""
    try:
        found = validate_email(email.strip(), check_deliverability=False).normalized.casefold()
    except EmailNotValidError as error:
        raise invalid(f"This is not an e-mail address: {error}", field) from None
    if len(found) > LONGEST_EMAIL or "\ufffd" in found:
        raise invalid(f"An e-mail address has at most {LONGEST_EMAIL} characters that can be shown.", field)
    return found
