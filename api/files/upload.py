"""Receiving a file: the body of a request is the file, and is measured as it comes."""

import asyncio

from starlette.types import Message, Receive

from api.files.failures import TooLarge
from api.request import Failed, Gone
from models.attachment import too_large
from models.files import HEAD_BYTES, AttachmentKind, Sizes, Spool, media_of

# For the whole body: 25 MB over 85 KB a second. And for each next piece of it.
UPLOAD_SECONDS = 300.0
PIECE_SECONDS = 30.0


async def receive_file(receive: Receive, announced: str, name: str, into: Spool, sizes: Sizes) -> None:
    """Receive the body. Raises `TooLarge` before it is read, where its length says so; or as soon as it is.

    Raises `Refused` for what is not taken at all, `Failed` (408) and `Gone`.
    """
    length = int(announced[:12]) if announced.isdigit() else 0
    most = _allowed(sizes, None, length)
    more = True
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            while more:
                piece, more = await _piece(receive)
                known = len(into.head) == HEAD_BYTES
                await into.add(piece)
                if not known and (len(into.head) == HEAD_BYTES or not more):
                    # What it is decides how much of it may come.
                    most = _allowed(sizes, into.head, length, name)
                if into.size > most:
                    _allowed(sizes, into.head, into.size, name)
    except TimeoutError:
        raise Failed(408, f"The file did not come within {UPLOAD_SECONDS:.0f} seconds.") from None


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    async with asyncio.timeout(PIECE_SECONDS):
        message: Message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


def _allowed(sizes: Sizes, head: bytes | None, size: int, name: str = "") -> int:
    """How much may come of what begins so. Raises `TooLarge` where `size` is more."""
    largest = max(AttachmentKind, key=sizes.of)
    kind = media_of(head, name).kind if head else largest
    if size > sizes.of(kind):
        raise TooLarge from too_large(kind, sizes)
    return sizes.of(kind)
