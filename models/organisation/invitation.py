"""Inviting people to an organisation, hundreds at a time, in a handful of statements."""

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise.expressions import Q

from models import throttle
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
    asked = partial(Membership, organisation_id=organisation.id, role=role, invited_by_id=by.id)
    new = [asked(profile_id=one) for one in people if one not in there]
    new += [asked(email=one) for one in addresses if one not in there]
    if new and await rows.count() + len(new) > MOST_MEMBERS:
        raise Refused(RefusalCode.LIMIT_REACHED, f"An organisation has at most {MOST_MEMBERS:,} members.")
    await Membership.bulk_create(new)
    await _tell(new, known, by)
    return [*known, *new]


async def tell_newcomer(account: "Account") -> None:
    """Tell somebody who has just signed up of the invitations that wait for their address. Within a unit."""
    from models.conversation import Notification

    for invitation in await Membership.filter(email=account.email).order_by("created_at", "id"):
        await Notification.of_invitations({account.id: invitation.id})


async def _tell(new: Collection[Membership], known: Collection[Membership], by: "Account") -> None:
    """Tell whom `by` has just invited, and whom somebody had from whom they hear nothing. None who is apart from `by`.

    Nor somebody who was told a few times today: a name is text, too.
    """
    from models.account import Account
    from models.conversation import Notification

    waiting = [*new, *(one for one in known if one.joined_at is None)]
    addresses = [one.email for one in waiting if one.email is not None]
    # Whether an address is somebody's, its owner hears and the inviters do not.
    owners = dict(await Account.filter(email__in=addresses).values_list("email", "id")) if addresses else {}
    people = [(one, one.profile_id or owners.get(one.email)) for one in waiting]
    apart = await _apart([who for _, who in people if who is not None])
    told: dict[UUID, UUID] = {}
    for place, (one, who) in enumerate(people):
        heard_of = place >= len(new) and (who, one.invited_by_id) not in apart
        if who is None or heard_of or (who, by.id) in apart:
            continue
        if one.invited_by_id != by.id:
            one.invited_by_id = by.id
            await one.store("invited_by_id")
        if throttle.invitation.admits(f"{by.id} {who}"):
            told[who] = one.id
    await Notification.of_invitations(told)


async def _apart(people: Collection[UUID]) -> set[tuple[UUID, UUID | None]]:
    """Those of the people, and with whom nothing passes."""
    from models.block import Block

    blocks = Block.filter(Q(blocker_id__in=people) | Q(blocked_id__in=people)) if people else Block.filter(id=None)
    found = await blocks.values_list("blocker_id", "blocked_id")
    return {pair for one, other in found for pair in ((one, other), (other, one))}
