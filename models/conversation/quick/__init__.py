"""The quick way to send and to mark: what is done most often, as one unit that Python does not step through.

On PostgreSQL it is one call of a function in the database, on SQLite one job of the writer, stored together with
those that wait beside it. It decides what the verbs of `Conversation` decide that go step by step, and writes the
same rows; a test compares the two ways. What needs more than this goes step by step.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from models import bell
from models.base import key_reused
from models.conversation import refusals
from models.conversation.message import Message
from models.conversation.quick import postgres, sqlite
from models.conversation.quick.words import Answer, Draft, Marking, Outcome
from models.database import again, dialect, shielded, within_unit
from models.refusal import Refused

__all__ = ["Draft", "Marking", "is_open", "mark", "send"]

REFUSALS: dict[Outcome, Callable[[], Refused]] = {
    Outcome.NO_CONVERSATION: refusals.no_conversation,
    Outcome.KEY_REUSED: key_reused,
    Outcome.CLOSED: refusals.closed,
    Outcome.BLOCKED: refusals.blocked,
    Outcome.NO_SUCH_REPLY: refusals.no_such_reply,
}


def is_open() -> bool:
    """May the quick way be taken? It is a unit of its own, so not within another one."""
    return not within_unit()


async def send(draft: Draft) -> Message:
    """The message, stored and told to everybody; the first one, for a retry. Raises `Refused`."""
    way = postgres.send if dialect() == "postgres" else sqlite.send
    return Message.of_columns(_columns(await _answered(lambda: way(draft))))


async def mark(marking: Marking) -> Mapping[str, Any] | None:
    """The columns of the conversation, with the reader's marker moved; None where it must go step by step.

    Raises `Refused`.
    """
    way = postgres.mark if dialect() == "postgres" else sqlite.mark
    answer = await _answered(lambda: way(marking))
    return None if answer.outcome is Outcome.IN_STEPS else _columns(answer)


def _columns(answer: Answer) -> Mapping[str, Any]:
    if answer.columns is None:
        raise REFUSALS[answer.outcome]()
    if answer.outcome is Outcome.NO_SUCH_NUMBER:
        raise refusals.no_such_number(answer.columns["last_number"])
    return answer.columns


async def _answered(attempt: Callable[[], Awaitable[Answer]]) -> Answer:
    return await shielded(_done(attempt))


async def _done(attempt: Callable[[], Awaitable[Answer]]) -> Answer:
    # In one piece under the shield: if the caller has gone meanwhile, the bells are rung all the same.
    answer = await again(attempt)
    bell.ring(*map(bell.inbox_of, answer.told))
    return answer
