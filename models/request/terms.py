"""What somebody has in mind when they ask: for how long, how often, in which way, and in which programme."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict
from uuid import UUID

from models import clock
from models.mentorship import Cadence, MeetingKind
from models.organisation import Programme
from models.refusal import invalid

if TYPE_CHECKING:
    from models.account import Account

REPLY_WITHIN = timedelta(days=14)
SHORTEST_MONTHS, LONGEST_MONTHS = 1, 24


class Terms(TypedDict):
    """What somebody has in mind. Without a format they mean to meet by video, without a programme outside of all."""

    months: int
    cadence: Cadence
    format: NotRequired[MeetingKind]
    programme_id: NotRequired[UUID | None]


def content_of(terms: Terms) -> dict[str, Any]:
    """What of the terms an idempotency key stands for.

    What is left out and what is said to be the usual are one thing, and both leave no trace: so a key that was used
    before there were formats and programmes still finds its request.
    """
    content: dict[str, Any] = {"months": terms["months"], "cadence": terms["cadence"].value}
    if (way := terms.get("format", MeetingKind.VIDEO)) is not MeetingKind.VIDEO:
        content["format"] = way.value
    if (programme_id := terms.get("programme_id")) is not None:
        content["programme_id"] = programme_id
    return content


async def programme_of(terms: Terms, by: "Account") -> Programme | None:
    """The programme that the terms name, once they are checked. Raises `Refused`, naming the field at fault."""
    if not SHORTEST_MONTHS <= terms["months"] <= LONGEST_MONTHS:
        raise invalid(f"A mentorship is meant for {SHORTEST_MONTHS} to {LONGEST_MONTHS} months.", "months")
    programme_id = terms.get("programme_id")
    return None if programme_id is None else await Programme.seen_by(by, programme_id, "programmeId")


def reply_by(programme: Programme | None) -> datetime:
    """Until when somebody who is asked now can answer: as the programme says, else within the usual time."""
    days = None if programme is None else programme.reply_days
    return clock.now() + (REPLY_WITHIN if days is None else timedelta(days=days))
