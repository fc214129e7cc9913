"""The writing side of one socket: one writer at a time, and no waiting for a reader that takes nothing."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Send

from realtime.socket.protocol import CloseCode, close_frame


class Gone(Exception):
    """Nothing can be written any more."""


class Writer:
    """Sends text frames. `lost` is told why the client is lost, where a write fails or waits too long."""

    __slots__ = ("_loop", "_lost", "_patience", "_send", "_since", "_turn", "_watchdog", "is_shut")

    def __init__(
        self,
        send: Send,
        patience: float,
        lost: Callable[[str], None],
    ) -> None:
        """`patience` is how long one write may wait, in seconds."""
        self._send = send
        self._patience = patience
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        # Nothing more but a close frame is sent.
        self.is_shut = False
        self._since: float | None = None
        self._watchdog: asyncio.TimerHandle | None = None

    async def write(self, text: str) -> None:
        """Send one text frame. Raises `Gone` once the socket ends."""
        async with self._turn:
            if self.is_shut:
                raise Gone
            self._since = self._loop.time()
            # One timer outlives many writes: a timer for each would cost more than the write itself.
            if self._watchdog is None:
                self._watchdog = self._loop.call_later(self._patience, self._watch)
            try:
                await self._send({"type": "websocket.send", "text": text})
            # ASGI promises OSError for a client that has gone; uvicorn also raises RuntimeError while it closes.
            except (OSError, RuntimeError) as error:
                self._lost("gone")
                raise Gone from error
            finally:
                self._since = None

    def shut(self) -> None:
        """Send nothing more but a close frame."""
        self.is_shut = True
        if self._watchdog is not None:
            self._watchdog.cancel()

    async def close(self, code: CloseCode, reason: str, patience: float) -> None:
        """Send the close frame; give up after `patience` seconds."""
        with suppress(OSError, RuntimeError):
            async with asyncio.timeout(patience), self._turn:
                await self._send(close_frame(code, reason))

    def _watch(self) -> None:
        self._watchdog = None
        if self._since is None:
            return
        left = self._since + self._patience - self._loop.time()
        if left > 0:
            self._watchdog = self._loop.call_later(left, self._watch)
        else:
            self._lost("the reader takes nothing")
