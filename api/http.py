"""HTTP connections with a deadline for headers, and a bound for each address."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0


class Http(HttpToolsProtocol):
    """One connection of uvicorn's HTTP. It is dropped when its headers are slow, or its address has too many."""

    most: ClassVar[int] = 0
    connected: ClassVar[Counter[str]] = Counter()

    _deadline: asyncio.TimerHandle | None = None
    _counted: str | None = None

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

    def on_message_begin(self) -> None:
        """Wait for the headers of the next request. Between requests uvicorn's keep-alive limit runs."""
        self._begin_deadline()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """They came in time."""
        self._end_deadline()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection goes on as a WebSocket, which has bounds of its own."""
        self._forget()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._forget()
        super().connection_lost(exc)

    def _begin_deadline(self) -> None:
        self._end_deadline()
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
