"""Conversations."""

from datetime import datetime
from typing import Any

import strawberry
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

import models.conversation
from models.account import Account
from models.conversation import FOR_EVER, ConversationKind, Participant, Role, Star
from models.profile import Profile as ProfileRow
from models.refusal import invalid
from schema.connection import Connection, Order, both_ways, children, chosen, page, page_around
from schema.context import Info, viewer
from schema.conversation.message import BY_NUMBER, Message, addressed
from schema.node import Node, as_node, find, id_of, node, one, value
from schema.participant import BY_JOINING
from schema.participant import Participant as ParticipantType
from schema.plan.read import Condition
from schema.profile import Profile
from schema.refusal import mutation

strawberry.enum(ConversationKind, description="Whose conversation it is: a mentorship's, two people's, a circle's.")

LATEST_FIRST = Order("conversations", "-last_activity_at")
PINNED_LAST_FIRST = Order("pinnedMessages", "-pinned_at")
STARRED_NEWEST_FIRST = Order("starredMessages", "-created_at")


def _my_part(by: Account, row: Any) -> QuerySet[Participant]:
    return Participant.filter(conversation_id=row.id, profile_id=by.id)


def _muted_for_a_time(by: Account, row: Any) -> QuerySet[Participant]:
    return _my_part(by, row).filter(muted_until__lt=FOR_EVER)


def _counterpart(by: Account, row: Any) -> QuerySet[ProfileRow]:
    others = Participant.filter(conversation_id=row.id).exclude(profile_id=by.id)
    return ProfileRow.pointed_to(by).filter(id__in=Subquery(others.values("profile_id")))


def _last_message(by: Account, row: Any) -> QuerySet[models.conversation.Message]:
    return models.conversation.Message.under(by, "conversation_id", row.id).filter(number=row.last_number)


def _pinned(by: Account, row: Any) -> QuerySet[models.conversation.Message]:
    return models.conversation.Message.pinned_in(row.id)


OF_TWO = Condition("{kind} <> 'CIRCLE'", lambda row: row.kind is not ConversationKind.CIRCLE)
PINNED = Condition("{pinned_at} IS NOT NULL", lambda part: part.pinned_at is not None)
ARCHIVED = Condition("{archived_at} IS NOT NULL", lambda part: part.archived_at is not None)
MUTED = Condition("{muted_until} > {now}", lambda part: part.is_muted)


@node(models.conversation.Conversation, "An ordered row of messages between people.")
class Conversation(Node):
    """An ordered row of messages."""

    kind: ConversationKind
    title: str = strawberry.field(description="What a circle is called; empty in a conversation of two.")
    last_activity_at: datetime
    last_number: int = strawberry.field(description="The number of the last message; 0 while there is none.")
    closed_at: datetime | None = strawberry.field(description="Since when no message is taken any more.")

    counterpart: Profile | None = one(_counterpart, "The other person; null in a circle.", where=OF_TWO)
    last_message: Message | None = one(_last_message, "The last message; null while there is none.", unique=True)
    unread_count: int = value(_my_part, "read_number", "How many messages you have not read.", minuend="last_number")
    read_number: int = value(_my_part, "read_number", "The number of the last message that you have read.")
    my_role: Role = value(_my_part, "role", "What you may do here.")
    pinned: bool = value(_my_part, "pinned_at", "Do you keep it on top?", sql=PINNED)
    archived: bool = value(_my_part, "archived_at", "Have you put it away? A new message brings it back.", sql=ARCHIVED)
    muted: bool = value(_my_part, "muted_until", "Do you want to be told of nothing here at present?", sql=MUTED)
    muted_until: datetime | None = value(
        _muted_for_a_time, "muted_until", "Until when you have muted it; null if you have not, or for ever."
    )
    participants: Connection[ParticipantType] = children(BY_JOINING, "Who takes part, the longest first.")
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


@strawberry.input
class MarkDeliveredInput:
    """How far messages have reached this device."""

    conversation_id: strawberry.ID
    number: int = strawberry.field(description="The number of the last message that your device has.")


@strawberry.input(description="Which of your conversations to list. What is left out or null makes no difference.")
class ConversationFilterInput:
    """Which conversations."""

    kind: ConversationKind | None = None
    unread: bool | None = None
    pinned: bool | None = None
    muted: bool | None = None
    archived: bool | None = strawberry.field(
        default=None, description="True: those that you have archived; else all others."
    )


@strawberry.type
class MarkReadPayload:
    """The conversation with your marker moved."""

    conversation: Conversation


@strawberry.type
class MarkDeliveredPayload:
    """The conversation with your mark moved."""

    conversation: Conversation


@strawberry.type
class ConversationQuery:
    """Reads of conversations."""

    @strawberry.field(description="Your conversations that are not archived, or those of a filter; the latest first.")
    def conversations(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        filter: ConversationFilterInput | None = None,
    ) -> Connection[Conversation]:
        """The viewer's conversations."""
        wanted = vars(filter or ConversationFilterInput())
        found = models.conversation.Conversation.listed(viewer(info), now=info.context.now, **wanted)
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

    @mutation("Say how far messages have reached this device. The mark never moves back; what is read was delivered.")
    async def mark_delivered(self, info: Info, input: MarkDeliveredInput) -> MarkDeliveredPayload:
        """Move the viewer's mark."""
        conversation = await find(models.conversation.Conversation, input.conversation_id, "conversationId", info)
        marked = await conversation.mark_delivered(input.number, by=viewer(info))
        return MarkDeliveredPayload(conversation=as_node(marked))
