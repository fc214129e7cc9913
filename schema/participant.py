"""Participants of conversations."""

from datetime import datetime
from typing import Any

import strawberry
from tortoise.queryset import QuerySet

import models.conversation
from models.account import Account
from models.conversation import Role
from schema.connection import Order
from schema.node import Node, node, related, value
from schema.plan.read import Expression
from schema.profile import Profile

BY_JOINING = Order("participants", "created_at")

# What was read has been delivered.
FURTHER = Expression("CASE WHEN {read_number} > {delivered_number} THEN {read_number} ELSE {delivered_number} END")

strawberry.enum(
    Role,
    name="ConversationRole",
    description="What somebody may do in a circle. In a conversation of two, both are members.",
)


def _showing(by: Account, row: Any) -> QuerySet[models.conversation.Participant]:
    return models.conversation.Participant.showing(by).filter(id=row.id)


@node(models.conversation.Participant, "A person in a conversation.")
class Participant(Node):
    """A person in a conversation."""

    profile: Profile = related()
    role: Role
    created_at: datetime = strawberry.field(description="Since when they take part.")
    read_number: int | None = value(
        _showing,
        "read_number",
        "The number of the last message that they have read; null unless both of you show how far you have read.",
    )
    delivered_number: int | None = value(
        _showing,
        "delivered",
        "The number of the last message that has reached them; null unless both of you show how far you have read.",
        sql=FURTHER,
    )
