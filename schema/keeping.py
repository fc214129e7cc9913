"""How somebody keeps their conversations: muted, pinned, archived. Nobody else is told."""

from datetime import datetime

import strawberry

import models.conversation
from models.refusal import invalid
from schema.context import Info, viewer
from schema.conversation import Conversation
from schema.node import as_node, find
from schema.refusal import mutation


@strawberry.input
class MuteConversationInput:
    """Whether you want to be told of a conversation."""

    conversation_id: strawberry.ID
    muted: bool = strawberry.field(default=True, description="False to be told of it again.")
    until: datetime | None = strawberry.field(default=None, description="A moment to come; null for ever.")


@strawberry.input
class PinConversationInput:
    """Whether you keep a conversation on top."""

    conversation_id: strawberry.ID
    pinned: bool


@strawberry.input
class ArchiveConversationInput:
    """Whether you put a conversation away."""

    conversation_id: strawberry.ID
    archived: bool


@strawberry.type
class MuteConversationPayload:
    """The conversation as you keep it."""

    conversation: Conversation


@strawberry.type
class PinConversationPayload:
    """The conversation as you keep it."""

    conversation: Conversation


@strawberry.type
class ArchiveConversationPayload:
    """The conversation as you keep it."""

    conversation: Conversation


@strawberry.type
class KeepingMutation:
    """Changes of how the viewer keeps conversations."""

    @mutation("Mute a conversation for a time or for ever, or unmute it. Your other devices hear of it; nobody else.")
    async def mute_conversation(self, info: Info, input: MuteConversationInput) -> MuteConversationPayload:
        """Mute or unmute."""
        conversation, part = await _kept(input.conversation_id, info)
        if input.muted:
            await part.mute(input.until)
        elif input.until is not None:
            raise invalid("Give no moment to unmute.", "until")
        else:
            await part.unmute()
        return MuteConversationPayload(conversation=as_node(conversation))

    @mutation("Keep a conversation on top of your list, or no longer.")
    async def pin_conversation(self, info: Info, input: PinConversationInput) -> PinConversationPayload:
        """Pin or unpin."""
        conversation, part = await _kept(input.conversation_id, info)
        await part.pin(input.pinned)
        return PinConversationPayload(conversation=as_node(conversation))

    @mutation("Put a conversation away, or take it back. A new message brings it back.")
    async def archive_conversation(self, info: Info, input: ArchiveConversationInput) -> ArchiveConversationPayload:
        """Archive or take back."""
        conversation, part = await _kept(input.conversation_id, info)
        await part.archive(input.archived)
        return ArchiveConversationPayload(conversation=as_node(conversation))


async def _kept(
    conversation_id: str, info: Info
) -> tuple[models.conversation.Conversation, models.conversation.Participant]:
    conversation = await find(models.conversation.Conversation, conversation_id, "conversationId", info)
    return conversation, await models.conversation.Participant.of(conversation.id, viewer(info))
