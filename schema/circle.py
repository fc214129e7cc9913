"""Opening conversations, and the people of circles."""

import strawberry

import models.conversation
import models.profile
from models.conversation import Circle, Direct, Role
from schema.context import Info, viewer
from schema.conversation import Conversation
from schema.node import as_node, find, global_id, id_of
from schema.refusal import mutation


@strawberry.input
class OpenConversationInput:
    """Whom you want to write to."""

    profile_id: strawberry.ID


@strawberry.input
class OpenCircleInput:
    """A new circle, which you own."""

    title: str
    profile_ids: list[strawberry.ID]
    client_id: strawberry.ID | None = None


@strawberry.input
class RenameCircleInput:
    """What a circle is called from now on."""

    conversation_id: strawberry.ID
    title: str


@strawberry.input
class AddToCircleInput:
    """Whom to let in."""

    conversation_id: strawberry.ID
    profile_ids: list[strawberry.ID]


@strawberry.input
class RemoveFromCircleInput:
    """Whom to put out."""

    conversation_id: strawberry.ID
    profile_id: strawberry.ID


@strawberry.input
class LeaveConversationInput:
    """The circle that you leave."""

    conversation_id: strawberry.ID


@strawberry.input
class SetRoleInput:
    """Who may do what in a circle."""

    conversation_id: strawberry.ID
    profile_id: strawberry.ID
    role: Role


@strawberry.type
class OpenConversationPayload:
    """The conversation of the two of you."""

    conversation: Conversation


@strawberry.type
class OpenCirclePayload:
    """The circle, opened."""

    conversation: Conversation


@strawberry.type
class RenameCirclePayload:
    """The circle under its new title."""

    conversation: Conversation


@strawberry.type
class AddToCirclePayload:
    """The circle with its people."""

    conversation: Conversation


@strawberry.type
class RemoveFromCirclePayload:
    """The circle without them."""

    conversation: Conversation


@strawberry.type
class LeaveConversationPayload:
    """What you have left. It has no node for you any more."""

    conversation_id: strawberry.ID


@strawberry.type
class SetRolePayload:
    """The circle with its roles."""

    conversation: Conversation


@strawberry.type
class CircleMutation:
    """Changes of who takes part in conversations."""

    @mutation(
        "Write to somebody: the conversation of the two of you, whoever opened it, or a new one where both of you and "
        "your organisations allow it."
    )
    async def open_conversation(self, info: Info, input: OpenConversationInput) -> OpenConversationPayload:
        """Find or open the conversation with somebody."""
        profile_id = id_of(models.profile.Profile, input.profile_id, "profileId")
        return OpenConversationPayload(conversation=as_node(await Direct.open(profile_id, by=viewer(info))))

    @mutation("Open a circle with people to whom you may write, or with whom you have a conversation.")
    async def open_circle(self, info: Info, input: OpenCircleInput) -> OpenCirclePayload:
        """Open a circle."""
        people = [id_of(models.profile.Profile, one, "profileIds") for one in input.profile_ids]
        opened = await Circle.open(input.title, people, by=viewer(info), client_id=input.client_id)
        return OpenCirclePayload(conversation=as_node(opened))

    @mutation("Give a circle another title. Its owners and moderators may.")
    async def rename_circle(self, info: Info, input: RenameCircleInput) -> RenameCirclePayload:
        """Rename a circle."""
        circle = await _circle(input.conversation_id, info)
        return RenameCirclePayload(conversation=as_node(await circle.rename(input.title, by=viewer(info))))

    @mutation("Let people into a circle. Its owners and moderators may. They see what was said before.")
    async def add_to_circle(self, info: Info, input: AddToCircleInput) -> AddToCirclePayload:
        """Let people in."""
        circle = await _circle(input.conversation_id, info)
        people = [id_of(models.profile.Profile, one, "profileIds") for one in input.profile_ids]
        return AddToCirclePayload(conversation=as_node(await circle.add(people, by=viewer(info))))

    @mutation("Put somebody out of a circle, at once and on every device. Its owners and moderators may.")
    async def remove_from_circle(self, info: Info, input: RemoveFromCircleInput) -> RemoveFromCirclePayload:
        """Put somebody out."""
        circle = await _circle(input.conversation_id, info)
        profile_id = id_of(models.profile.Profile, input.profile_id, "profileId")
        return RemoveFromCirclePayload(conversation=as_node(await circle.remove(profile_id, by=viewer(info))))

    @mutation("Leave a circle. If you were its last owner, the one who has led or been in it for the longest owns it.")
    async def leave_conversation(self, info: Info, input: LeaveConversationInput) -> LeaveConversationPayload:
        """Leave a circle."""
        circle = await _circle(input.conversation_id, info)
        await circle.leave(by=viewer(info))
        return LeaveConversationPayload(conversation_id=global_id(circle.conversation))

    @mutation("Make somebody in a circle an owner, a moderator or a member. Its owners may; one of them stays.")
    async def set_role(self, info: Info, input: SetRoleInput) -> SetRolePayload:
        """Give somebody a role."""
        circle = await _circle(input.conversation_id, info)
        profile_id = id_of(models.profile.Profile, input.profile_id, "profileId")
        return SetRolePayload(conversation=as_node(await circle.set_role(profile_id, input.role, by=viewer(info))))


async def _circle(conversation_id: str, info: Info) -> Circle:
    return Circle(await find(models.conversation.Conversation, conversation_id, "conversationId", info))
