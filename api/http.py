"""HTTP connections with a deadline and a bound for headers, and a bound for each address."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0
LARGEST_HEAD = 64 * 1024


class Http(HttpToolsProtocol):
    """One connection of uvicorn's HTTP. It ends when its headers are slow or large, or its address has too many."""

    most: ClassVar[int] = 0
    connected: ClassVar[Counter[str]] = Counter()

    _deadline: asyncio.TimerHandle | None = None
    _counted: str | None = None
    _in_head = False
    _in_body = False
    _head_bytes = 0

    @classmethod
    def bounded(cls, most: int) -> type["Http"]:
        """The protocol with at most so many connections of one address; 0 is no bound."""
        return type("Http", (cls,), {"most": most, "connected": Counter()})

    def connection_made(self, transport: Any) -> None:
        """Count the connection, and begin to wait for its headers."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if self.most and self.connected[address] >= self.most:
            transport.abort()
            return
        self._counted = address
        self.connected[address] += 1
        self._begin_deadline()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of the headers, if they are not all there. Between requests uvicorn's own limit runs."""
        self._in_head = not self._in_body
        super().data_received(data)
        # Nearly every request comes whole. A deadline that is armed and ended for each would cost more than reading it.
        if self._in_head:
            self._head_bytes += len(data)
            if self._deadline is None:
                self._begin_deadline()
            if self._head_bytes > LARGEST_HEAD:
                self.send_400_response(f"The headers have more than {LARGEST_HEAD // 1024} KB.")

    def on_message_begin(self) -> None:
        """The headers of the next request have begun."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """They came in time."""
        self._in_head, self._in_body, self._head_bytes = False, True, 0
        self._end_deadline()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The whole request came; its body has a deadline where it is read (`api/request.py`)."""
        self._in_head = self._in_body = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection goes on as a WebSocket, which has bounds of its own."""
        self._forget()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._forget()
        super().connection_lost(exc)

    def _begin_deadline(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _forget(self) -> None:
        self._end_deadline()
        if self._counted is not None:
            self.connected[self._counted] -= 1
            if not self.connected[self._counted]:
                del self.connected[self._counted]
            self._counted = None
