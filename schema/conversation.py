"""Conversations and messages."""

from datetime import datetime
from typing import Any

import strawberry

import models.conversation
from models.profile import Profile as ProfileRow
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.node import Node, as_node, find, node, related
from schema.profile import Profile
from schema.refusal import mutation

LATEST_FIRST = Order("conversations", "-last_activity_at")
BY_NUMBER = Order("messages", "number")


@node(models.conversation.Message, "A direct message.")
class Message(Node):
    """A direct message."""

    number: int = strawberry.field(description="Dense within the conversation, from 1. Everybody sees the same order.")
    body: str
    author: Profile = related()
    created_at: datetime

    @strawberry.field(description="The key that its sender gave it; null for everybody else.")
    def client_id(root: models.conversation.Message, info: Info) -> strawberry.ID | None:
        """The sender's key, by which their client knows its own message."""
        mine = root.author_id == viewer(info).id and root.client_id is not None
        return strawberry.ID(str(root.client_id)) if mine else None


@node(models.conversation.Conversation, "An ordered row of messages between people.")
class Conversation(Node):
    """An ordered row of messages."""

    last_activity_at: datetime
    last_number: int = strawberry.field(description="The number of the last message; 0 while there is none.")
    closed_at: datetime | None = strawberry.field(description="Since when no message is taken any more.")

    @strawberry.field(description="The other person.")
    async def counterpart(root: models.conversation.Conversation, info: Info) -> Profile | None:
        """The participant who is not the viewer."""
        by = viewer(info)
        others = models.conversation.Participant.filter(conversation_id=root.id).exclude(profile_id=by.id)
        person = await others.first()
        return as_node(person and await ProfileRow.visible_to(by).get_or_none(id=person.profile_id))

    @strawberry.field(description="The last message; null while there is none.")
    async def last_message(root: models.conversation.Conversation, info: Info) -> Message | None:
        """The last message."""
        row = await models.conversation.Message.visible_to(viewer(info)).get_or_none(
            conversation_id=root.id, number=root.last_number
        )
        return as_node(row)

    @strawberry.field(description="How many messages you have not read.")
    async def unread_count(root: models.conversation.Conversation, info: Info) -> int:
        """What lies between the viewer's marker and the end."""
        return root.last_number - await _read_number(root, info)

    @strawberry.field(description="The number of the last message that you have read.")
    async def read_number(root: models.conversation.Conversation, info: Info) -> int:
        """The viewer's marker."""
        return await _read_number(root, info)

    @strawberry.field(description="The messages in their order: the `first` after a cursor, or the `last` before one.")
    async def messages(
        root: models.conversation.Conversation,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Message]:
        """A page of messages."""
        rows = models.conversation.Message.visible_to(viewer(info)).filter(conversation_id=root.id)
        return await page(rows, BY_NUMBER, first=first, after=after, last=last, before=before)


async def _read_number(root: Any, info: Info) -> int:
    mine = await models.conversation.Participant.get(conversation_id=root.id, profile_id=viewer(info).id)
    return mine.read_number


@strawberry.input
class SendMessageInput:
    """A message, under a key of your own: send it again with the same key if the answer got lost."""

    conversation_id: strawberry.ID
    body: str
    client_id: strawberry.ID


@strawberry.input
class MarkReadInput:
    """How far you have read."""

    conversation_id: strawberry.ID
    number: int = strawberry.field(description="The number of the last message that you have read.")


@strawberry.type
class SendMessagePayload:
    """The message, stored. (`message` is what a Refusal says; one name cannot be both in one query.)"""

    sent: Message


@strawberry.type
class MarkReadPayload:
    """The conversation with your marker moved."""

    conversation: Conversation


@strawberry.type
class ConversationQuery:
    """Reads of conversations."""

    @strawberry.field(description="Your conversations, the latest activity first.")
    async def conversations(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Conversation]:
        """The viewer's conversations."""
        found = models.conversation.Conversation.visible_to(viewer(info))
        return await page(found, LATEST_FIRST, first=first, after=after)


@strawberry.type
class ConversationMutation:
    """Changes of conversations."""

    @mutation("Send a message. Once this answers, it is stored; a retry with the same clientId never doubles it.")
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:
        """Send a message."""
        conversation = await find(models.conversation.Conversation, input.conversation_id, "conversationId", info)
        message = await conversation.send(input.body, by=viewer(info), client_id=input.client_id)
        return SendMessagePayload(sent=as_node(message))

    @mutation("Say how far you have read. The marker never moves back.")
    async def mark_read(self, info: Info, input: MarkReadInput) -> MarkReadPayload:
        """Move the viewer's marker."""
        conversation = await find(models.conversation.Conversation, input.conversation_id, "conversationId", info)
        return MarkReadPayload(conversation=as_node(await conversation.mark_read(input.number, by=viewer(info))))
