"""Search: somebody's own messages, by their words."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from pypika_tortoise.context import SqlContext
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from models.attachment import Attachment
from models.conversation.message import Message
from models.conversation.participant import Participant
from models.database import dialect
from models.sought import parameter, prepared

if TYPE_CHECKING:
    from models.account import Account

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
        return (POSTGRES if postgres else SQLITE).format(parameter(first, ctx), parameter(second, ctx))
