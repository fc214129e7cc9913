"""uvicorn's WebSocket transport, hardened against clients that do not read, and against odd frames."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame


class Transport(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=Transport)`. Drops a connection `close_timeout` after its endpoint returned.

    uvicorn 0.54 waits until the client has taken what is buffered, for ever if it takes nothing: such
    connections would pile up and hold up the shutdown.
    """

    _giving_up: asyncio.TimerHandle | None = None
    _then: Callable[[], None] | None = None

    def when_lost(self, then: Callable[[], None]) -> None:
        """Call `then` once the connection is gone."""
        self._then = then

    async def run_asgi(self) -> None:
        """Run the endpoint."""
        await super().run_asgi()
        if not self.disconnected:
            self._giving_up = self.loop.call_later(self.close_timeout, self.transport.abort)

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
