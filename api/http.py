"""HTTP connections with bounds: for headers, for clients that take nothing, and for each address."""

import asyncio
from collections import Counter
from collections.abc import Container
from functools import partial
from typing import Any, ClassVar

from uvicorn.middleware.proxy_headers import _TrustedHosts
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from models.address import neighbourhood
from realtime.socket.transport import Transport

HEADER_SECONDS = 10.0
LARGEST_HEAD = 64 * 1024
MOST_FIELDS = 100

# Who takes nothing for so long is cut off. It is looked at a few times meanwhile.
READER_SECONDS = 15.0
LOOKS = 5


class TooManyFields(Exception):
    """The headers have more fields than are read."""


class Http(HttpToolsProtocol):
    """One connection of uvicorn's HTTP.

    It ends when its headers are slow or large, when its client takes nothing, or when its address has too many.
    """

    most: ClassVar[int] = 0
    proxies: ClassVar[Container[str]] = ()
    connected: ClassVar[Counter[str]] = Counter()

    _deadline: asyncio.TimerHandle | None = None
    _next_look: asyncio.TimerHandle | None = None
    _seat: str | None = None
    _in_head = False
    _in_body = False
    # Behind the header of a chunk, and nothing of the chunk came yet: the last one has none, but trailers.
    _in_trailers = False
    _ended_here = False
    _body_here = False
    _head_bytes = 0
    _unread = 0
    _taken_at = 0.0

    @classmethod
    def bounded(cls, most: int, trusted_proxies: str = "") -> type["Http"]:
        """The protocol with at most so many connections of one address; 0 is no bound.

        A proxy's connections are its clients': they are not counted. `trusted_proxies` are addresses and networks by
        commas, and "*" for all, as uvicorn's `forwarded_allow_ips`.
        """
        return type("Http", (cls,), {"most": most, "proxies": _TrustedHosts(trusted_proxies), "connected": Counter()})

    def connection_made(self, transport: Any) -> None:
        """Count the connection, and begin to wait for its headers."""
        super().connection_made(transport)
        if self.most and self.client and self.client[0] not in self.proxies:
            seat = neighbourhood(self.client[0])
            if self.connected[seat] >= self.most:
                transport.abort()
                return
            self._seat = seat
            self.connected[seat] += 1
        self._begin_deadline()
        self._look_soon()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of the headers, if they are not all there. Between requests uvicorn's own limit runs."""
        self._in_head, in_trailers = not self._in_body, self._in_trailers
        self._ended_here = self._body_here = False
        super().data_received(data)
        # Nearly every request comes whole. A deadline that is armed and ended for each would cost more than reading it.
        if self._in_head:
            # Where a message ended in this piece, most of the piece may have been its body.
            self._head_bytes += 0 if self._ended_here else len(data)
            if self._deadline is None:
                self._begin_deadline()
            if self._head_bytes > LARGEST_HEAD:
                self.send_400_response(f"The headers have more than {LARGEST_HEAD // 1024} KB.")
        elif in_trailers and self._in_trailers and not self._body_here:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                # The request may have its answer, or half of it: no other one can be sent.
                self.transport.abort()

    def on_message_begin(self) -> None:
        """The headers of the next request have begun."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field. Those behind the body (trailers, RFC 9112, 7.1.2) nobody reads, so they are not kept."""
        if self._in_body:
            return
        if len(self.headers) >= MOST_FIELDS:
            raise TooManyFields
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """They came in time."""
        self._in_head, self._in_body, self._head_bytes = False, True, 0
        self._end_deadline()
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """A chunk begins, or there are no more and the trailers begin."""
        self._in_trailers = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._in_trailers, self._body_here, self._head_bytes = False, True, 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request came; its body has a deadline where it is read (`api/request.py`)."""
        self._in_head = self._in_body = self._in_trailers = False
        self._head_bytes = 0
        self._ended_here = True
        # It may have been armed for a rest of the body that nobody reads.
        self._end_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written. What may still come of a body that was refused has a deadline of its own."""
        super().on_response_complete()
        if self._in_body and self._deadline is None:
            self._begin_deadline()

    def handle_websocket_upgrade(self) -> None:
        """The connection goes on as a WebSocket, which has other bounds; it keeps its seat."""
        self._end_timers()
        super().handle_websocket_upgrade()
        socket = self.transport.get_protocol()
        if isinstance(socket, Transport):
            # It would keep this whole object, with its parser and headers, for as long as the socket is open.
            if self._seat is not None:
                socket.when_lost(partial(_leave, self.connected, self._seat))
                self._seat = None
        else:
            self._leave()
        # The two hold each other.
        del self.parser

    def resume_writing(self) -> None:
        """The client has taken what there was for it."""
        self._taken_at = self.loop.time()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._end_timers()
        self._leave()
        super().connection_lost(exc)

    def _look_soon(self) -> None:
        self._next_look = self.loop.call_later(READER_SECONDS / LOOKS, self._look)

    def _look(self) -> None:
        """Does the client take what is written? Also while its connection is being closed, and only that is left."""
        size, now = self.transport.get_write_buffer_size(), self.loop.time()
        if size < self._unread or not self._unread:
            self._taken_at = now
        elif now - self._taken_at >= READER_SECONDS:
            self.transport.abort()
            return
        self._unread = size
        self._look_soon()

    def _begin_deadline(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_timers(self) -> None:
        self._end_deadline()
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def _leave(self) -> None:
        if self._seat is not None:
            _leave(self.connected, self._seat)
            self._seat = None


def _leave(connected: Counter[str], seat: str) -> None:
    connected[seat] -= 1
    if not connected[seat]:
        del connected[seat]
