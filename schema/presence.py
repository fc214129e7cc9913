"""Who is there, and who is typing. Nothing of it is stored."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

import strawberry

import models.conversation
import models.profile
import realtime.presence
import realtime.typing
from models.refusal import invalid
from realtime.presence import PresenceState
from schema.context import Info, viewer
from schema.conversation import Conversation
from schema.node import as_node, find, global_id_of, id_of
from schema.profile import Profile
from schema.refusal import mutation

MOST_PEOPLE = 100

strawberry.enum(PresenceState, description="Somebody has a device here; has left all that are here; or has none here.")


@strawberry.type(description="Whether somebody is there.")
class Presence:
    """Whether somebody is there."""

    profile_id: strawberry.ID
    state: PresenceState = strawberry.field(description="OFFLINE too for people who do not show it to you.")
    last_seen_at: datetime | None = strawberry.field(description="When they left, if they are not there; if known.")


@strawberry.type(description="Somebody has begun to write, or has stopped.")
class Typing:
    """Somebody has begun to write, or has stopped."""

    profile: Profile
    typing: bool


@strawberry.input
class SetPresenceInput:
    """Whether you are at the device that you are asking with."""

    away: bool


@strawberry.input
class SetTypingInput:
    """Whether you are writing, and where."""

    conversation_id: strawberry.ID
    typing: bool = True


@strawberry.type
class SetPresencePayload:
    """What was said."""

    away: bool


@strawberry.type
class SetTypingPayload:
    """Where it was said."""

    conversation: Conversation


@strawberry.type
class PresenceMutation:
    """What one says of oneself."""

    @mutation("Say that you have left this device, or are back at it. A device is there while it holds a socket.")
    async def set_presence(self, info: Info, input: SetPresenceInput) -> SetPresencePayload:
        """Leave this device, or come back to it."""
        by = viewer(info)
        assert info.context.session is not None
        realtime.presence.set_away(by.id, info.context.session.id, input.away)
        return SetPresencePayload(away=input.away)

    @mutation("Say that you are writing, as often as you like. It ends 6 seconds after the last time.")
    async def set_typing(self, info: Info, input: SetTypingInput) -> SetTypingPayload:
        """Tell the others that one is writing."""
        conversation = await find(models.conversation.Conversation, input.conversation_id, "conversationId", info)
        info.context.typists.say(conversation, by=viewer(info), typing=input.typing)
        return SetTypingPayload(conversation=as_node(conversation))


@strawberry.type
class PresenceSubscription:
    """What passes."""

    @strawberry.subscription(
        description="Whether these people are there (100 at most): all of them first, then whoever has changed."
    )
    async def presence(self, info: Info, profile_ids: list[strawberry.ID]) -> AsyncGenerator[list[Presence], None]:
        """How it is with some people."""
        by = viewer(info)
        if not 1 <= len(profile_ids) <= MOST_PEOPLE:
            raise invalid(f"Name 1 to {MOST_PEOPLE} people.", "profileIds")
        keys = {id_of(models.profile.Profile, one, "profileIds"): None for one in profile_ids}
        async with aclosing(realtime.presence.presence(info.context.roster, by, keys)) as items:
            async for changed in items:
                yield [
                    Presence(
                        profile_id=global_id_of(models.profile.Profile, one.account_id),
                        state=one.state,
                        last_seen_at=one.last_seen_at,
                    )
                    for one in changed
                ]

    @strawberry.subscription(description="Others who begin to write in a conversation of yours, and stop.")
    async def typing(self, info: Info, conversation_id: strawberry.ID) -> AsyncGenerator[Typing, None]:
        """Who writes."""
        by = viewer(info)
        conversation = await find(models.conversation.Conversation, conversation_id, "conversationId", info)
        async with aclosing(realtime.typing.typing(info.context.bells, by, conversation)) as items:
            async for item in items:
                profile = await models.profile.Profile.visible_to(by).get_or_none(id=item.profile_id)
                if profile is not None:
                    yield Typing(profile=as_node(profile), typing=item.typing)
