"""Files in a folder of this machine. A file is either there whole, or not at all."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from models.database.transaction import shielded
from models.files.store import Missing, Store

PIECE_BYTES = 256 * 1024

# By the last two digits of the id, which are random (the first are the time): a folder never gets too long to list.
SHARDS = [f"{number:02x}" for number in range(256)]


class Folder(Store):
    """The files are in 256 folders, `incoming` beside them; all of them for this user alone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"

    async def put(self, key: str, source: Path) -> None:
        await shielded(asyncio.to_thread(self._put, key, source))

    @asynccontextmanager
    async def reading(self, key: str, start: int, stop: int) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            file = await shielded(asyncio.to_thread(os.open, self._path(key), os.O_RDONLY))
        except FileNotFoundError:
            raise Missing(key) from None

        async def pieces() -> AsyncGenerator[bytes, None]:
            at = start
            while at < stop:
                piece = await shielded(asyncio.to_thread(os.pread, file, min(PIECE_BYTES, stop - at), at))
                if not piece:
                    return
                at += len(piece)
                yield piece

        try:
            yield pieces()
        finally:
            os.close(file)

    async def remove(self, keys: Iterable[str]) -> None:
        await shielded(asyncio.to_thread(self._remove, list(keys)))

    async def older(self, than: datetime) -> AsyncIterator[Sequence[str]]:
        for shard in SHARDS:
            keys = await asyncio.to_thread(self._older, self.root / shard, than.timestamp())
            if keys:
                yield keys

    def _path(self, key: str) -> Path:
        return self.root / key[34:36] / key

    def _put(self, key: str, source: Path) -> None:
        path = self._path(key)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(path.parent.parent)
        source.replace(path)
        # So that the name too survives a loss of power: the row is stored after it.
        _sync(path.parent)

    def _remove(self, keys: list[str]) -> None:
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def _older(self, folder: Path, than: float) -> list[str]:
        try:
            with os.scandir(folder) as found:
                return [entry.name for entry in found if _changed(entry) < than]
        except FileNotFoundError:
            return []


def _changed(entry: "os.DirEntry[str]") -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        # Removed by another process meanwhile.
        return float("inf")


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
