"""Requests whose time to answer is over."""

import structlog

from models import clock
from models.database import transaction
from models.request.request import MentorshipRequest
from models.request.standing import RequestStatus
from models.request.telling import tell

log = structlog.get_logger()

AT_ONCE = 500


async def expire_overdue() -> int:
    """Close the requests that nobody has answered in time, and give the next choices their turn. Returns how many.

    Safe to run in several processes. One that cannot be closed is logged, and does not keep the others open.
    """
    closed = 0
    overdue = MentorshipRequest.filter(status=RequestStatus.PENDING, expires_at__lte=clock.now())
    for request in await overdue.order_by("expires_at").limit(AT_ONCE):
        try:
            closed += await expire(request)
        except Exception:
            # The next round tries it again; those behind it need not wait for that.
            log.exception("a request could not expire", request=str(request.id))
    return closed


@transaction
async def expire(overdue: MentorshipRequest) -> bool:
    """Close it, unless somebody has answered meanwhile: False then."""
    request = await overdue.held()
    if request.status is not RequestStatus.PENDING:
        return False
    await tell(await request.decide(RequestStatus.EXPIRED))
    return True
