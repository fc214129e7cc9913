"""What a socket needs of the application behind it."""

from collections.abc import AsyncGenerator, Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from starlette.requests import HTTPConnection


class Forbidden(Exception):
    """Raised by `Application.admit`: the socket is closed with 4403 and this reason, for the client to see."""

    def __init__(self, reason: str = "Forbidden") -> None:
        super().__init__(reason)
        self.reason = reason


class Rejected(Exception):
    """Raised by `Application.run`: the operation ends with an `error` message of these GraphQL errors."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors


class Unavailable(Exception):
    """Raised by `Application.run`: what it needs is away for now. The socket is closed with 1013, to come back soon."""


class Admission(Protocol):
    """What a client was granted at `connection_init`."""

    @property
    def account(self) -> Hashable:
        """Whose sockets are counted together; None for a stranger, who is counted by address."""


A = TypeVar("A", bound=Admission)

# Takes the JSON of an ExecutionResult and sends it at once; or returns False: the client takes nothing just now, or
# nothing of this operation any more.
Offer = Callable[[bytes], bool]


class Application(Protocol[A]):
    """Admits clients and runs their operations. An error that is not named here is logged and masked."""

    async def admit(self, payload: dict[str, Any], connection: HTTPConnection) -> A:
        """Decide on the payload of `connection_init` ({} where it has none). Raises `Forbidden`.

        Any other error closes the socket with 1013, so that clients come back after an outage.
        """

    async def revoked(self, admission: A) -> str:
        """Return, with the reason for the client, once the admission has ended: it closes the socket with 4401.

        It is called after `admit` and must also notice an end that came between the two. An error closes the
        socket with 1013: a socket that nobody could revoke does not stay open.
        """

    def run(self, admission: A, request: Mapping[str, Any], offer: Offer) -> AsyncGenerator[bytes, None]:
        """Yield the JSON of each ExecutionResult; the next is asked for once this one is sent.

        While the next is asked for, `offer` may be given any number of them before it, with nobody woken for each.

        The request has `query` (text) and may have `variables`, `operationName` and `extensions`. Raises
        `Rejected`. The generator is cancelled when the client completes the operation or the socket ends.
        """
