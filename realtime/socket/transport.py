"""uvicorn's WebSocket transport, hardened against clients that do not read, and against odd frames."""

import asyncio
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import OPEN

from realtime.socket.application import OFFER
from realtime.socket.waiting import Gate, Mailbox


class Transport(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=Transport)`. Drops a connection `close_timeout` after its endpoint returned.

    uvicorn 0.54 waits until the client has taken what is buffered, for ever if it takes nothing: such
    connections would pile up and hold up the shutdown.
    """

    # Above thirty attributes Python gives each object a table of its own (1.6 KB): these are kept beside it.
    __slots__ = (
        "_giving_up", "_then", "app", "app_state", "asgi_version", "config", "connections", "default_headers",
        "logger", "queue", "root_path", "scheme", "tasks", "writable",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Three of asyncio's queues and events are 4 KB, of a socket that has 30 in all.
        self.queue = Mailbox()  # type: ignore[assignment]
        self.writable = Gate()  # type: ignore[assignment]
        self._giving_up: asyncio.TimerHandle | None = None
        self._then: Callable[[], None] | None = None

    def when_lost(self, then: Callable[[], None]) -> None:
        """Call `then` once the connection is gone."""
        self._then = then

    async def run_asgi(self) -> None:
        """Run the endpoint."""
        extensions: Any = self.scope["extensions"]
        extensions[OFFER] = self.offer
        await super().run_asgi()
        if not self.disconnected:
            self._giving_up = self.loop.call_later(self.close_timeout, self.transport.abort)

    def offer(self, text: bytes) -> bool:
        """Write a text frame now, without waiting; False where the client takes nothing now, or nothing any more.

        The frame is put together here (RFC 6455, 5.2): by way of ASGI and the frames of `websockets` one message to
        many clients costs twice as much.
        """
        if not self.writable.is_set() or self.close_sent or self.disconnected or self.conn.state is not OPEN:
            return False
        self.transport.write(text_head(len(text)) + text)
        return True

    def start_keepalive(self) -> None:
        """Begin to ping who was let in: what was said for that is not needed any more."""
        super().start_keepalive()
        del self.request, self.response

    def shutdown(self) -> None:
        """Say goodbye. Who has not been let in yet is refused, and that ends it for the endpoint too."""
        greeted = self.handshake_complete
        super().shutdown()
        if not greeted:
            # The endpoint would answer a second time, which websockets does not expect: a traceback in the log.
            self.handshake_complete = self.disconnected = True

    def keepalive_timeout(self) -> None:
        """Drop a client that does not answer pings, and with it what it has not read."""
        super().keepalive_timeout()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the endpoint."""
        if self._giving_up is not None:
            self._giving_up.cancel()
        if self._then is not None:
            self._then()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        """Answer, but not a client that takes no answers: they would pile up in the buffer."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        """Collect a fragment; empty ones add nothing but to the pile."""
        if event.data or event.fin:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand text that is not UTF-8 on as bytes: the endpoint refuses it with no traceback in the log."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()


@lru_cache(maxsize=4096)
def text_head(length: int) -> bytes:
    """What stands before the text in an unmasked frame of its own (RFC 6455, 5.2)."""
    if length < 126:
        return struct.pack("!BB", 0x81, length)
    return struct.pack("!BBH", 0x81, 126, length) if length < 65_536 else struct.pack("!BBQ", 0x81, 127, length)
