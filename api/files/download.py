"""Showing a file: its headers keep browsers from running it, and a part of it can be asked for (RFC 9110, 14)."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Send

from api.request import Failed
from models.attachment import Attachment, thumbnail_key
from models.files import Store
from models.files.media import AttachmentKind
from models.files.picture import THUMBNAIL_TYPE

# One range; who asks for several gets all.
RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of an attachment: all of it, or its thumbnail."""

    key: str
    media_type: str
    size: int
    etag: str
    name: str
    inline: bool

    @classmethod
    def of(cls, row: Attachment, *, thumbnail: bool) -> "Shown | None":
        """The whole, or the thumbnail; None where there is none."""
        if not thumbnail:
            inline = row.kind is AttachmentKind.IMAGE
            return cls(str(row.id), row.media_type, row.bytes, f'"{row.sha256}"', row.name, inline)
        if row.thumbnail_bytes is None:
            return None
        key, etag = thumbnail_key(row.id), f'"{row.sha256}.thumbnail"'
        return cls(key, THUMBNAIL_TYPE, row.thumbnail_bytes, etag, f"{row.name}.webp", True)

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it, whether all, a part or nothing of it is sent."""
        plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", self.name)
        how = "inline" if self.inline else "attachment"
        return {
            "content-type": self.media_type + ("; charset=utf-8" if self.media_type == "text/plain" else ""),
            "content-disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(self.name, safe='')}",
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox; default-src 'none'",
            # Asked for again each time, so that what was deleted is gone; the tag spares its bytes.
            "cache-control": "private, no-cache",
            "etag": self.etag,
            "accept-ranges": "bytes",
        }

    def part(self, asked: Headers) -> tuple[int, int] | None:
        """The range that is asked for, from and to before; None for all. Raises `Failed` (416)."""
        found = RANGE.fullmatch(asked.get("range", ""))
        if found is None or asked.get("if-range", self.etag) != self.etag or found[0] == "bytes=-":
            return None
        first, last = found[1], found[2]
        if not first:
            start, stop = max(0, self.size - int(last)), self.size
        else:
            start, stop = int(first), min(self.size, int(last) + 1 if last else self.size)
            if last and int(last) < int(first):
                return None
        if start >= stop:
            raise Failed(416, "The file is shorter.", (b"content-range", b"bytes */%d" % self.size))
        return start, stop


async def show(shown: Shown, method: str, asked: Headers, store: Store, send: Send) -> None:
    """Answer with the file. Raises `Missing` where the store has it not, before anything is sent."""
    headers = shown.headers
    tags = {tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")}
    if tags & {shown.etag, "*"}:
        await _begin(send, 304, headers)
        await send({"type": "http.response.body", "body": b""})
        return
    part = shown.part(asked)
    start, stop = part or (0, shown.size)
    headers["content-length"] = str(stop - start)
    if part:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{shown.size}"
    async with store.reading(shown.key, start, stop) as pieces:
        await _begin(send, 206 if part else 200, headers)
        if method == "GET":
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _begin(send: Send, status: int, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
