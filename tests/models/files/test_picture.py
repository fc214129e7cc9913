"""Pictures are made anew: the pixels stay, and nothing else does."""

from pathlib import Path

import pytest
from PIL import Image, ImageCms

from models.files import picture as module
from models.files.picture import LONGEST_SIDE, MOST_IN_PHOTO, MOST_PIXELS, MOST_SCANS, SCAN, Picture, made_anew
from models.refusal import RefusalCode
from tests.models.expect import refused
from tests.models.files.samples import SECRET, annotated_png, bomb, opened, photo, picture, saved


async def anew(data: bytes, folder: Path) -> Picture:
    path = folder / "picture"
    path.write_bytes(data)
    return await made_anew(path)


def near(pixel: object, colour: tuple[int, ...]) -> bool:
    """JPEG does not keep colours to the bit."""
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 30 for one, other in zip(pixel, colour, strict=False))


@pytest.mark.parametrize("data", [photo(), annotated_png()], ids=["JPEG", "PNG"])
async def test_nothing_is_left_of_place_owner_comments_and_what_hides_behind(data: bytes, tmp_path: Path) -> None:
    assert data.count(SECRET) >= 3
    made = await anew(data, tmp_path)
    for written in (made.data, made.thumbnail):
        assert SECRET not in written
        for mark in (b"Exif", b"xmp", b"XMP", b"ICC", b"iCCP", b"<html", b"script", b"tEXt", b"iTXt", b"eXIf"):
            assert mark not in written
        assert not opened(written).getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_picture_is_turned_upright_before_its_orientation_goes(orientation: int, tmp_path: Path) -> None:
    made = await anew(photo(orientation), tmp_path)
    assert (made.width, made.height) == ((30, 40) if orientation > 4 else (40, 30))
    image = opened(made.data)
    assert image.size == (made.width, made.height)
    corners = [(4, 4), (made.width - 5, 4), (made.width - 5, made.height - 5), (4, made.height - 5)]
    # Which corner the red quarter of the stored picture is shown in (EXIF 2.32, 4.6.5.1.6).
    red = {1: 0, 2: 1, 3: 2, 4: 3, 5: 0, 6: 1, 7: 2, 8: 3}[orientation]
    assert [near(image.getpixel(corner), (255, 0, 0)) for corner in corners] == [at == red for at in range(4)]


@pytest.mark.parametrize(
    ("kind", "mode", "written"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("PNG", "1", "image/png"),
        ("PNG", "LA", "image/png"),
        ("PNG", "I;16", "image/png"),
        ("GIF", "P", "image/png"),
        ("WEBP", "RGB", "image/webp"),
        ("WEBP", "RGBA", "image/webp"),
    ],
)
async def test_a_picture_of_every_kind_is_read(kind: str, mode: str, written: str, tmp_path: Path) -> None:
    made = await anew(saved(picture(mode=mode), kind), tmp_path)
    assert (made.media_type, made.width, made.height) == (written, 40, 30)
    assert opened(made.thumbnail).format == "WEBP"


async def test_what_is_transparent_stays_so(tmp_path: Path) -> None:
    image = picture(mode="RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    palette = image.convert("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    for data in (saved(image, "PNG"), saved(palette, "PNG"), saved(palette, "GIF")):
        made = await anew(data, tmp_path)
        pixel = opened(made.data).convert("RGBA").getpixel((0, 0))
        assert isinstance(pixel, tuple)
        assert pixel[3] == 0


async def test_of_a_moving_picture_the_first_is_kept(tmp_path: Path) -> None:
    frames = [picture(corner=colour) for colour in ((255, 0, 0), (0, 255, 0))]
    for kind in ("GIF", "PNG", "WEBP"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, loop=0)
        made = opened((await anew(data, tmp_path)).data)
        assert getattr(made, "n_frames", 1) == 1
        assert near(made.convert("RGB").getpixel((5, 5)), (255, 0, 0))


async def test_colours_of_another_profile_are_those_of_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 5000)).tobytes()
    image = picture()
    for profile in (lab, b"no profile", b""):
        # A profile that does not fit is passed over.
        made = await anew(saved(image, "PNG", icc_profile=profile), tmp_path)
        assert opened(made.data).getpixel((0, 0)) == (255, 0, 0)
    # A profile with a gamma of 1: what it calls a half is brighter.
    linear = _linear_profile()
    made = await anew(saved(Image.new("RGB", (10, 10), (128, 128, 128)), "PNG", icc_profile=linear), tmp_path)
    assert near(opened(made.data).getpixel((0, 0)), (188, 188, 188))


def _linear_profile() -> bytes:
    """The profile of sRGB with its curves made straight (ICC.1:2010, 10.5: a count of 0 is the identity)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(int.from_bytes(profile[128:132])):
        at = 132 + 12 * number
        if profile[at : at + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            start = int.from_bytes(profile[at + 4 : at + 8])
            profile[start : start + 12] = b"curv" + bytes(8)
    return bytes(profile)


async def test_a_large_picture_becomes_small_and_its_thumbnail_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LONGEST_SIDE == 4096
    monkeypatch.setattr(module, "LONGEST_SIDE", 1000)
    for kind in ("JPEG", "PNG", "WEBP"):
        made = await anew(saved(picture((2400, 1200)), kind), tmp_path)
        assert (made.width, made.height) == (1000, 500)
        assert opened(made.thumbnail).size == (512, 256)


async def test_a_picture_may_be_a_line(tmp_path: Path) -> None:
    made = await anew(saved(picture((9_000, 2)), "JPEG"), tmp_path)
    assert (made.width, made.height) == (4096, 1)


async def test_a_picture_of_more_pixels_than_are_taken_is_refused_unread(tmp_path: Path) -> None:
    assert (MOST_PIXELS, MOST_IN_PHOTO) == (25_000_000, 50_000_000)
    for width, height in ((5_001, 5_000), (65_000, 65_000), (2**31 - 1, 2**31 - 1)):
        data = bomb(width, height)
        assert len(data) < 1_000
        with refused(RefusalCode.INVALID, "file"):
            await anew(data, tmp_path)


async def test_a_jpeg_of_a_thousand_scans_is_refused_unread(tmp_path: Path) -> None:
    data = saved(picture(), "JPEG", progressive=True)
    assert SCAN in data
    assert data.count(SCAN) < MOST_SCANS / 5
    at = data.rindex(SCAN)
    with refused(RefusalCode.INVALID, "file"):
        await anew(data[:at] + data[at:-2] * 1_000 + data[-2:], tmp_path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
async def test_what_is_damaged_is_refused_wherever_it_ends(kind: str, tmp_path: Path) -> None:
    data = saved(picture((200, 200)), kind)
    for end in (12, 30, len(data) // 2):
        with refused(RefusalCode.INVALID, "file"):
            await anew(data[:end], tmp_path)


async def test_no_other_decoder_is_tried(tmp_path: Path) -> None:
    """Pillow has dozens, some of which nobody has looked at for years."""
    for kind in ("BMP", "TIFF", "PCX", "PPM", "ICO"):
        with refused(RefusalCode.INVALID, "file"):
            await anew(saved(picture(), kind), tmp_path)
