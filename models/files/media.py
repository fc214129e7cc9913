"""What a file is: told by its bytes, and never by what its sender says that it is."""

import codecs
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

import filetype

from models.refusal import invalid

# Of a file, this much from its beginning tells what it is.
HEAD_BYTES = 64 * 1024


class AttachmentKind(StrEnum):
    """How an attachment is shown."""

    IMAGE = "IMAGE"
    AUDIO = "AUDIO"
    DOCUMENT = "DOCUMENT"


@dataclass(frozen=True, slots=True)
class Media:
    """A media type (RFC 6838), and the endings that names of such files have; the first is for those without one."""

    type: str
    kind: AttachmentKind
    endings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a file of each kind may be, in bytes."""

    image: int = 10_000_000
    audio: int = 25_000_000
    document: int = 25_000_000

    def of(self, kind: AttachmentKind) -> int:
        """The most that a file of this kind may have."""
        return int(getattr(self, kind.value.lower()))

    @property
    def largest(self) -> int:
        """The most that any file may have."""
        return max(self.image, self.audio, self.document)


def _media(kind: AttachmentKind, *types: str) -> dict[str, Media]:
    parts = (line.split() for line in types)
    return {first: Media(first, kind, tuple(endings)) for first, *endings in parts}


# What is made anew (models/files/picture.py): these and no other pictures.
PICTURES = _media(AttachmentKind.IMAGE, "image/jpeg .jpg .jpeg", "image/png .png", "image/gif .gif", "image/webp .webp")
SOUNDS = _media(
    AttachmentKind.AUDIO,
    "audio/mpeg .mp3",
    "audio/mp4 .m4a .mp4",
    "audio/ogg .ogg .oga .opus",
    "audio/webm .webm .weba",
    "audio/wav .wav",
    "audio/flac .flac",
    "audio/aac .aac",
)
# Two containers of many formats: within them the ending may choose, as each of them is as harmless as the container.
ZIPPED = _media(
    AttachmentKind.DOCUMENT,
    "application/zip .zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document .docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet .xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation .pptx",
    "application/vnd.oasis.opendocument.text .odt",
    "application/vnd.oasis.opendocument.spreadsheet .ods",
    "application/vnd.oasis.opendocument.presentation .odp",
    "application/epub+zip .epub",
)
COMPOUND = _media(
    AttachmentKind.DOCUMENT,
    "application/msword .doc",
    "application/vnd.ms-excel .xls",
    "application/vnd.ms-powerpoint .ppt",
)
OTHERS = _media(
    AttachmentKind.DOCUMENT,
    "application/octet-stream .bin",
    "application/pdf .pdf",
    "application/rtf .rtf",
    # Markup and programs too are text here: no browser runs what is text/plain and must not be guessed at (nosniff).
    "text/plain .txt .md .csv .tsv .log .json .ics .vcf .srt .tex",
    "video/mp4 .mp4 .m4v .mov",
    "video/webm .webm",
)
KINDS: dict[str, Media] = {**PICTURES, **SOUNDS, **ZIPPED, **COMPOUND, **OTHERS}
OCTETS = KINDS["application/octet-stream"]

# As `filetype` calls them, where that is not their registered name.
RENAMED = {
    "audio/x-wav": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/m4a": "audio/mp4",
    "video/x-m4v": "video/mp4",
    "video/quicktime": "video/mp4",
}

# Windows, Linux, macOS (in both orders and for several processors, also the mark of Java's classes), Android.
PROGRAMS = (b"MZ", b"\x7fELF", b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"dex\n")
# JPEG XL and JPEG 2000, which `filetype` does not know: pictures of these formats keep where they were taken.
UNREAD_PICTURES = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ", b"\x00\x00\x00\x0cjP  ")
COMPOUND_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def media_of(head: bytes, name: str) -> Media:
    """What a file is that begins so. Raises `Refused` for programs, and for pictures that cannot be made anew.

    `name` chooses among the formats of one container, and decides nothing else.
    """
    if head.startswith((b"%PDF-", b"{\\rtf")):
        return KINDS["application/pdf" if head.startswith(b"%") else "application/rtf"]
    # Before marks of two letters, with which a letter may begin as well.
    if _is_text(head):
        return KINDS["text/plain"]
    if head.startswith(PROGRAMS):
        raise invalid("Programs are not passed on here.", "file")
    guessed = filetype.guess_mime(head) or ""
    found = RENAMED.get(guessed, guessed)
    if head.startswith(UNREAD_PICTURES) or (found.startswith("image/") and found not in PICTURES):
        raise invalid("Send the picture as JPEG, PNG, WebP or GIF.", "file")
    if head.startswith(COMPOUND_MARK):
        return _by_ending(COMPOUND, name, OCTETS)
    if found in ZIPPED:
        return _by_ending(ZIPPED, name, KINDS[found])
    if found in ("video/mp4", "video/webm", "audio/mp4"):
        return KINDS[_with_or_without_pictures(found.partition("/")[2], head)]
    return KINDS.get(found, OCTETS)


def named(name: str, media: Media) -> str:
    """The name with an ending of what the file is: so no system takes it for something else, as by `cv.pdf.exe`."""
    ending = PurePath(name).suffix.lower()
    if ending in media.endings:
        return name
    known = {ending for media in KINDS.values() for ending in media.endings}
    stem = name[: -len(ending)] if ending in known else name
    return stem + media.endings[0]


def _by_ending(among: dict[str, Media], name: str, otherwise: Media) -> Media:
    ending = PurePath(name).suffix.lower()
    return next((media for media in among.values() if ending in media.endings), otherwise)


def _is_text(head: bytes) -> bool:
    try:
        # The end of the head may be in the middle of a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(unicodedata.category(character) != "Cc" or character in "\t\n\r\f" for character in set(text))


def _with_or_without_pictures(container: str, head: bytes) -> str:
    # A voice message comes in the container of films. WebM names the codecs of its tracks, MP4 their handlers.
    film, sound = (b"V_", b"A_") if container == "webm" else (b"vide", b"soun")
    return f"audio/{container}" if sound in head and film not in head else f"video/{container}"
