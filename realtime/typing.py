"""Typing: who is writing in a conversation at this moment. It is whispered, and kept nowhere."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import orjson

from models import bell
from models.account import Account
from models.conversation import Conversation, Participant
from realtime.bells import Bells

# However often somebody says so, others hear it once in so many seconds; and if they say no more, it ends.
AGAIN_SECONDS = 3.0
ENDS_SECONDS = 6.0

# The conversations in which somebody was typing lately.
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody has begun to write, or has stopped."""

    profile_id: UUID
    typing: bool


class Typists:
    """Passes on who types, and no more often than is of use."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[UUID, UUID], float] = OrderedDict()

    def say(self, conversation: Conversation, *, by: Account, typing: bool) -> None:
        """Tell those who look at the conversation. Raises `Refused` where nothing may be written any more."""
        conversation.must_take_messages()
        key, now = (conversation.id, by.id), asyncio.get_running_loop().time()
        if typing and now < self._said.get(key, 0.0):
            return
        self._said.pop(key, None)
        if typing:
            self._said[key] = now + AGAIN_SECONDS
            if len(self._said) > KEPT:
                self._said.popitem(last=False)
        text = orjson.dumps({"by": str(by.id), "typing": typing}).decode()
        bell.whisper(_topic(conversation.id), text)


async def typing(
    bells: Bells, viewer: Account, conversation: Conversation, *, ends: float = ENDS_SECONDS
) -> AsyncGenerator[Typing, None]:
    """Others who begin to write in a conversation, and stop. Ends when the viewer takes no part in it any more."""
    until: dict[UUID, float] = {}
    loop = asyncio.get_running_loop()
    with bells.overhear(_topic(conversation.id)) as ear:
        while True:
            try:
                async with asyncio.timeout_at(min(until.values(), default=None)):
                    whisper = await anext(ear)
            except TimeoutError:
                changes = [Typing(one, False) for one, end in until.items() if end <= loop.time()]
            else:
                changes = _heard(whisper.text, viewer, until, loop.time() + ends)
            for change in changes:
                if not change.typing:
                    until.pop(change.profile_id, None)
            if changes and not await _takes_part(viewer, conversation):
                return
            for change in changes:
                yield change


def _heard(text: str, viewer: Account, until: dict[UUID, float], end: float) -> list[Typing]:
    with suppress(ValueError, KeyError, TypeError):
        said = orjson.loads(text)
        by, typing = UUID(str(said["by"])), bool(said["typing"])
        known = by in until
        if typing and by != viewer.id:
            until[by] = end
        if known is not typing and by != viewer.id:
            return [Typing(by, typing)]
    return []


async def _takes_part(viewer: Account, conversation: Conversation) -> bool:
    return await Participant.exists(conversation_id=conversation.id, profile_id=viewer.id)


def _topic(conversation_id: UUID) -> str:
    return f"typing {conversation_id}"
