"""What people do with messages: send, edit and delete them, react to them, pin and star them."""

from typing import TypeAlias

import strawberry

import models.attachment
import models.conversation
from models.conversation import Reaction, Star
from schema.context import Info, viewer
from schema.conversation.message import Message, addressed
from schema.node import as_node, find, id_if_given, id_of
from schema.refusal import mutation

Row: TypeAlias = models.conversation.Message


@strawberry.input
class SendMessageInput:
    """A message, under a key of your own: send it again with the same key if the answer got lost."""

    conversation_id: strawberry.ID
    body: str = strawberry.field(
        description="Plain text, with Markdown; `[@Name](Profile:…)` mentions somebody who takes part. "
        "May be empty where there are attachments."
    )
    client_id: strawberry.ID
    reply_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="The message of this conversation that it answers."
    )
    attachment_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Files that you have uploaded and not sent yet; at most 10."
    )


@strawberry.input
class EditMessageInput:
    """What a message of yours says from now on."""

    message_id: strawberry.ID
    body: str


@strawberry.input
class DeleteMessageInput:
    """The message that goes, for everybody."""

    message_id: strawberry.ID


@strawberry.input
class AddReactionInput:
    """One emoji, under a message."""

    message_id: strawberry.ID
    emoji: str


@strawberry.input
class RemoveReactionInput:
    """The emoji of yours that you take back."""

    message_id: strawberry.ID
    emoji: str


@strawberry.input
class PinMessageInput:
    """Whether a message is pinned, for everybody in its conversation."""

    message_id: strawberry.ID
    pinned: bool


@strawberry.input
class StarMessageInput:
    """Whether you have starred a message."""

    message_id: strawberry.ID
    starred: bool


@strawberry.type
class SendMessagePayload:
    """The message, stored. (`message` is what a Refusal says; one name cannot be both in one query.)"""

    sent: Message


@strawberry.type
class EditMessagePayload:
    """The message as it is now."""

    changed: Message


@strawberry.type
class DeleteMessagePayload:
    """The mark that the message leaves."""

    changed: Message


@strawberry.type
class AddReactionPayload:
    """The message with your emoji."""

    changed: Message


@strawberry.type
class RemoveReactionPayload:
    """The message without your emoji."""

    changed: Message


@strawberry.type
class PinMessagePayload:
    """The message, pinned or not."""

    changed: Message


@strawberry.type
class StarMessagePayload:
    """The message, starred or not."""

    changed: Message


async def _meant(message_id: strawberry.ID, info: Info) -> Row:
    return await find(Row, message_id, "messageId", info)


@strawberry.type
class MessageMutation:
    """Changes of messages."""

    @mutation("Send a message. Once this answers, it is stored; a retry with the same clientId never doubles it.")
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:
        """Send a message."""
        by = viewer(info)
        reply_to_id = id_if_given(Row, input.reply_to_id, "replyToId")
        attachment_ids = [id_of(models.attachment.Attachment, one, "attachmentIds") for one in input.attachment_ids]
        message = await addressed(input.conversation_id).send(
            input.body,
            by=by,
            client_id=input.client_id,
            reply_to_id=reply_to_id,
            attachment_ids=attachment_ids,
        )
        return SendMessagePayload(sent=as_node(message))

    @mutation("Edit a message of yours, within 24 hours. What it said before is kept.")
    async def edit_message(self, info: Info, input: EditMessageInput) -> EditMessagePayload:
        """Edit a message."""
        message = await _meant(input.message_id, info)
        return EditMessagePayload(changed=as_node(await message.edit(input.body, by=viewer(info))))

    @mutation(
        "Delete a message for everybody: yours within 48 hours; any, where you own or moderate the circle. "
        "Its copies with goals and meetings go too; its place remains."
    )
    async def delete_message(self, info: Info, input: DeleteMessageInput) -> DeleteMessagePayload:
        """Delete a message."""
        message = await _meant(input.message_id, info)
        return DeleteMessagePayload(changed=as_node(await message.delete_for_all(by=viewer(info))))

    @mutation("Put an emoji under a message.")
    async def add_reaction(self, info: Info, input: AddReactionInput) -> AddReactionPayload:
        """Put an emoji under a message."""
        message = await _meant(input.message_id, info)
        return AddReactionPayload(changed=as_node(await Reaction.add(message, input.emoji, by=viewer(info))))

    @mutation("Take an emoji of yours back.")
    async def remove_reaction(self, info: Info, input: RemoveReactionInput) -> RemoveReactionPayload:
        """Take an emoji back."""
        message = await _meant(input.message_id, info)
        return RemoveReactionPayload(changed=as_node(await Reaction.remove(message, input.emoji, by=viewer(info))))

    @mutation("Pin a message for everybody, or unpin it. In a circle, its owner and moderators do.")
    async def pin_message(self, info: Info, input: PinMessageInput) -> PinMessagePayload:
        """Pin or unpin a message."""
        message = await _meant(input.message_id, info)
        return PinMessagePayload(changed=as_node(await message.pin(input.pinned, by=viewer(info))))

    @mutation("Star a message, or no longer. Only you know.")
    async def star_message(self, info: Info, input: StarMessageInput) -> StarMessagePayload:
        """Star or unstar a message."""
        message = await _meant(input.message_id, info)
        return StarMessagePayload(changed=as_node(await Star.put(message, input.starred, by=viewer(info))))
