"""What domain code raises.

Exception
├── Refused           a rule says no: becomes a `Refusal` that the client shows
├── Unauthenticated   nobody is signed in, and somebody must be
└── RateLimited       asked too often: come back later
"""

from enum import Enum


class RefusalCode(Enum):
    """Why a verb was refused. A client may branch on it; the message is for people."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    WRONG_STATE = "WRONG_STATE"
    AT_CAPACITY = "AT_CAPACITY"
    LIMIT_REACHED = "LIMIT_REACHED"
    EXPIRED = "EXPIRED"
    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    CLIENT_ID_REUSED = "CLIENT_ID_REUSED"


class Refused(Exception):
    """A rule of the domain says no.

    `field` is the camel-case input field at fault, where there is one; `message` says how to mend it.
    """

    def __init__(self, code: RefusalCode, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class Unauthenticated(Exception):
    """Nobody is signed in, or the sign-in has ended."""


class RateLimited(Exception):
    """Asked too often, or more than can be done now. `retry_after` is in seconds; `what` there is too much of."""

    def __init__(self, retry_after: float, what: str = "Too many attempts") -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after


def not_found(what: str, field: str) -> Refused:
    """What a viewer may not see does not exist for them: one answer for both."""
    return Refused(RefusalCode.NOT_FOUND, f"There is no such {what}.", field)


def invalid(message: str, field: str) -> Refused:
    """A value that cannot be taken; the message says which would be."""
    return Refused(RefusalCode.INVALID, message, field)
