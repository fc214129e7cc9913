"""Search in one's own conversations."""

from datetime import datetime
from typing import Any

import strawberry

import models.conversation
import models.profile
from models.conversation.search import search
from models.sought import prepared
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.conversation import Message
from schema.node import id_of
from schema.plan.read import PREPARE

NEWEST_FIRST = Order("found messages", "-created_at")


@strawberry.type
class SearchQuery:
    """Search."""

    @strawberry.field(
        description='Your messages that hold every word and `"phrase in quotes"` of a text and no `-word`, the newest '
        "first. Accents and capitals do not count. A message's `number` is its place in its conversation.",
        metadata={PREPARE: {"text": prepared}},
    )
    def search_messages(
        self,
        info: Info,
        text: str,
        conversation_id: strawberry.ID | None = None,
        from_id: strawberry.ID | None = None,
        has_attachment: bool = False,
        sent_after: datetime | None = None,
        sent_before: datetime | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[Message]:
        """The viewer's messages with these words; of one conversation, one author, or a time."""
        bounds = {"created_at__gte": sent_after, "created_at__lt": sent_before}
        found = search(
            viewer(info),
            text,
            conversation_id=_row(models.conversation.Conversation, conversation_id, "conversationId"),
            author_id=_row(models.profile.Profile, from_id, "fromId"),
            has_attachment=has_attachment,
            **{name: moment for name, moment in bounds.items() if moment is not None},
        )
        return page(found, NEWEST_FIRST, first=first, after=after)


def _row(model: Any, global_id: str | None, field: str) -> Any:
    return None if global_id is None else id_of(model, global_id, field)
