"""Who may see whether somebody is there."""

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise.expressions import Q, Subquery

from models.conversation import Participant

if TYPE_CHECKING:
    from models.account import Account


async def shown_to(viewer: "Account", account_ids: Collection[UUID]) -> set[UUID]:
    """Those of the accounts whose people let the viewer see whether they are there. Behind a block, nobody does."""
    from models.account import Account, PresenceAudience
    from models.block import Block

    theirs = Participant.filter(profile_id=viewer.id)
    contacts = Participant.filter(conversation_id__in=Subquery(theirs.values("conversation_id")))
    allowed = (
        Q(id=viewer.id)
        | Q(presence=PresenceAudience.EVERYONE)
        | Q(presence=PresenceAudience.CONTACTS, id__in=Subquery(contacts.values("profile_id")))
    )
    blocked = Block.filter(blocker_id=viewer.id).values("blocked_id")
    blocking = Block.filter(blocked_id=viewer.id).values("blocker_id")
    behind = Q(id__in=Subquery(blocked)) | Q(id__in=Subquery(blocking))
    found = await Account.filter(allowed, ~behind, id__in=list(account_ids)).only("id")
    return {account.id for account in found}
