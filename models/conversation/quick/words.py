"""What the quick way is given, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from models import clock
from models.base import uuid7

# Of many people, each reading each message would be told to all the others: their number squared. There a client asks
# for the markers when it shows them.
MOST_TOLD_OF_READING = 20


class Outcome(StrEnum):
    """What was decided, in the words of the database's functions."""

    DONE = "DONE"
    # The key has made this message before.
    MADE_BEFORE = "MADE_BEFORE"
    # The marker was as far already.
    NOTHING_NEW = "NOTHING_NEW"
    NO_CONVERSATION = "NO_CONVERSATION"
    KEY_REUSED = "KEY_REUSED"
    CLOSED = "CLOSED"
    BLOCKED = "BLOCKED"
    NO_SUCH_REPLY = "NO_SUCH_REPLY"
    NO_SUCH_NUMBER = "NO_SUCH_NUMBER"
    # It needs more than this; nothing was written.
    IN_STEPS = "IN_STEPS"


@dataclass(frozen=True, slots=True)
class Draft:
    """A message under its author's key. Its body is checked."""

    conversation_id: UUID
    author_id: UUID
    client_id: str
    content_hash: str
    body: str
    html: str = ""
    reply_to_id: UUID | None = None
    id: UUID = field(default_factory=uuid7)
    moment: datetime = field(default_factory=clock.now)


@dataclass(frozen=True, slots=True)
class Marking:
    """How far somebody has read."""

    conversation_id: UUID
    reader_id: UUID
    number: int
    # Of this moment are the ids of the events.
    id: UUID = field(default_factory=uuid7)
    moment: datetime = field(default_factory=clock.now)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided; the row of the message, or of the conversation that was marked; and whose inbox was told."""

    outcome: Outcome
    columns: Mapping[str, Any] | None = None
    told: Sequence[UUID] = ()
