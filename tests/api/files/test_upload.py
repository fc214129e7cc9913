"""`POST /files`: what is taken, how much of it, and what is left when it fails."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from api.files import upload
from api.files.endpoints import MOST_AT_ONCE
from api.files.upload import PIECE_SECONDS, UPLOAD_SECONDS
from models import attachment, throttle
from models.attachment import Attachment
from models.files.spool import Spool
from tests.api.files.exchange import Here, code, key_of, raw
from tests.api.graphql.exchange import APP
from tests.models.files.samples import BEGINNINGS, PDF, SECRET, bomb, photo

MB = 1_000_000


async def test_a_file_is_taken_and_told_of(here: Here) -> None:
    answer = await here.post(here.mara, PDF)
    assert answer.status_code == 201
    told = answer.json()
    assert told == {
        "id": told["id"], "name": "cv.pdf", "mediaType": "application/pdf", "kind": "DOCUMENT", "bytes": len(PDF),
        "width": None, "height": None,
    }  # fmt: skip
    assert here.kept() == [str(key_of(told["id"]))]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_picture_is_told_of_as_it_was_made_and_its_place_is_gone(here: Here) -> None:
    answer = await here.post(here.mara, photo(orientation=6), "home.jpg")
    told = answer.json()
    assert (told["kind"], told["width"], told["height"]) == ("IMAGE", 30, 40)
    shown = await here.get(here.mara, told["id"])
    assert shown.status_code == 200
    assert SECRET not in shown.content
    assert b"script" not in shown.content


async def test_what_the_client_says_that_it_is_does_not_count(here: Here) -> None:
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    headers = {**here.mara.headers, "content-type": "image/png"}
    answer = await here.client.post("/files?name=cute.png", content=page, headers=headers)
    assert (answer.json()["mediaType"], answer.json()["name"]) == ("text/plain", "cute.txt")


async def test_a_name_is_optional_and_leads_nowhere(here: Here) -> None:
    for given, stored in ((None, "file.pdf"), ("../../../etc/passwd", "passwd.pdf"), ("%2e%2e%2fx", "%2e%2e%2fx.pdf")):
        answer = await here.post(here.mara, PDF, given)
        assert answer.json()["name"] == stored
    assert all(len(name) == 36 for name in here.kept())


async def test_strangers_are_asked_to_sign_in_before_anything_is_read(here: Here) -> None:
    async def receive() -> Any:
        raise AssertionError("the body was read")

    await here.theo.session.revoke()
    for token in ("", "x", here.theo.token):
        status, answer = await raw(here.app, receive, replace(here.mara, token=token))
        assert (status, answer["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    answer = await here.post(None, PDF)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert here.kept() == []


@pytest.mark.parametrize("what", [name for name, (_, _, media) in BEGINNINGS.items() if media is None])
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_programs_and_pictures_that_are_not_read_are_refused(here: Here, what: str) -> None:
    answer = await here.post(here.mara, BEGINNINGS[what][0])
    assert (answer.status_code, code(answer)) == (422, "INVALID")
    assert here.kept() == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_cannot_be_is_refused_by_name_and_nothing_is_kept(here: Here) -> None:
    for data, name, query, field in (
        (b"", "cv.pdf", {}, "file"),
        (photo()[:400], "a.jpg", {}, "file"),
        (bomb(60_000, 60_000), "a.png", {}, "file"),
        (PDF, "a\u202eb.pdf", {}, "name"),
        (PDF, "x" * 200, {}, "name"),
        (PDF, "a\x00b", {}, "name"),
        (PDF, "cv.pdf", {"clientId": ""}, "clientId"),
        (PDF, "cv.pdf", {"clientId": "é"}, "clientId"),
    ):
        answer = await here.post(here.mara, data, name, **query)
        assert (answer.status_code, code(answer)) == (422, "INVALID"), field
        assert answer.json()["errors"][0]["extensions"]["field"] == field
    assert here.kept() == []
    assert await Attachment.all().count() == 0


@pytest.mark.parametrize(
    ("head", "most"), [(PDF, 25 * MB), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100), 10 * MB)], ids=["PDF", "PNG"]
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_body_is_cut_off_at_what_its_kind_may_have(here: Here, head: bytes, most: int) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        yield head
        while True:
            taken += 65_536
            yield bytes(65_536)

    answer = await here.post(here.mara, body())
    assert (answer.status_code, code(answer)) == (413, "LIMIT_REACHED")
    assert most - MB < taken < most + MB
    assert here.kept() == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_document_may_have_25_mb_and_not_one_byte_more(here: Here) -> None:
    whole = PDF + os.urandom(25 * MB - len(PDF))
    answer = await here.post(here.mara, whole)
    assert answer.status_code == 201
    assert (await here.get(here.mara, answer.json()["id"])).content == whole
    assert (await here.post(here.mara, whole + b"x")).status_code == 413


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("length", [b"25000001", b"9" * 4_000])
async def test_a_body_that_is_announced_as_too_large_is_not_read(here: Here, length: bytes) -> None:
    async def receive() -> Any:
        raise AssertionError("the body was read")

    status, _ = await raw(here.app, receive, here.mara, b"", (b"content-length", length))
    assert status == 413
    assert here.kept() == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_picture_that_is_announced_as_too_large_is_refused_after_its_head(here: Here) -> None:
    read = 0

    async def receive() -> Any:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"\xff\xd8\xff\xe0" + bytes(65_532), "more_body": True}

    status, _ = await raw(here.app, receive, here.mara, b"", (b"content-length", b"20000000"))
    assert (status, read) == (413, 1)


async def test_a_client_that_goes_away_half_way_leaves_nothing(here: Here) -> None:
    pieces: list[Any] = [
        {"type": "http.request", "body": PDF + bytes(400_000), "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return pieces.pop(0)

    status, answer = await raw(here.app, receive, here.mara)
    assert (status, answer) == (499, None)
    assert here.kept() == []
    assert await Attachment.all().count() == 0


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("limit", "seconds"), [("UPLOAD_SECONDS", 300), ("PIECE_SECONDS", 30)])
async def test_a_body_that_does_not_come_is_408(
    here: Here, monkeypatch: pytest.MonkeyPatch, limit: str, seconds: float
) -> None:
    assert {"UPLOAD_SECONDS": UPLOAD_SECONDS, "PIECE_SECONDS": PIECE_SECONDS}[limit] == seconds
    monkeypatch.setattr(upload, limit, 0.1)
    pieces: list[Any] = [{"type": "http.request", "body": PDF, "more_body": True}]

    async def receive() -> Any:
        return pieces.pop(0) if pieces else await asyncio.Event().wait()

    status, _ = await raw(here.app, receive, here.mara)
    assert status == 408
    assert here.kept() == []


async def test_two_tries_at_once_with_one_client_id_are_one_file(here: Here) -> None:
    answers = await asyncio.gather(*(here.post(here.mara, photo(), "a.jpg", clientId="k") for _ in range(3)))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(here.kept()) == 2
    other = await here.post(here.mara, PDF, "a.jpg", clientId="k")
    assert (other.status_code, code(other)) == (409, "CLIENT_ID_REUSED")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_one_may_upload_so_many_at_once(here: Here) -> None:
    started, all_started, release = 0, asyncio.Event(), asyncio.Event()

    async def receive() -> Any:
        nonlocal started
        started += 1
        if started == MOST_AT_ONCE:
            all_started.set()
        await release.wait()
        return {"type": "http.disconnect"}

    tasks = [asyncio.create_task(raw(here.app, receive, here.mara)) for _ in range(MOST_AT_ONCE)]
    await asyncio.wait_for(all_started.wait(), 5)
    answer = await here.post(here.mara, PDF)
    assert (answer.status_code, code(answer)) == (429, "RATE_LIMITED")
    assert (await here.post(here.theo, PDF)).status_code == 201
    release.set()
    await asyncio.gather(*tasks)
    assert (await here.post(here.mara, PDF)).status_code == 201


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_one_may_upload_so_often_and_so_much(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment, "MOST_UNSENT", 2)
    for _ in range(2):
        await here.upload(PDF)
    answer = await here.post(here.mara, PDF)
    assert (answer.status_code, code(answer)) == (409, "LIMIT_REACHED")
    monkeypatch.setattr(throttle, "upload", throttle.Throttle(per_account=1))
    assert (await here.post(here.theo, PDF)).status_code == 201
    answer = await here.post(here.theo, PDF)
    assert (answer.status_code, code(answer)) == (429, "RATE_LIMITED")
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60


async def test_a_full_disk_is_507_and_what_is_there_can_be_read(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    given = await here.upload(PDF)
    before = here.kept()

    def onto_a_full_disk(file: Spool) -> None:
        file._file = os.open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(Spool, "_open", onto_a_full_disk)
    for data, name in ((PDF, "cv.pdf"), (PDF + bytes(MB), "cv.pdf"), (photo(), "a.jpg")):
        answer = await here.post(here.mara, data, name)
        assert (answer.status_code, code(answer)) == (507, "INTERNAL")
    assert (await here.get(here.mara, given)).content == PDF
    assert here.kept() == before
    monkeypatch.undo()
    assert (await here.post(here.mara, PDF)).status_code == 201


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_fails_on_our_side_is_masked(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("canary")

    async def away(*_: object, **__: object) -> None:
        raise ConnectionError("canary")

    for trouble, status in ((broken, 500), (away, 503)):
        monkeypatch.setattr(Attachment, "keep", trouble)
        answer = await here.post(here.mara, PDF)
        assert (answer.status_code, code(answer)) == (status, "INTERNAL")
        assert "canary" not in answer.text
    assert here.kept() == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_other_methods_are_not_served(here: Here) -> None:
    for method, path, allowed in (
        ("GET", "/files", "POST"),
        ("PUT", "/files", "POST"),
        ("POST", "/files/x", "GET, HEAD"),
    ):
        answer = await here.client.request(method, path, headers=here.mara.headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_page_of_an_allowed_origin_may_upload_and_another_may_not(here: Here) -> None:
    for origin, allowed in ((APP, True), ("https://evil.example", False)):
        for path, method in (("/files", "POST"), ("/files/x", "GET")):
            asked = await here.client.options(
                path,
                headers={
                    "origin": origin,
                    "access-control-request-method": method,
                    "access-control-request-headers": "authorization,content-type",
                },
            )
            assert (asked.status_code == 200) is allowed
            assert ("access-control-allow-origin" in asked.headers) is allowed
        headers = {**here.mara.headers, "origin": origin}
        answer = await here.client.post("/files?name=cv.pdf", content=PDF, headers=headers)
        assert (answer.headers.get("access-control-allow-origin") == APP) is allowed
        assert answer.headers["vary"] == "Origin"
