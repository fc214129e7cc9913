"""The quick way on PostgreSQL: one round trip to a function of the database, which is one transaction.

The functions are in the migrations.
"""

from typing import Any

from tortoise.connection import get_connection

from models.conversation.quick import words
from models.conversation.quick.words import Answer, Draft, Marking, Outcome

SEND = "SELECT outcome, written, told FROM send_message($1, $2, $3, $4, $5, $6, $7, $8, $9)"
MARK = "SELECT outcome, marked, told FROM mark_read($1, $2, $3, $4, $5, $6)"


async def send(draft: Draft) -> Answer:
    """Store a message."""
    return await _asked(
        SEND,
        draft.conversation_id,
        draft.author_id,
        draft.client_id,
        draft.content_hash,
        draft.id,
        draft.moment,
        draft.body,
        draft.html,
        draft.reply_to_id,
    )


async def mark(marking: Marking) -> Answer:
    """Move a reader's marker."""
    return await _asked(
        MARK,
        marking.conversation_id,
        marking.reader_id,
        marking.number,
        marking.id,
        marking.moment,
        words.MOST_TOLD_OF_READING,
    )


async def _asked(text: str, *values: Any) -> Answer:
    connection: Any = get_connection("postgres")
    outcome, columns, told = await connection.write_row(text, values)
    return Answer(Outcome(outcome), columns, told or ())
