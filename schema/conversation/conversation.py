"""Conversations."""

from datetime import datetime
from typing import Any

import strawberry
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

import models.conversation
from models.account import Account
from models.conversation import Participant, Star
from models.profile import Profile as ProfileRow
from models.refusal import invalid
from schema.connection import Connection, Order, both_ways, chosen, page, page_around
from schema.context import Info, viewer
from schema.conversation.message import BY_NUMBER, Message, addressed
from schema.node import Node, as_node, id_of, node, one, value
from schema.profile import Profile
from schema.refusal import mutation

LATEST_FIRST = Order("conversations", "-last_activity_at")
PINNED_LAST_FIRST = Order("pinnedMessages", "-pinned_at")
STARRED_NEWEST_FIRST = Order("starredMessages", "-created_at")


def _my_part(by: Account, row: Any) -> QuerySet[Participant]:
    return Participant.filter(conversation_id=row.id, profile_id=by.id)


def _counterpart(by: Account, row: Any) -> QuerySet[ProfileRow]:
    others = Participant.filter(conversation_id=row.id).exclude(profile_id=by.id)
    return ProfileRow.visible_to(by).filter(id__in=Subquery(others.values("profile_id")))


def _last_message(by: Account, row: Any) -> QuerySet[models.conversation.Message]:
    return models.conversation.Message.under(by, "conversation_id", row.id).filter(number=row.last_number)


def _pinned(by: Account, row: Any) -> QuerySet[models.conversation.Message]:
    return models.conversation.Message.pinned_in(row.id)


@node(models.conversation.Conversation, "An ordered row of messages between people.")
class Conversation(Node):
    """An ordered row of messages."""

    last_activity_at: datetime
    last_number: int = strawberry.field(description="The number of the last message; 0 while there is none.")
    closed_at: datetime | None = strawberry.field(description="Since when no message is taken any more.")

    counterpart: Profile | None = one(_counterpart, "The other person.")
    last_message: Message | None = one(_last_message, "The last message; null while there is none.", unique=True)
    unread_count: int = value(_my_part, "read_number", "How many messages you have not read.", minuend="last_number")
    read_number: int = value(_my_part, "read_number", "The number of the last message that you have read.")
    messages: Connection[Message] = both_ways(
        BY_NUMBER, "The messages in their order: the `first` after a cursor, or the `last` before one."
    )
    pinned_messages: Connection[Message] = chosen(
        _pinned, PINNED_LAST_FIRST, "What is pinned for everybody here, the last pinned first."
    )


@strawberry.input
class MarkReadInput:
    """How far you have read."""

    conversation_id: strawberry.ID
    number: int = strawberry.field(description="The number of the last message that you have read.")


@strawberry.type
class MarkReadPayload:
    """The conversation with your marker moved."""

    conversation: Conversation


@strawberry.type
class ConversationQuery:
    """Reads of conversations."""

    @strawberry.field(description="Your conversations, the latest activity first.")
    def conversations(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Conversation]:
        """The viewer's conversations."""
        found = models.conversation.Conversation.visible_to(viewer(info))
        return page(found, LATEST_FIRST, first=first, after=after)

    @strawberry.field(
        description="The messages of a conversation in their order: the `first` after a cursor, the `last` before one, "
        "or the `first` with the message of the number `around` in their middle. Empty where you do not see it."
    )
    def messages(
        self,
        info: Info,
        conversation_id: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        around: int | None = None,
    ) -> Connection[Message]:
        """A page of a conversation's messages."""
        key = id_of(models.conversation.Conversation, conversation_id, "conversationId")
        found = models.conversation.Message.visible_to(viewer(info)).filter(conversation_id=key)
        if around is None:
            return page(found, BY_NUMBER, first=first, after=after, last=last, before=before)
        if (after, last, before) != (None, None, None):
            raise invalid("Give around, or a cursor, or last; not two of them.", "around")
        return page_around(found, BY_NUMBER, around, first=first)

    @strawberry.field(description="The messages that you have starred, the newest first.")
    def starred_messages(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Message]:
        """The viewer's starred messages."""
        by = viewer(info)
        mine = Subquery(Star.visible_to(by).values("message_id"))
        found = models.conversation.Message.visible_to(by).filter(id__in=mine)
        return page(found, STARRED_NEWEST_FIRST, first=first, after=after)


@strawberry.type
class ConversationMutation:
    """Changes of conversations."""

    @mutation("Say how far you have read. The marker never moves back.")
    async def mark_read(self, info: Info, input: MarkReadInput) -> MarkReadPayload:
        """Move the viewer's marker."""
        by = viewer(info)
        return MarkReadPayload(
            conversation=as_node(await addressed(input.conversation_id).mark_read(input.number, by=by))
        )
