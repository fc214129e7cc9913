"""Inviting people to an organisation, hundreds at a time, in a handful of statements."""

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from models.database import transaction
from models.organisation.membership import Deed, Membership, OrganisationRole
from models.organisation.organisation import Organisation
from models.refusal import RefusalCode, Refused, invalid, not_found

if TYPE_CHECKING:
    from models.account import Account

MOST_AT_ONCE = 500
MOST_MEMBERS = 100_000


@transaction
async def invite(
    organisation: Organisation,
    *,
    by: "Account",
    profile_ids: Collection[UUID],
    emails: Collection[str],
    role: OrganisationRole,
) -> list[Membership]:
    """The memberships and invitations of these people, old and new; the new ones are told, where they have an account.

    An organiser invites participants only. So is whoever is invited by address, by anybody: it is not verified, so that
    others may sign up with it.
    """
    from models.account import normalised
    from models.profile import Profile

    if not 1 <= len(profile_ids) + len(emails) <= MOST_AT_ONCE:
        raise invalid(f"Invite 1 to {MOST_AT_ONCE} people at a time.", "emails" if emails else "profileIds")
    people, addresses = dict.fromkeys(profile_ids), {normalised(email, "emails"): None for email in emails}
    await organisation.held_for(Deed.INVITE if role is OrganisationRole.PARTICIPANT else Deed.GOVERN, by)
    if addresses and role is not OrganisationRole.PARTICIPANT:
        message = "By e-mail address participants are invited; give them the role once they are in, or name profiles."
        raise invalid(message, "role")
    if people and await Profile.visible_to(by).filter(id__in=list(people)).count() < len(people):
        raise not_found("profile", "profileIds")
    rows = Membership.filter(organisation_id=organisation.id)
    known = [*await rows.filter(profile_id__in=list(people)), *await rows.filter(email__in=list(addresses))]
    there = {one.profile_id for one in known} | {one.email for one in known}
    new = [Membership(organisation_id=organisation.id, profile_id=one, role=role) for one in people if one not in there]
    new += [Membership(organisation_id=organisation.id, email=one, role=role) for one in addresses if one not in there]
    if new and await rows.count() + len(new) > MOST_MEMBERS:
        raise Refused(RefusalCode.LIMIT_REACHED, f"An organisation has at most {MOST_MEMBERS:,} members.")
    await Membership.bulk_create(new)
    await _tell(new)
    return [*known, *new]


async def tell_newcomer(account: "Account") -> None:
    """Tell somebody who has just signed up of the invitations that wait for their address. Within a unit."""
    from models.conversation import Notification

    for invitation in await Membership.filter(email=account.email).order_by("created_at", "id"):
        await Notification.of_invitations({account.id: invitation.id})


async def _tell(invited: Collection[Membership]) -> None:
    from models.account import Account
    from models.conversation import Notification

    by_address = {one.email: one.id for one in invited if one.email is not None}
    # Whether an address is somebody's, its owner hears and the inviters do not.
    known = await Account.filter(email__in=list(by_address)).values_list("email", "id") if by_address else []
    told = {account_id: by_address[email] for email, account_id in known}
    told |= {one.profile_id: one.id for one in invited if one.profile_id is not None}
    await Notification.of_invitations(told)
