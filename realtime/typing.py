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

# In that time somebody may stop and begin again so often; who does more is a program, and each time is asked about by
# everybody who hears it.
MOST_CHANGES = 4

# The conversations in which somebody was typing lately.
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody has begun to write, or has stopped."""

    profile_id: UUID
    typing: bool


@dataclass(slots=True)
class _Said:
    """What somebody said last; and until when they may change it how often."""

    typing: bool
    until: float
    changes: int = MOST_CHANGES


class Typists:
    """Passes on who types, and no more often than is of use."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[UUID, UUID], _Said] = OrderedDict()

    def say(self, conversation: Conversation, *, by: Account, typing: bool) -> None:
        """Tell those who look at the conversation. Raises `Refused` where nothing may be written any more."""
        conversation.must_take_messages()
        if self._is_new((conversation.id, by.id), typing):
            text = orjson.dumps({"by": str(by.id), "typing": typing}).decode()
            bell.whisper(_topic(conversation.id), text)

    def _is_new(self, key: tuple[UUID, UUID], typing: bool) -> bool:
        now, said = asyncio.get_running_loop().time(), self._said.get(key)
        if said is not None and now < said.until:
            if typing is said.typing or not said.changes:
                return False
            said.typing, said.changes = typing, said.changes - 1
            return True
        self._said.pop(key, None)
        self._said[key] = _Said(typing, now + AGAIN_SECONDS)
        if len(self._said) > KEPT:
            self._said.popitem(last=False)
        return True


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
