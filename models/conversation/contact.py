"""Contact: who may write to whom first."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from tortoise.expressions import Q, Subquery

from models.account import Account
from models.conversation.conversation import ConversationKind
from models.conversation.participant import Participant
from models.organisation import ContactRule, Membership, Participation


async def reachable(by: Account, people: Collection[UUID]) -> set[UUID]:
    """Those of the people to whom `by` may write first.

    Both persons' settings and the rules of all their organisations hold, and the strictest of them decides; a block
    is stricter than all. An organisation's hold for its members, also when its programmes are over.
    """
    from models.block import Block

    everybody = {by.id, *people}
    blocks = Block.filter(Q(blocker_id=by.id, blocked_id__in=everybody) | Q(blocked_id=by.id, blocker_id__in=everybody))
    blocked = {person for both in await blocks.values_list("blocker_id", "blocked_id") for person in both}
    rules: dict[UUID, set[ContactRule]] = defaultdict(set)
    programmes: dict[UUID, set[UUID]] = defaultdict(set)
    for person, contact in await Account.filter(id__in=everybody).values_list("id", "contact"):
        rules[person].add(contact)
    members = Membership.filter(profile_id__in=everybody, joined_at__isnull=False)
    for person, contact in await members.values_list("profile_id", "organisation__contact"):
        rules[person].add(contact)
    taking_part = Participation.filter(profile_id__in=everybody)
    for person, programme in await taking_part.values_list("profile_id", "programme_id"):
        programmes[person].add(programme)
    return {
        person
        for person in people
        if person not in blocked
        and _allowed(rules[by.id] | rules[person], common=bool(programmes[by.id] & programmes[person]))
    }


def _allowed(rules: set[ContactRule], *, common: bool) -> bool:
    return ContactRule.OFF not in rules and (common or ContactRule.SAME_PROGRAMME not in rules)


async def in_touch(by: Account, people: Collection[UUID]) -> set[UUID]:
    """Those of the people with whom `by` has a conversation of two that takes messages."""
    open_to_me = Participant.filter(
        profile_id=by.id,
        conversation__kind__in=[ConversationKind.MENTORSHIP, ConversationKind.DIRECT],
        conversation__closed_at__isnull=True,
        conversation__blocks=0,
    )
    found = Participant.filter(
        profile_id__in=list(people), conversation_id__in=Subquery(open_to_me.values("conversation_id"))
    )
    return {person for (person,) in await found.values_list("profile_id")}
