"""Bells: "there is something new under this topic". A bell carries no message, so it can be lost or doubled.

The domain rings after commit; a broker in `realtime/` hangs itself up here and carries the sound, to other
processes too. A ring that fails costs delay, never an error: what it announces is stored.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from models.database import after_commit

log = structlog.get_logger()

Ringer = Callable[[Iterable[str]], None]

_ringers: list[Ringer] = []


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


def ring(*topics: str) -> None:
    """Ring once the running unit is stored; at once outside a unit."""
    after_commit(lambda: _sound(topics))


def _sound(topics: tuple[str, ...]) -> None:
    for ringer in _ringers:
        try:
            ringer(topics)
        except Exception:
            log.exception("a bell could not be rung", topics=topics)
