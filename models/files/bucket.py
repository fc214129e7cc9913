"""Files in a bucket of S3 or of anything that speaks it (MinIO, Ceph, R2), by `obstore`.

Region, address and keys are taken from the environment as everywhere else: AWS_REGION, AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""

import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from models.files.store import Missing, Store

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ClientConfig, ObjectStore

PIECE_BYTES = 256 * 1024

# The library's own limit of 30 seconds is for all of an answer: whoever reads slowly, reads longer.
READING, CONNECTING = timedelta(minutes=15), timedelta(seconds=5)
LISTED = 500


class Bucket(Store):
    """The files are objects named by their keys. `incoming` is a folder of this machine."""

    def __init__(self, objects: "ObjectStore", incoming: Path = Path("var/incoming")) -> None:
        self.objects = objects
        self.incoming = incoming

    async def put(self, key: str, source: Path) -> None:
        import obstore

        with _outages():
            await obstore.put_async(self.objects, key, source)

    @asynccontextmanager
    async def reading(self, key: str, start: int, stop: int) -> AsyncIterator[AsyncIterator[bytes]]:
        import obstore

        with _outages():
            try:
                found = await obstore.get_async(self.objects, key, options={"range": (start, stop)})
            except FileNotFoundError:
                raise Missing(key) from None
        yield _pieces(found)

    async def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            await self._remove(key)

    async def older(self, than: datetime) -> AsyncIterator[Sequence[str]]:
        import obstore

        with _outages():
            async for listed in obstore.list(self.objects, chunk_size=LISTED):
                yield [entry["path"] for entry in listed if entry["last_modified"] < than]

    async def _remove(self, key: str) -> None:
        import obstore

        with _outages():
            try:
                await obstore.delete_async(self.objects, key)
            except FileNotFoundError:
                # S3 says nothing of this; other stores do.
                return


async def _pieces(found: "GetResult") -> AsyncIterator[bytes]:
    with _outages():
        async for piece in found.stream(min_chunk_size=PIECE_BYTES):
            # Of the library's own kind of buffer, which a server does not take.
            yield bytes(piece)


@contextmanager
def _outages() -> Iterator[None]:
    """What the library says of a store that is away, or lets nobody in, as an `OSError`."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        raise ConnectionError(f"the store of files: {str(error)[:300]}") from error


def s3(url: str) -> Bucket:
    """The bucket of a URL such as `s3://bucket/prefix`. Raises `ValueError`."""
    try:
        from obstore.store import S3Store
    except ImportError:
        raise ValueError("Files in S3 need the package obstore: install alongside[s3].") from None
    address = os.environ.get("AWS_ENDPOINT_URL", os.environ.get("AWS_ENDPOINT", ""))
    options: ClientConfig = {
        "timeout": READING,
        "connect_timeout": CONNECTING,
        # Where the operator has named such an address, as on a network of their own.
        "allow_http": address.startswith("http://"),
    }
    with _outages():
        return Bucket(S3Store.from_url(url, client_options=options))
