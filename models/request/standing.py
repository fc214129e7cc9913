"""Where a request stands: the name of its state, whose move it is, and what comes next. Said alike to both sides."""

from enum import StrEnum
from typing import Final, NamedTuple


class RequestStatus(StrEnum):
    """Where a request stands. Only one that is queued or pending can change."""

    # One of several choices of a mentee, whose turn has not come: its mentor does not know of it.
    QUEUED = "QUEUED"
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    # Another one was accepted first.
    SUPERSEDED = "SUPERSEDED"
    # A choice that was never put to its mentor, as they could not be asked any more.
    PASSED_OVER = "PASSED_OVER"


class RequestOwner(StrEnum):
    """Whose move it is."""

    MENTOR = "MENTOR"
    MENTEE = "MENTEE"
    NOBODY = "NOBODY"


class Standing(NamedTuple):
    """What a client can show of a state, in plain sentences."""

    owner: RequestOwner
    waiting_for: str
    next_step: str


def _closed(waiting_for: str, next_step: str) -> Standing:
    return Standing(RequestOwner.NOBODY, waiting_for, next_step)


def _asked(by_mentor: bool) -> dict[RequestStatus, Standing]:
    asker, other = ("mentor", "mentee") if by_mentor else ("mentee", "mentor")
    return {
        RequestStatus.QUEUED: _closed(
            "Waiting for its turn.", "It is asked when the choices before it have come to nothing."
        ),
        RequestStatus.PENDING: Standing(
            RequestOwner(other.upper()),
            f"Waiting for the {other}.",
            f"The {other} accepts or declines; without an answer in time the request expires.",
        ),
        RequestStatus.ACCEPTED: _closed("Accepted.", "The two go on in their mentorship."),
        RequestStatus.DECLINED: _closed(f"Declined by the {other}.", f"The {asker} may ask somebody else."),
        RequestStatus.WITHDRAWN: _closed(f"Withdrawn by the {asker}.", f"The {asker} may ask again."),
        RequestStatus.EXPIRED: _closed("Not answered in time.", f"The {asker} may ask again, or somebody else."),
        RequestStatus.SUPERSEDED: _closed("Not needed: another choice was accepted.", "Nothing is left to do."),
        RequestStatus.PASSED_OVER: _closed(
            "Passed over: it could not be asked any more.", "The choice behind it, if there is one, has its turn."
        ),
    }


# By the state, and whether the mentor has asked.
STANDINGS: Final[dict[tuple[RequestStatus, bool], Standing]] = {
    (status, by_mentor): standing for by_mentor in (False, True) for status, standing in _asked(by_mentor).items()
}
