"""Where the bytes of files are: what a folder (`folder.py`) and a bucket of S3 (`bucket.py`) have in common."""

import asyncio
import errno
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from models.files.spool import Spool

DEFAULT_URL = "file://var/files"

# The one key that is no UUID; what is under it, is.
MARK, MARK_BYTES = "database", 36

# Not on the disk, not within the quota, not in a file of this system.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Missing(Exception):
    """The store has no such file."""


class Store(ABC):
    """Files under keys, which are UUIDs and perhaps an ending. A key is written once, and never again."""

    # Where files lie while they are received, and when this process last looked through all that there are.
    incoming: Path
    swept_at: datetime | None = None

    @abstractmethod
    async def put(self, key: str, source: Path) -> None:
        """Keep a file for good. The source may be gone after that. Raises `OSError`."""

    @abstractmethod
    def reading(self, key: str, start: int, stop: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Within the block, the bytes from `start` to before `stop`, in pieces. Raises `Missing`."""

    @abstractmethod
    async def remove(self, keys: Iterable[str]) -> None:
        """Remove these files; those that are not there, are gone already."""

    @abstractmethod
    def older(self, than: datetime) -> AsyncIterator[Sequence[str]]:
        """The keys of the files that were written before then, some at a time."""

    async def mark(self) -> str | None:
        """Whose files these are; None while nobody has said so."""
        try:
            async with self.reading(MARK, 0, MARK_BYTES) as pieces:
                return b"".join([piece async for piece in pieces]).decode()
        except Missing:
            return None

    async def set_mark(self, owner: str) -> None:
        """Say whose files these are: a UUID."""
        async with Spool(self.incoming) as file:
            await file.add(owner.encode())
            await file.done()
            await self.put(MARK, file.path)

    async def forget_incoming(self, than: datetime) -> None:
        """Remove what was being received before then: its server did not live to see the end of it."""
        await asyncio.to_thread(_remove_older, self.incoming, than.timestamp())


def store_of(url: str) -> Store:
    """The store of a URL: `file://folder` or `s3://bucket/prefix`. Raises `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme == "file" and (folder := unquote(parts.netloc + parts.path)):
        from models.files.folder import Folder

        return Folder(Path(folder))
    if parts.scheme == "s3" and parts.netloc:
        from models.files.bucket import s3

        return s3(url)
    raise ValueError("The URL of the files must be file://folder or s3://bucket/prefix.")


def is_full(error: BaseException) -> bool:
    """Does this error mean that there is no room left, in the store or in the database? Reading goes on."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, asyncpg.DiskFullError) or "database or disk is full" in str(error)


def _remove_older(folder: Path, than: float) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            if path.stat().st_mtime < than:
                path.unlink()
        except FileNotFoundError:
            # Another process has removed it, or its upload has ended.
            continue
