"""The outlet of a socket: where text goes to its client at once, past ASGI and its tasks."""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

# The ASGI extension of a server that can write at once: the socket's `Outlet`.
OUTLET: Final = "websocket.outlet"


class Outlet:
    """Writes to one client, while it takes something. The server opens and shuts it, and the endpoint ends it.

    One event goes to hundreds of sockets. So whether a client takes anything is noted here whenever that changes,
    and not asked of everybody who knows whenever there is something to write.
    """

    __slots__ = ("_has_ended", "write")

    def __init__(self) -> None:
        # Takes a whole frame; None while nothing may be written.
        self.write: Callable[[bytes], None] | None = None
        self._has_ended = False

    def open(self, write: Callable[[bytes], None]) -> None:
        """From now on the client takes something, by this function."""
        if not self._has_ended:
            self.write = write

    def shut(self) -> None:
        """It takes nothing for now."""
        self.write = None

    def end(self) -> None:
        """Nothing is written any more, whatever the client takes."""
        self._has_ended = True
        self.write = None


@lru_cache(maxsize=4096)
def text_head(length: int) -> bytes:
    """What stands before the text in an unmasked frame of its own (RFC 6455, 5.2)."""
    if length < 126:
        return struct.pack("!BB", 0x81, length)
    return struct.pack("!BBH", 0x81, 126, length) if length < 65_536 else struct.pack("!BBQ", 0x81, 127, length)
