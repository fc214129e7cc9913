"""A file that is being received: it lies in a folder of its own until all of it is there, and goes when it is not."""

import asyncio
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from models.database.transaction import shielded
from models.files.media import HEAD_BYTES

# Written at once: a piece of a body has 64 KB at most, and each write goes through a thread.
BATCH_BYTES = 256 * 1024


class Spool:
    """Within the block, a file at `path`; `size` is in bytes, `head` its beginning."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / uuid4().hex
        self.size = 0
        self.head = b""
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._file = -1

    async def __aenter__(self) -> Self:
        await shielded(asyncio.to_thread(self._open))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await shielded(asyncio.to_thread(self._drop))

    @property
    def sha256(self) -> str:
        """The digest in hex, once all of it is done."""
        return self._digest.hexdigest()

    async def add(self, piece: bytes) -> None:
        """Append a piece. Raises `OSError` where the disk is full."""
        self.size += len(piece)
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self._waiting += piece
        if len(self._waiting) >= BATCH_BYTES:
            await self._flush()

    async def done(self) -> None:
        """All of it is there: put it on the disk for good."""
        await self._flush()
        await shielded(asyncio.to_thread(os.fsync, self._file))

    async def _flush(self) -> None:
        batch, self._waiting = bytes(self._waiting), bytearray()
        # Under a shield: a thread that writes to a file that was closed meanwhile may write to another.
        await shielded(asyncio.to_thread(self._write, batch))

    def _open(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def _write(self, batch: bytes) -> None:
        self._digest.update(batch)
        left = memoryview(batch)
        while left:
            left = left[os.write(self._file, left) :]

    def _drop(self) -> None:
        os.close(self._file)
        # The store may have taken it.
        self.path.unlink(missing_ok=True)
