"""Pictures made anew: of what came, only the pixels are kept.

So there is no place, no time, no name of a camera or of its owner in them, and nothing that hides behind the picture.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from models.refusal import invalid

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

log = structlog.get_logger()

# A photo of a telephone has 12 to 50 million, and is read at a half of its size. Of other formats each pixel is held
# in memory up to three times: 300 MB, for the most that are taken.
MOST_PIXELS, MOST_IN_PHOTO = 25_000_000, 50_000_000
# A progressive JPEG goes over all its pixels in each scan. Encoders make ten; a few kilobytes can hold a thousand.
MOST_SCANS, SCAN = 100, b"\xff\xda"
LONGEST_SIDE = 4096
THUMBNAIL_SIDE = 512

# What each format is written as. Of moving pictures the first is kept.
WRITTEN = {"JPEG": "JPEG", "PNG": "PNG", "GIF": "PNG", "WEBP": "WEBP"}
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 88, "progressive": True},
    "PNG": {},
    "WEBP": {"quality": 88},
}
THUMBNAIL: dict[str, Any] = {"format": "WEBP", "quality": 80}
THUMBNAIL_TYPE = "image/webp"

# So many at once: the decoders work outside of Python's lock, and memory is what is short.
_painters = ThreadPoolExecutor(max_workers=2, thread_name_prefix="painter")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made anew: its bytes, and those of its thumbnail (WebP, 512 pixels at most). Sides are in pixels."""

    media_type: str
    width: int
    height: int
    data: bytes
    thumbnail: bytes


async def made_anew(path: Path) -> Picture:
    """The picture in a file, upright, in sRGB, at most 4096 pixels wide and high. Raises `Refused`."""
    return await asyncio.get_running_loop().run_in_executor(_painters, repaint, path)


def repaint(path: Path) -> Picture:
    """As `made_anew`, but it blocks."""
    # Loaded when the first picture comes: it takes a tenth of a second.
    from PIL import Image

    try:
        with Image.open(path, formats=tuple(WRITTEN)) as opened:
            kind = WRITTEN[str(opened.format)]
            most = MOST_IN_PHOTO if kind == "JPEG" else MOST_PIXELS
            if opened.width * opened.height > most:
                raise _too_many(most)
            if kind == "JPEG" and path.read_bytes().count(SCAN) > MOST_SCANS:
                raise ValueError("more scans than any encoder makes")
            pixels = _upright(_in_srgb(_small(opened)))
            # All that is not pixels: some of it would be written again.
            pixels.info = {}
            data, (width, height) = _written(pixels, format=kind, **OPTIONS[kind]), pixels.size
            pixels.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            return Picture(f"image/{kind.lower()}", width, height, data, _written(pixels, **THUMBNAIL))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many(MOST_PIXELS) from None
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, RuntimeError) as error:
        # The decoders are strict, and each says in its own way that it cannot go on.
        log.info("a picture could not be read", error=repr(error))
        raise invalid("This picture is damaged, or no picture.", "file") from None


def _small(opened: Any) -> "Pixels":
    # A JPEG is read at a half of its size or less, where that is enough; what is read is small before it is copied.
    share = min(1.0, LONGEST_SIDE / max(opened.size))
    opened.draft(None, (max(1, int(opened.width * share)), max(1, int(opened.height * share))))
    opened.load()
    mode = "RGBA" if opened.has_transparency_data else "RGB"
    pixels: Pixels = opened if opened.mode in (mode, "CMYK") else opened.convert(mode)
    pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return pixels


def _in_srgb(pixels: "Pixels") -> "Pixels":
    from PIL import ImageCms

    profile, mode = pixels.info.get("icc_profile"), "RGB" if pixels.mode == "CMYK" else pixels.mode
    try:
        if profile:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            found = ImageCms.profileToProfile(pixels, given, ImageCms.createProfile("sRGB"), outputMode=mode)
            return found or pixels
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        log.info("a picture has a profile of other colours, or none: its numbers are taken for sRGB")
    return pixels.convert(mode)


def _upright(pixels: "Pixels") -> "Pixels":
    from PIL import ImageOps

    return ImageOps.exif_transpose(pixels)


def _written(pixels: "Pixels", **options: Any) -> bytes:
    written = BytesIO()
    pixels.save(written, **options)
    return written.getvalue()


def _too_many(most: int) -> Exception:
    return invalid(f"A picture has at most {most // 1_000_000} million pixels.", "file")
