"""Search: somebody's own messages, by their words."""

import re
import unicodedata
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pypika_tortoise.context import SqlContext
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from models.attachment import Attachment
from models.conversation.message import Message
from models.conversation.participant import Participant
from models.database import dialect
from models.refusal import invalid
from models.text import sought

if TYPE_CHECKING:
    from models.account import Account

LONGEST_SEARCH = 200
MOST_TERMS = 10

# A phrase in quotes, or a word; with a minus before it, what must not be there.
TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')

# Accents, and what no text that is stored can hold.
UNSEEN = re.compile("[\u0300-\u036f\0\ud800-\udfff]")

POSTGRES = (
    "(SELECT id FROM message WHERE message_words(body, conversation_id)"
    " @@ (websearch_to_tsquery('simple', {}) && to_tsquery('simple', ("
    "SELECT string_agg('c' || replace(conversation_id::text, '-', ''), ' | ') FROM participant"
    " WHERE profile_id = {}))))"
)

# A search for nothing is an error of syntax, so there is a key that nobody has.
SQLITE = (
    "(SELECT message_id FROM message_words WHERE message_words MATCH 'keys:(' || coalesce(("
    "SELECT group_concat('c' || replace(conversation_id, '-', ''), ' OR ') FROM participant WHERE profile_id = {}"
    "), 'c') || ') AND body:(' || {} || ')')"
)


def search(
    viewer: "Account",
    text: str,
    *,
    conversation_id: UUID | None = None,
    author_id: UUID | None = None,
    has_attachment: bool = False,
    **bounds: Any,
) -> QuerySet[Message]:
    """The messages that the viewer sees, that have not been deleted, and hold every word and phrase of `text`.

    `"two words"` is a phrase, `-word` must not be there. Accents and capitals do not count. `has_attachment` leaves
    out messages without a file; `bounds` are filters of the moment (`created_at__lt`). Raises `Refused` for a text
    without a word that must be there.
    """
    found = Message.visible_to(viewer).filter(id__in=_Found(viewer, text), deleted_at=None, **bounds)
    if has_attachment:
        carried = Attachment.filter(message_id__isnull=False, removed_at=None)
        found = found.filter(id__in=Subquery(carried.values("message_id")))
    if conversation_id is not None:
        found = found.filter(conversation_id=conversation_id)
    return found if author_id is None else found.filter(author_id=author_id)


def prepared(text: str) -> str:
    """The text as the database takes it. Raises `Refused`."""
    folded = unicodedata.normalize("NFKD", sought(text, "text", longest=LONGEST_SEARCH))
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in TERM.findall(UNSEEN.sub("", folded)):
        words = phrase or word
        if any(map(str.isalnum, words)):
            (unwanted if minus else wanted).append(words)
    if not wanted:
        raise invalid("Give a word to look for.", "text")
    if len(wanted) + len(unwanted) > MOST_TERMS:
        raise invalid(f"At most {MOST_TERMS} words and phrases, please.", "text")
    if dialect() == "postgres":
        return " ".join([*(f'"{term}"' for term in wanted), *(f'-"{term}"' for term in unwanted)])
    every = " AND ".join(f'"{term}"' for term in wanted)
    return f"({every})" + "".join(f' NOT "{term}"' for term in unwanted)


class _Found(Subquery):
    """The ids of the messages that hold what is looked for, in the viewer's conversations."""

    def __init__(self, viewer: "Account", text: str) -> None:
        super().__init__(Participant.filter(profile_id=viewer.id))
        self.words = prepared(text)
        self.viewer_id = viewer.id

    def get_sql(self, ctx: SqlContext) -> str:
        """The statement. Its values become parameters in the order in which they stand there."""
        postgres = dialect() == "postgres"
        first, second = (self.words, self.viewer_id) if postgres else (str(self.viewer_id), self.words)
        return (POSTGRES if postgres else SQLITE).format(_parameter(first, ctx), _parameter(second, ctx))


def _parameter(value: Any, ctx: SqlContext) -> str:
    if ctx.parameterizer is None:
        raise ValueError("a value is never part of a statement's text")
    return ctx.parameterizer.create_param(value).get_sql(ctx)
