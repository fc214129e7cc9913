"""Scheduled messages."""

from datetime import datetime

import strawberry

import models.conversation
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.conversation.conversation import Conversation
from schema.conversation.message import Message
from schema.node import Node, as_node, find, id_if_given, node, related
from schema.refusal import mutation

SOONEST_FIRST = Order("scheduledMessages", "send_at")


@node(models.conversation.ScheduledMessage, "A message that you have written for later. Only you see it.")
class ScheduledMessage(Node):
    """A message that its author has written for later."""

    conversation: Conversation = related()
    body: str = strawberry.field(description="Empty once it is sent or cancelled.")
    reply_to: Message | None = related("The message that it will answer.")
    send_at: datetime
    created_at: datetime
    sent: Message | None = related("The message that it has become.")
    cancelled_at: datetime | None
    refusal: str = strawberry.field(description="Why it could not be sent when its time had come; empty otherwise.")


@strawberry.input
class ScheduleMessageInput:
    """A message for later, under a key of your own."""

    conversation_id: strawberry.ID
    body: str
    send_at: datetime = strawberry.field(description="At least a minute and at most a year from now.")
    client_id: strawberry.ID
    reply_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="The message of this conversation that it answers."
    )


@strawberry.input
class CancelScheduledMessageInput:
    """The message that shall not be sent; or one that was refused, and is out of sight from then on."""

    scheduled_message_id: strawberry.ID


@strawberry.type
class ScheduleMessagePayload:
    """The message that waits."""

    scheduled: ScheduledMessage


@strawberry.type
class CancelScheduledMessagePayload:
    """The message, cancelled."""

    scheduled: ScheduledMessage


@strawberry.type
class ScheduledMessageQuery:
    """Reads of scheduled messages."""

    @strawberry.field(description="Your messages that wait, and those that could not be sent; the soonest first.")
    def scheduled_messages(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[ScheduledMessage]:
        """The viewer's scheduled messages."""
        rows = models.conversation.ScheduledMessage.pending(viewer(info))
        return page(rows, SOONEST_FIRST, first=first, after=after)


@strawberry.type
class ScheduledMessageMutation:
    """Changes of scheduled messages."""

    @mutation("Write a message that is sent later. Where it cannot be sent then, it says why.")
    async def schedule_message(self, info: Info, input: ScheduleMessageInput) -> ScheduleMessagePayload:
        """Write a message for later."""
        reply_to_id = id_if_given(models.conversation.Message, input.reply_to_id, "replyToId")
        conversation = await find(models.conversation.Conversation, input.conversation_id, "conversationId", info)
        written = await models.conversation.ScheduledMessage.write(
            conversation,
            input.body,
            by=viewer(info),
            send_at=input.send_at,
            client_id=input.client_id,
            reply_to_id=reply_to_id,
        )
        return ScheduleMessagePayload(scheduled=as_node(written))

    @mutation("Do not send a scheduled message; or put one out of sight that was refused.")
    async def cancel_scheduled_message(
        self, info: Info, input: CancelScheduledMessageInput
    ) -> CancelScheduledMessagePayload:
        """Cancel a scheduled message."""
        row = models.conversation.ScheduledMessage
        scheduled = await find(row, input.scheduled_message_id, "scheduledMessageId", info)
        return CancelScheduledMessagePayload(scheduled=as_node(await scheduled.cancel(by=viewer(info))))
