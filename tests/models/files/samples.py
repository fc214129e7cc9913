"""Files for tests: small ones of every format, made here, and what hides in them."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin

SECRET = b"canary-where-i-live"
ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def picture(size: tuple[int, int] = (40, 30), mode: str = "RGB", corner: Any = (255, 0, 0)) -> Image.Image:
    """A blue picture whose upper left quarter is red."""
    made = Image.new("RGB", size, (0, 0, 255))
    made.paste(corner, (0, 0, size[0] // 2, size[1] // 2))
    return made.convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture in a format."""
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def exif(orientation: int = 1) -> bytes:
    """What a camera notes: where it was, whose it is, and how it was held."""
    noted = Image.Exif()
    noted[ORIENTATION] = orientation
    noted[MAKER] = SECRET.decode()
    noted[GPS] = {1: "N", 2: (38.0, 43.0, 12.0), 3: "W", 4: (9.0, 8.0, 20.0), 29: SECRET.decode()}
    return noted.tobytes()


def photo(orientation: int = 1, size: tuple[int, int] = (40, 30)) -> bytes:
    """A JPEG with all that may tell of its owner, and a page behind it."""
    return (
        saved(picture(size), "JPEG", exif=exif(orientation), comment=SECRET, xmp=SECRET, quality=95)
        + b"<html><script>alert('" + SECRET + b"')</script></html>"
    )  # fmt: skip


def annotated_png() -> bytes:
    """A PNG with texts, a place and a profile."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET.decode())
    texts.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(picture(mode="RGBA"), "PNG", pnginfo=texts, exif=exif(), icc_profile=profile)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says that it is so large, of a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(min(100_000, (width // 8 + 1) * height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def opened(data: bytes) -> Image.Image:
    """The picture in these bytes."""
    found = Image.open(BytesIO(data))
    found.load()
    return found


ZIP = b"PK\x03\x04\x14\x00\x00\x00\x00\x00" + bytes(20) + b"a.txt" + bytes(100)
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp42isom"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(100)

# What a file begins with, and what it is then; None: it is not taken.
BEGINNINGS: dict[str, tuple[bytes, str, str | None]] = {
    "JPEG": (saved(picture(), "JPEG"), "a.jpg", "image/jpeg"),
    "PNG": (saved(picture(), "PNG"), "a.png", "image/png"),
    "GIF": (saved(picture(), "GIF"), "a.gif", "image/gif"),
    "WebP": (saved(picture(), "WEBP"), "a.webp", "image/webp"),
    "MP3": (b"ID3\x03" + bytes(100), "a.mp3", "audio/mpeg"),
    "MP3 without a head": (b"\xff\xfb\x90\x64" + bytes(100), "a.mp3", "audio/mpeg"),
    "WAV": (b"RIFF\x10\0\0\0WAVEfmt " + bytes(100), "a.wav", "audio/wav"),
    "FLAC": (b'fLaC\0\0\0"' + bytes(100), "a.flac", "audio/flac"),
    "AAC": (b"\xff\xf1\x50\x80" + bytes(100), "a.aac", "audio/aac"),
    "Ogg": (b"OggS\0\2" + bytes(22) + b"\x01\x13OpusHead" + bytes(100), "a.ogg", "audio/ogg"),
    "M4A": (b"\0\0\0\x18ftypM4A \0\0\0\0mp42isom" + bytes(4) + b"hdlr" + bytes(8) + b"soun", "a.m4a", "audio/mp4"),
    "a voice in WebM": (WEBM + b"\x86\x86A_OPUS" + bytes(100), "voice.webm", "audio/webm"),
    "a film in WebM": (WEBM + b"\x86\x85V_VP9\x86\x86A_OPUS" + bytes(100), "film.webm", "video/webm"),
    "a voice in MP4": (MP4 + b"hdlr" + bytes(8) + b"soun" + bytes(100), "voice.mp4", "audio/mp4"),
    "a film in MP4": (MP4 + b"hdlr" + bytes(8) + b"vide" + b"hdlr" + bytes(8) + b"soun", "film.mp4", "video/mp4"),
    "PDF": (PDF, "cv.pdf", "application/pdf"),
    "RTF": (b"{\\rtf1 hello}", "cv.rtf", "application/rtf"),
    "zip": (ZIP, "all.zip", "application/zip"),
    "Word in a zip": (ZIP, "cv.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "a program in a zip": (ZIP, "tool.jar", "application/zip"),
    "Word of old": (COMPOUND, "cv.doc", "application/msword"),
    "an installer": (COMPOUND, "setup.msi", "application/octet-stream"),
    "text": ("Olá, Mara. BM".encode() * 20, "notes.txt", "text/plain"),
    "text like a bitmap": (b"BM is a mark. " * 20, "notes.txt", "text/plain"),
    "text like a program": (b"MZ is a mark. " * 20, "notes.txt", "text/plain"),
    "text that ends within a character": (("é" * 100).encode()[:-1], "a.txt", "text/plain"),
    "a page": (b"<!DOCTYPE html><script>alert(1)</script>", "page.html", "text/plain"),
    "a drawing": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "logo.svg", "text/plain"),
    "XML": (b'<?xml version="1.0"?><a/>', "a.xml", "text/plain"),
    "a script": (b"#!/bin/sh\nrm -rf /\n", "run.sh", "text/plain"),
    "anything": (bytes(range(256)), "a.dat", "application/octet-stream"),
    "text with a NUL": (b"abc\0def", "a.txt", "application/octet-stream"),
    "Windows": (b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(600), "cv.pdf", None),
    "Linux": (b"\x7fELF\2\1\1\0" + bytes(600), "cv.pdf", None),
    "macOS": (b"\xcf\xfa\xed\xfe\7\0\0\1" + bytes(600), "cv.pdf", None),
    "Java": (b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(600), "cv.pdf", None),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(600), "a.heic", None),
    "AVIF": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(600), "a.avif", None),
    "TIFF": (b"II*\0" + bytes(600), "a.tiff", None),
    "bitmap": (b"BM\xff" + bytes(600), "a.bmp", None),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(600), "a.jxl", None),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(600), "a.jp2", None),
}  # fmt: skip
