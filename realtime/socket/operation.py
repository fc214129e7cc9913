"""One operation of a socket."""

import asyncio

from realtime.socket import protocol
from realtime.socket.outlet import Outlet, text_head


class Operation:
    """One id in flight."""

    __slots__ = ("_head", "_outlet", "finishing", "identifier", "is_over", "prefix", "task")

    def __init__(self, identifier: str, outlet: Outlet) -> None:
        self.identifier = identifier
        # Of each of its results; a message is the prefix, the result and a closing brace.
        self.prefix = protocol.next_prefix(identifier)
        # Its last message is being written: a client that uses the id again has seen it.
        self.finishing = False
        # The id is not its own any more: nothing is sent.
        self.is_over = False
        self.task: asyncio.Task[None] | None = None
        self._head = self.prefix.encode()
        self._outlet = outlet

    def offer(self, result: bytes) -> bool:
        """Send a result now, without waiting. False where the client takes nothing now, or the operation is over.

        The frame is put together here: by way of ASGI and the frames of `websockets` it costs twice as much.
        """
        write = self._outlet.write
        if write is None or self.is_over:
            return False
        head = self._head
        write(b"".join((text_head(len(head) + len(result) + 1), head, result, b"}")))
        return True
