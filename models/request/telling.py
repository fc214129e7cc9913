"""Who hears that requests have changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.inbox import Inbox, Kind

if TYPE_CHECKING:
    from models.request.request import MentorshipRequest


async def tell(requests: "Sequence[MentorshipRequest]") -> None:
    """Tell those who know of them that these have changed. Within a unit that holds no inbox yet."""
    if len(requests) > 1:
        await Inbox.hold(person for request in requests for person in request.people)
    for request in requests:
        await Inbox.record(Kind.REQUEST_CHANGED, request, request.people)
