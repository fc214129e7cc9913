"""What one task waits for, in a few bytes: asyncio's own have two or three queues each, and a socket has several."""

import asyncio
from typing import Any


class Mailbox:
    """Messages for one reader, as an `asyncio.Queue`."""

    __slots__ = ("_messages", "_reader")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._reader: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        """Is there nothing?"""
        return not self._messages

    def put_nowait(self, message: Any) -> None:
        """Add a message."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """The oldest message; waits for one."""
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._messages.pop(0)


class Gate:
    """Open as a rule, and shut at times: as an `asyncio.Event` that is set while it is open."""

    __slots__ = ("_opening",)

    def __init__(self) -> None:
        self._opening: asyncio.Event | None = None

    def is_set(self) -> bool:
        """Is it open?"""
        return self._opening is None

    def clear(self) -> None:
        """Shut it."""
        if self._opening is None:
            self._opening = asyncio.Event()

    def set(self) -> None:
        """Open it, and let in who waits."""
        if self._opening is not None:
            self._opening.set()
            self._opening = None

    async def wait(self) -> None:
        """Wait until it is opened, if it is shut."""
        if self._opening is not None:
            await self._opening.wait()
