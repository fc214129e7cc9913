"""The quick way on SQLite: a job of the writer's thread, within a transaction that it shares with other jobs."""

import sqlite3
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from tortoise.connection import get_connection

from models.base import uuid7
from models.conversation.quick import words
from models.conversation.quick.words import Answer, Draft, Marking, Outcome
from models.inbox import Kind

CONVERSATION = "SELECT * FROM conversation WHERE id = ?"
PEOPLE = "SELECT profile_id FROM participant WHERE conversation_id = ? ORDER BY profile_id"
RECEIPTS = (
    "SELECT profile_id, read_receipts FROM participant JOIN account ON account.id = profile_id"
    " WHERE conversation_id = ? ORDER BY profile_id"
)
MADE_BEFORE = "SELECT * FROM message WHERE author_id = ? AND client_id = ?"
REPLY = "SELECT 1 FROM message WHERE id = ? AND conversation_id = ?"
NEXT_NUMBER = "UPDATE conversation SET last_number = ?, last_activity_at = ? WHERE id = ?"
MESSAGE = (
    "INSERT INTO message (id, created_at, author_id, client_id, content_hash, conversation_id, number, body, html,"
    " reply_to_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *"
)
SEEN_AGAIN = "UPDATE participant SET archived_at = NULL WHERE conversation_id = ? AND archived_at IS NOT NULL"
READ = "UPDATE participant SET read_number = ? WHERE conversation_id = ? AND profile_id = ?"
NOTIFIED = (
    "SELECT 1 FROM notification JOIN message ON message.id = message_id WHERE account_id = ? AND read_at IS NULL"
    " AND message.conversation_id = ? AND message.number <= ? LIMIT 1"
)
FURTHER = f"{READ} AND read_number < ?"
NEXT_POSITION = "UPDATE inbox SET position = position + 1 WHERE id = ? RETURNING position"
EVENT = "INSERT INTO inbox_event (id, created_at, account_id, position, kind, subject_id) VALUES (?, ?, ?, ?, ?, ?)"


async def send(draft: Draft) -> Answer:
    """Store a message."""
    return await _written(partial(_sent, draft=draft))


async def mark(marking: Marking) -> Answer:
    """Move a reader's marker."""
    return await _written(partial(_marked, marking=marking))


async def _written(unit: Any) -> Answer:
    connection: Any = get_connection("sqlite")
    answer: Answer = await connection.write_together(unit)
    return answer


def _sent(db: sqlite3.Connection, draft: Draft) -> Answer:
    conversation, author, moment = str(draft.conversation_id), str(draft.author_id), str(draft.moment)
    found = db.execute(CONVERSATION, (conversation,)).fetchone()
    people = [one for (one,) in db.execute(PEOPLE, (conversation,))]
    if author not in people:
        return Answer(Outcome.NO_CONVERSATION)
    if before := db.execute(MADE_BEFORE, (author, draft.client_id)).fetchone():
        same = before["content_hash"] == draft.content_hash
        return Answer(Outcome.MADE_BEFORE, dict(before)) if same else Answer(Outcome.KEY_REUSED)
    if found["closed_at"] is not None or found["blocks"]:
        return Answer(Outcome.CLOSED if found["closed_at"] is not None else Outcome.BLOCKED)
    reply = None if draft.reply_to_id is None else str(draft.reply_to_id)
    if reply is not None and db.execute(REPLY, (reply, conversation)).fetchone() is None:
        return Answer(Outcome.NO_SUCH_REPLY)
    number = found["last_number"] + 1
    db.execute(NEXT_NUMBER, (number, moment, conversation))
    key, kept = draft.client_id, draft.content_hash
    values = (str(draft.id), moment, author, key, kept, conversation, number, draft.body, draft.html, reply)
    (message,) = db.execute(MESSAGE, values).fetchall()
    db.execute(SEEN_AGAIN, (conversation,))
    db.execute(READ, (number, conversation, author))
    _record(db, Kind.MESSAGE_CREATED, str(draft.id), people, moment)
    return Answer(Outcome.DONE, dict(message), [UUID(one) for one in people])


def _marked(db: sqlite3.Connection, marking: Marking) -> Answer:
    conversation, reader = str(marking.conversation_id), str(marking.reader_id)
    found = db.execute(CONVERSATION, (conversation,)).fetchone()
    shows = dict(tuple(row) for row in db.execute(RECEIPTS, (conversation,)))
    if reader not in shows:
        return Answer(Outcome.NO_CONVERSATION)
    columns = dict(found)
    if not 0 <= marking.number <= found["last_number"]:
        return Answer(Outcome.NO_SUCH_NUMBER, columns)
    if db.execute(NOTIFIED, (reader, conversation, marking.number)).fetchone() is not None:
        return Answer(Outcome.IN_STEPS, columns)
    if not db.execute(FURTHER, (marking.number, conversation, reader, marking.number)).rowcount:
        return Answer(Outcome.NOTHING_NEW, columns)
    passes = found["closed_at"] is None and not found["blocks"]
    told = [reader]
    if passes and shows[reader] and len(shows) <= words.MOST_TOLD_OF_READING:
        told = [person for person, shown in shows.items() if shown]
    _record(db, Kind.READ_MARKER_MOVED, conversation, told, str(marking.moment))
    return Answer(Outcome.DONE, columns, [UUID(one) for one in told])


def _record(db: sqlite3.Connection, kind: Kind, subject: str, people: Iterable[str], moment: str) -> None:
    """What `Inbox.record` does."""
    for account in people:
        ((position,),) = db.execute(NEXT_POSITION, (account,)).fetchall()
        db.execute(EVENT, (str(uuid7()), moment, account, position, kind.value, subject))
