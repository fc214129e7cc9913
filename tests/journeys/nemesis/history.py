"""Histories: what people did and heard, and what is stored in the end. Plain data, which a file can hold.

Ids are global ids; a person is the id of their profile. Times are monotonic seconds of the one process that writes.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

State = dict[str, Any]
"""What a client shows: `conversations` and `mentorships`, by id."""


@dataclass
class Attempt:
    """A deed under its key, tried until it was answered, or given up.

    `tried` is when it was first tried, `answered` when the first answer came. `later` has the answers to the retries
    that came after it. A refusal is an answer too.
    """

    who: str
    deed: str
    key: str
    conversation: str
    said: dict[str, Any]
    tried: float
    answered: float | None = None
    answer: dict[str, Any] | None = None
    refused: str | None = None
    later: list[dict[str, Any]] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        """Has it been answered, and not with a refusal?"""
        return self.answered is not None and self.refused is None


@dataclass
class Event:
    """An event as a device heard it, or as it stands in the log (where nothing of its subject is seen)."""

    position: int
    epoch: str
    kind: str
    subject: str
    seen: dict[str, Any] = field(default_factory=dict)
    at: float = 0.0


@dataclass
class Device:
    """What one device has heard of its owner's inbox, since the beginning."""

    who: str
    name: str
    heard: list[Event] = field(default_factory=list)


@dataclass
class Stored:
    """A message in the database."""

    id: str
    conversation: str
    number: int
    author: str
    client_id: str | None
    body: str


@dataclass
class Log:
    """A person's inbox: where it was at the beginning and is in the end, and the events between."""

    epoch: str
    start: int
    end: int
    events: list[Event] = field(default_factory=list)


@dataclass
class History:
    """All of a run. `conversations` has the people of each; `mentorships` the conversation of each."""

    seed: int
    conversations: dict[str, list[str]] = field(default_factory=dict)
    mentorships: dict[str, str] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    logs: dict[str, Log] = field(default_factory=dict)
    before: dict[str, State] = field(default_factory=dict)
    after: dict[str, State] = field(default_factory=dict)
    troubles: list[tuple[float, str]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Keep it in a file, as JSON."""
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))

    def attempts_at(self, deed: str) -> list[Attempt]:
        """The attempts at one deed, in the order of their first tries."""
        return sorted((one for one in self.attempts if one.deed == deed), key=lambda one: one.tried)
