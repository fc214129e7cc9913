"""Bells: "there is something new under this topic". A bell carries no message, so it can be lost or doubled.

The domain rings after commit; a broker in `realtime/` hangs itself up here and carries the sound, to other
processes too. A ring that fails costs delay, never an error: what it announces is stored.

A whisper is a short text for whoever overhears its topic at this moment: who types, who is here. It is stored nowhere
and may be lost on any way, so only what is soon said again may be whispered.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from models.database import after_commit

log = structlog.get_logger()

Ringer = Callable[[Iterable[str]], None]
Whisperer = Callable[[str, str], None]

# Of a whisper's text, in UTF-8.
WHISPER_BYTES = 512

_ringers: list[Ringer] = []
_whisperers: list[Whisperer] = []


def inbox_of(account_id: UUID) -> str:
    """The topic of an account's inbox."""
    return f"inbox {account_id}"


def sign_in_of(session_id: UUID) -> str:
    """The topic of a sign-in: rung when it is revoked."""
    return f"session {session_id}"


def signals_of(participant_id: UUID) -> str:
    """The topic of one participant's signals in a video session."""
    return f"signals {participant_id}"


def hang(ringer: Ringer) -> None:
    """From now on, `ringer` hears every topic that is rung in this process."""
    _ringers.append(ringer)


def take_down(ringer: Ringer) -> None:
    """Undo `hang`."""
    _ringers.remove(ringer)


def pass_on(whisperer: Whisperer) -> None:
    """From now on, `whisperer` is told the topic and the text of every whisper in this process."""
    _whisperers.append(whisperer)


def pass_no_more(whisperer: Whisperer) -> None:
    """Undo `pass_on`."""
    _whisperers.remove(whisperer)


def ring(*topics: str) -> None:
    """Ring once the running unit is stored; at once outside a unit."""
    after_commit(lambda: _sound(topics))


def _sound(topics: tuple[str, ...]) -> None:
    for ringer in _ringers:
        try:
            ringer(topics)
        except Exception:
            log.exception("a bell could not be rung", topics=topics)


def whisper(topic: str, text: str) -> None:
    """Tell whoever overhears the topic now, in every process, at most once: when the running unit is stored, if any.

    Raises ValueError for a text of more than 512 bytes.
    """
    if len(text.encode()) > WHISPER_BYTES:
        raise ValueError(f"A whisper has at most {WHISPER_BYTES} bytes.")
    after_commit(lambda: _tell(topic, text))


def _tell(topic: str, text: str) -> None:
    for whisperer in _whisperers:
        try:
            whisperer(topic, text)
        except Exception:
            log.exception("a whisper could not be passed on", topic=topic)
