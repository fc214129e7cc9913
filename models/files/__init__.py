"""Files: where bytes are kept, what they are, and pictures made anew. `models.attachment` has the rows for them."""

from models.files.media import HEAD_BYTES, KINDS, AttachmentKind, Media, Sizes, media_of, named
from models.files.spool import Spool
from models.files.store import DEFAULT_URL, Missing, Store, is_full, store_of

__all__ = [
    "DEFAULT_URL",
    "HEAD_BYTES",
    "KINDS",
    "AttachmentKind",
    "Media",
    "Missing",
    "Sizes",
    "Spool",
    "Store",
    "is_full",
    "media_of",
    "named",
    "store_of",
]
