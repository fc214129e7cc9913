"""uvicorn's WebSocket transport, hardened against clients that do not read, and against odd frames."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import OPEN

from realtime.socket.outlet import OUTLET, Outlet
from realtime.socket.waiting import Gate, Mailbox


class Transport(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=Transport)`. Drops a connection `close_timeout` after its endpoint returned.

    uvicorn 0.54 waits until the client has taken what is buffered, for ever if it takes nothing: such
    connections would pile up and hold up the shutdown.
    """

    # Above thirty attributes Python gives each object a table of its own (1.6 KB): these are kept beside it.
    __slots__ = (
        "_giving_up", "_outlet", "_then", "app", "app_state", "asgi_version", "config", "connections",
        "default_headers", "logger", "queue", "root_path", "scheme", "tasks", "writable",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Three of asyncio's queues and events are 4 KB, of a socket that has 30 in all.
        self.queue = Mailbox()  # type: ignore[assignment]
        self.writable = Gate()  # type: ignore[assignment]
        self._giving_up: asyncio.TimerHandle | None = None
        self._then: Callable[[], None] | None = None
        self._outlet = Outlet()

    def when_lost(self, then: Callable[[], None]) -> None:
        """Call `then` once the connection is gone."""
        self._then = then

    async def run_asgi(self) -> None:
        """Run the endpoint."""
        extensions: Any = self.scope["extensions"]
        extensions[OUTLET] = self._outlet
        await super().run_asgi()
        if not self.disconnected:
            self._giving_up = self.loop.call_later(self.close_timeout, self.transport.abort)

    def _note(self) -> None:
        """Open or shut the outlet. Call it after all that may change whether the client takes text."""
        is_open = self.handshake_complete and self.conn.state is OPEN
        if is_open and self.writable.is_set() and not (self.close_sent or self.disconnected):
            self._outlet.open(self.transport.write)
        else:
            self._outlet.shut()

    def start_keepalive(self) -> None:
        """Begin to ping who was let in: what was said for that is not needed any more."""
        super().start_keepalive()
        del self.request, self.response
        self._note()

    def pause_writing(self) -> None:
        """The client reads too slowly for what is written."""
        super().pause_writing()
        self._note()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._note()

    def data_received(self, data: bytes) -> None:
        """Read what the client says: it may say goodbye, or what no client may."""
        super().data_received(data)
        if self._outlet.write is not None:
            self._note()

    async def send(self, message: Any) -> None:
        """Send what the endpoint says: it may say goodbye."""
        await super().send(message)
        if message["type"] == "websocket.close":
            self._note()

    def shutdown(self) -> None:
        """Say goodbye. Who has not been let in yet is refused, and that ends it for the endpoint too."""
        greeted = self.handshake_complete
        super().shutdown()
        if not greeted:
            # The endpoint would answer a second time, which websockets does not expect: a traceback in the log.
            self.handshake_complete = self.disconnected = True
        self._note()

    def keepalive_timeout(self) -> None:
        """Drop a client that does not answer pings, and with it what it has not read."""
        super().keepalive_timeout()
        self._note()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the endpoint."""
        if self._giving_up is not None:
            self._giving_up.cancel()
        if self._then is not None:
            self._then()
        super().connection_lost(exc)
        self._note()

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
