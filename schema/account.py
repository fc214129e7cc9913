"""Accounts and sign-ins."""

from datetime import datetime

import strawberry

import models.account
import models.session
from models.account import PresenceAudience
from models.conversation import Notification
from models.inbox import Inbox
from schema.connection import Connection, Order, children
from schema.context import Info, viewer
from schema.node import Node, as_node, find, global_id, node, related
from schema.organisation import ContactRule
from schema.plan.read import METADATA, Expression
from schema.profile import Profile
from schema.refusal import mutation

strawberry.enum(PresenceAudience, description="Who sees whether somebody is there.")
UNREAD = '(SELECT count(*) FROM "notification" WHERE "account_id" = {id} AND "read_at" IS NULL)'

BY_AGE = Order("sessions", "-created_at")


@node(models.session.Session, "One of your sign-ins, on one device.")
class Session(Node):
    """A sign-in."""

    device: str
    created_at: datetime
    expires_at: datetime

    @strawberry.field(description="Is this the sign-in that you are asking with?")
    def current(root: models.session.Session, info: Info) -> bool:
        """Is it the one of this request?"""
        return info.context.session is not None and root.id == info.context.session.id


@node(models.account.Account, "What you sign in with. Nobody else sees it.")
class Account(Node):
    """The viewer's account."""

    email: str
    created_at: datetime
    contact: ContactRule = strawberry.field(
        description="Who may write to you first; your organisations may allow less."
    )
    read_receipts: bool = strawberry.field(
        description="Do you show how far you have read? If you do not, you do not see it of others."
    )
    presence: PresenceAudience
    missed_mail: bool = strawberry.field(description="Are you mailed that you have missed messages?")
    profile: Profile = related()
    sessions: Connection[Session] = children(BY_AGE, "Your live sign-ins, the newest first.")

    @strawberry.field(description="How many notifications you have not read.", metadata={METADATA: Expression(UNREAD)})
    async def unread_notifications(root: models.account.Account) -> int:
        """How many are unread."""
        return await Notification.unread(root.id)

    @strawberry.field(description="Where your inbox stands: subscribe with `inbox(after:)` from here.")
    async def inbox_cursor(root: models.account.Account) -> str:
        """The end of the inbox log."""
        return str((await Inbox.get(id=root.id)).cursor())


@strawberry.input
class SignUpInput:
    """A new account."""

    email: str
    password: str
    name: str
    time_zone: str = "UTC"


@strawberry.input
class SignInInput:
    """An e-mail address and its password."""

    email: str
    password: str


@strawberry.input
class SignOutInput:
    """Which sign-in to end."""

    session_id: strawberry.ID | None = strawberry.field(
        default=None, description="One of your sign-ins; the one that you are asking with, if it is left out."
    )


@strawberry.input
class UpdatePreferencesInput:
    """What is left out stays as it is."""

    contact: ContactRule | None = strawberry.UNSET
    read_receipts: bool | None = strawberry.UNSET
    presence: PresenceAudience | None = strawberry.UNSET
    missed_mail: bool | None = strawberry.UNSET


@strawberry.type
class SignUpPayload:
    """The account, signed in."""

    token: str = strawberry.field(description="Send it as `Authorization: Bearer`. It is shown this once.")
    account: Account


@strawberry.type
class SignInPayload:
    """A new sign-in."""

    token: str = strawberry.field(description="Send it as `Authorization: Bearer`. It is shown this once.")
    account: Account


@strawberry.type
class SignOutPayload:
    """The sign-in has ended."""

    session_id: strawberry.ID


@strawberry.type
class UpdatePreferencesPayload:
    """The account as it is now."""

    account: Account


@strawberry.type
class AccountQuery:
    """Reads of the viewer."""

    @strawberry.field(description="Your account; null for a stranger.")
    def viewer(self, info: Info) -> Account | None:
        """The account that asks."""
        session = info.context.session
        if session is None or not session.is_live:
            return None
        by = info.context.viewer
        return as_node(models.account.Account.visible_to(by).get_or_none(id=by.id))


@strawberry.type
class AccountMutation:
    """Changes of accounts and sign-ins."""

    @mutation("Open an account with a profile, and sign it in.")
    async def sign_up(self, info: Info, input: SignUpInput) -> SignUpPayload:
        """Open an account."""
        session, token = await models.account.Account.sign_up(
            input.email,
            input.password,
            input.name,
            time_zone=input.time_zone,
            address=info.context.address,
            device=info.context.device,
        )
        # What the payload shows is read as the new viewer.
        info.context.session = session
        return SignUpPayload(token=token, account=as_node(session.account))

    @mutation("Sign in. The token lasts for 30 days, or until you sign out.")
    async def sign_in(self, info: Info, input: SignInInput) -> SignInPayload:
        """Sign in."""
        session, token = await models.account.Account.sign_in(
            input.email, input.password, address=info.context.address, device=info.context.device
        )
        # What the payload shows is read as the new viewer.
        info.context.session = session
        return SignInPayload(token=token, account=as_node(session.account))

    @mutation("End a sign-in: its token is worth nothing from now on, and its sockets close.")
    async def sign_out(self, info: Info, input: SignOutInput) -> SignOutPayload:
        """End a sign-in."""
        viewer(info)
        session = info.context.session
        if input.session_id is not None:
            session = await find(models.session.Session, input.session_id, "sessionId", info)
        assert session is not None
        await session.revoke()
        return SignOutPayload(session_id=global_id(session))

    @mutation("Change what you prefer. What the input leaves out, or gives as null, stays as it is.")
    async def update_preferences(self, info: Info, input: UpdatePreferencesInput) -> UpdatePreferencesPayload:
        """Change the viewer's preferences."""
        by = viewer(info)
        given = {name: value for name, value in vars(input).items() if value not in (strawberry.UNSET, None)}
        return UpdatePreferencesPayload(account=as_node(await by.prefer(by=by, **given)))
