"""What a file is, its bytes say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.files import HEAD_BYTES, KINDS, AttachmentKind, Sizes, media_of, named
from models.refusal import RefusalCode, Refused
from tests.models.expect import refused
from tests.models.files.samples import BEGINNINGS, PDF


@pytest.mark.parametrize("what", BEGINNINGS)
def test_a_file_is_what_it_begins_with_and_programs_and_unread_pictures_are_not_taken(what: str) -> None:
    head, name, media = BEGINNINGS[what]
    if media is None:
        with refused(RefusalCode.INVALID, "file"):
            media_of(head, name)
    else:
        assert media_of(head, name).type == media


@pytest.mark.parametrize("name", ["cv.html", "cv.svg", "cv.exe", "cv", ""])
def test_a_name_does_not_make_a_file_what_it_is_not(name: str) -> None:
    assert media_of(PDF, name).type == "application/pdf"


@pytest.mark.parametrize(
    ("name", "media", "stored"),
    [
        ("cv.pdf", "application/pdf", "cv.pdf"),
        ("CV.PDF", "application/pdf", "CV.PDF"),
        ("cv", "application/pdf", "cv.pdf"),
        ("cv.pdf.exe", "application/pdf", "cv.pdf.exe.pdf"),
        ("page.html", "text/plain", "page.html.txt"),
        ("notes.md", "text/plain", "notes.md"),
        ("anim.gif", "image/png", "anim.png"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("tool.jar", "application/zip", "tool.jar.zip"),
        ("v1.2 final", "application/pdf", "v1.2 final.pdf"),
    ],
)
def test_a_name_ends_as_what_the_file_is(name: str, media: str, stored: str) -> None:
    assert named(name, KINDS[media]) == stored


@given(st.binary(max_size=300), st.text(max_size=20))
def test_whatever_comes_is_of_a_known_type_or_is_refused_and_never_one_that_a_browser_runs(
    head: bytes, name: str
) -> None:
    try:
        media = media_of(head, name)
    except Refused:
        return
    assert media.type in KINDS
    assert not any(part in media.type for part in ("html", "svg", "javascript", "/xml"))
    assert named(name, media).endswith(media.endings) or named(name, media).lower().endswith(media.endings)


def test_each_kind_has_a_size_of_its_own() -> None:
    sizes = Sizes(image=1, audio=2, document=3)
    assert [sizes.of(kind) for kind in AttachmentKind] == [1, 2, 3]
    assert sizes.largest == 3
    assert (Sizes().image, Sizes().audio, Sizes().document) == (10_000_000, 25_000_000, 25_000_000)


def test_the_beginning_is_enough() -> None:
    assert media_of(PDF + b"<html>" * HEAD_BYTES, "cv.pdf").type == "application/pdf"
