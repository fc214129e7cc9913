"""Messages, what they said before, and what people make of them."""

from collections import defaultdict
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from tortoise.queryset import QuerySet

import models.conversation
from models.account import Account
from models.conversation import Star
from schema.attachment import Attachment
from schema.connection import Connection, Order, children
from schema.context import Info, viewer
from schema.node import Node, id_of, members, node, one, related, value
from schema.plan.read import METADATA, Expression, Tally
from schema.profile import Profile

if TYPE_CHECKING:
    from schema.conversation.conversation import Conversation

BY_NUMBER = Order("messages", "number")
BY_VERSION = Order("versions", "number")
BY_REACTION = Order("reactions", "created_at")


@node(models.conversation.MessageVersion, "What a message said before it was edited.")
class MessageVersion(Node):
    """What a message said before it was edited."""

    number: int = strawberry.field(description="1 is what was sent.")
    body: str
    created_at: datetime = strawberry.field(description="When it was written.")


@node(models.conversation.Reaction, "An emoji that somebody put under a message.")
class Reaction(Node):
    """An emoji that somebody put under a message."""

    emoji: str
    profile: Profile = related("Whose it is.")
    created_at: datetime


@strawberry.type(description="How many have put one emoji under a message.")
class ReactionCount:
    """How many have put one emoji under a message."""

    emoji: str
    count: int
    mine: bool = strawberry.field(description="Are you one of them?")


def _reactions(by: Account, row: Any) -> QuerySet[models.conversation.Reaction]:
    return models.conversation.Reaction.under(by, "message_id", row.id)


def _answered(by: Account, row: Any) -> QuerySet[models.conversation.Message]:
    # It is of the same conversation: who sees this one sees that.
    return models.conversation.Message.under(by, "conversation_id", row.conversation_id).filter(id=row.reply_to_id)


def _my_star(by: Account, row: Any) -> QuerySet[Star]:
    return Star.visible_to(by).filter(message_id=row.id)


@node(models.conversation.Message, "A direct message.")
class Message(Node):
    """A direct message."""

    conversation: Annotated["Conversation", strawberry.lazy("schema.conversation.conversation")] = related()
    number: int = strawberry.field(description="Dense within the conversation, from 1. Everybody sees the same order.")
    body: str = strawberry.field(description="What was written: plain text, with Markdown. Empty once it is deleted.")
    html: str = strawberry.field(
        description="The body as HTML that is safe to show: `p br em strong s code pre blockquote ul ol li`, links "
        'without images, and `<span class="mention" data-profile="Profile:…">` for whom it mentions.'
    )
    author: Profile = related()
    created_at: datetime
    edited_at: datetime | None = strawberry.field(description="When it was edited last.")
    deleted_at: datetime | None = strawberry.field(description="Since when there is nothing left of it but its place.")
    pinned_at: datetime | None = strawberry.field(description="Since when it is pinned, for everybody here.")
    starred_at: datetime | None = value(_my_star, "created_at", "Since when you have starred it; nobody else knows.")
    reply_to: "Message | None" = one(_answered, "The message that it answers.", unique=True)
    versions: Connection[MessageVersion] = children(BY_VERSION, "What it said before it was edited, the first first.")
    reactions: Connection[Reaction] = children(BY_REACTION, "The emoji under it, the first first.")

    @strawberry.field(
        description="The emoji under it, each once: the first that somebody put there comes first.",
        metadata={METADATA: lambda *_: Tally(_reactions, "emoji", "profile_id")},
    )
    async def reaction_counts(root: models.conversation.Message, info: Info) -> list[ReactionCount]:
        """How many have put each emoji under the message."""
        by = viewer(info)
        people: defaultdict[str, list[UUID]] = defaultdict(list)
        for each in sorted(await _reactions(by, root), key=lambda row: (row.created_at, row.emoji)):
            people[each.emoji].append(each.profile_id)
        return [ReactionCount(emoji=emoji, count=len(of), mine=by.id in of) for emoji, of in people.items()]

    attachments: list[Attachment] = members("position", description="The files that go with it, in their order.")

    @strawberry.field(
        description="The key that its sender gave it; null for everybody else.",
        metadata={METADATA: Expression("CASE WHEN {author_id} = {viewer} THEN {client_id} END")},
    )
    def client_id(root: models.conversation.Message, info: Info) -> strawberry.ID | None:
        """The sender's key, by which their client knows its own message."""
        mine = root.author_id == viewer(info).id and root.client_id is not None
        return strawberry.ID(str(root.client_id)) if mine else None


@lru_cache(maxsize=1024)
def addressed(global_id: str) -> models.conversation.Conversation:
    """The conversation with this id, not looked up: its verbs say themselves that somebody is not in it.

    Nothing but the id is known of it, and nothing is changed in it: so it is kept for the next message.
    """
    key = id_of(models.conversation.Conversation, global_id, "conversationId")
    return models.conversation.Conversation(id=key)
