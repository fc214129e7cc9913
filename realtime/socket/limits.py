"""How much one client may ask of a socket."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Times are in seconds. What exceeding a limit leads to is told by `CloseCode`."""

    connection_init: float = 5.0
    """Until the first message, `connection_init`, must have come."""
    admission: float = 10.0
    """Until the application must have admitted the client."""
    write: float = 15.0
    """How long one write may wait for a reader that takes nothing."""
    goodbye: float = 5.0
    """How long the close frame may wait; after it the socket is dropped."""
    sockets_per_account: int = 5
    # A campus or a company is one address for many people, so strangers get more room than one account.
    sockets_per_address: int = 20
    """Open sockets of strangers, who have no account."""
    operations: int = 20
    """In flight on one socket: queries, mutations and subscriptions together."""
    messages_per_second: float = 20.0
    burst: int = 60
    message_bytes: int = 65_536
    """One message from the client, in UTF-8."""


class TokenBucket:
    """Lets `burst` through at once and `rate` a second in the long run."""

    __slots__ = ("_burst", "_clock", "_rate", "_since", "_tokens")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._since = clock()

    def take(self) -> bool:
        """Take one token; False where none is left."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._rate)
        self._since = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
