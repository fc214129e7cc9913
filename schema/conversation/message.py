"""Messages, and what people do with them."""

from datetime import datetime

import strawberry

import models.attachment
import models.conversation
from schema.attachment import Attachment
from schema.connection import Order
from schema.context import Info, viewer
from schema.node import Node, as_node, find, id_of, members, node, related
from schema.plan.read import METADATA, Expression
from schema.profile import Profile
from schema.refusal import mutation

BY_NUMBER = Order("messages", "number")


@node(models.conversation.Message, "A direct message.")
class Message(Node):
    """A direct message."""

    number: int = strawberry.field(description="Dense within the conversation, from 1. Everybody sees the same order.")
    body: str
    author: Profile = related()
    created_at: datetime
    attachments: list[Attachment] = members("position", description="The files that go with it, in their order.")

    @strawberry.field(
        description="The key that its sender gave it; null for everybody else.",
        metadata={METADATA: Expression("CASE WHEN {author_id} = {viewer} THEN {client_id} END")},
    )
    def client_id(root: models.conversation.Message, info: Info) -> strawberry.ID | None:
        """The sender's key, by which their client knows its own message."""
        mine = root.author_id == viewer(info).id and root.client_id is not None
        return strawberry.ID(str(root.client_id)) if mine else None


@strawberry.input
class SendMessageInput:
    """A message, under a key of your own: send it again with the same key if the answer got lost."""

    conversation_id: strawberry.ID
    body: str = strawberry.field(description="May be empty where there are attachments.")
    client_id: strawberry.ID
    attachment_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Files that you have uploaded and not sent yet; at most 10."
    )


@strawberry.type
class SendMessagePayload:
    """The message, stored. (`message` is what a Refusal says; one name cannot be both in one query.)"""

    sent: Message


@strawberry.type
class MessageMutation:
    """Changes of messages."""

    @mutation("Send a message. Once this answers, it is stored; a retry with the same clientId never doubles it.")
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:
        """Send a message."""
        conversation = await find(models.conversation.Conversation, input.conversation_id, "conversationId", info)
        files = [id_of(models.attachment.Attachment, given, "attachmentIds") for given in input.attachment_ids]
        message = await conversation.send(input.body, by=viewer(info), client_id=input.client_id, attachment_ids=files)
        return SendMessagePayload(sent=as_node(message))
