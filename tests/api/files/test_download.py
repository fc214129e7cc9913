"""`GET /files/{id}`: who sees a file, and how it is shown."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models import clock
from models.attachment import Attachment
from models.conversation import Message
from models.files import store_of
from schema.context import Context
from schema.execution import execute_plainly, planner, prepare, run
from tests.api.files.exchange import Actor, Here, code
from tests.models.files.samples import BEGINNINGS, PDF, photo
from tests.schema.asking import ask

MINUTE = timedelta(minutes=1)
LINKS = "query($id: ID!) { node(id: $id) { ... on Attachment { url thumbnailUrl } } }"


async def statuses(here: Here, given: str, *below: str) -> list[int]:
    """What Mara, Theo, Eve and a stranger are answered."""
    actors: list[Actor | None] = [here.mara, here.theo, here.eve, None]
    return [(await here.get(by, given, *below)).status_code for by in actors]


async def links(by: Actor, given: str) -> dict[str, Any]:
    """The links that somebody is told, by both ways of execution."""
    answer = await ask(LINKS, by.session, id=given)
    return dict(answer["data"]["node"])


async def test_a_file_is_seen_by_its_uploader_and_once_it_is_sent_by_the_conversation(here: Here) -> None:
    unsent, sent = await here.upload(photo(), "a.jpg"), await here.sent(photo(), "b.jpg")
    for below in ((), ("thumbnail",)):
        assert await statuses(here, unsent, *below) == [200, 404, 404, 401]
        assert await statuses(here, sent, *below) == [200, 200, 404, 401]


async def test_what_one_may_not_see_is_told_like_what_there_is_not(here: Here) -> None:
    sent = await here.sent(PDF)
    hidden = await here.get(here.eve, sent)
    assert code(hidden) == "NOT_FOUND"
    for given in (f"Attachment:{uuid4()}",):
        missing = await here.get(here.eve, given)
        assert (missing.status_code, missing.json()) == (404, hidden.json())
    # A document has no thumbnail.
    assert (await here.get(here.mara, sent, "thumbnail")).json() == hidden.json()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_is_no_id_is_no_file(here: Here) -> None:
    await here.sent(PDF)
    (kept,) = here.kept()
    for given in (kept, f"Message:{kept}", f"Attachment:{kept.upper()}x", "x", "..%2f..%2fetc%2fpasswd", "%00"):
        assert (await here.get(here.mara, given)).status_code in (404, 422), given


async def test_a_file_of_a_deleted_message_is_gone_at_once_also_for_links(here: Here) -> None:
    sent = await here.sent(photo(), "a.jpg")
    told = await links(here.theo, sent)
    assert (await here.client.get(told["url"])).status_code == 200
    await Attachment.take_from(await Message.get(conversation_id=here.pair.conversation.id))
    assert await statuses(here, sent) == await statuses(here, sent, "thumbnail") == [404, 404, 404, 401]
    assert (await here.client.get(told["url"])).status_code == 404


async def test_a_link_shows_its_file_without_a_token_and_no_other_file(here: Here) -> None:
    sent, other = await here.sent(photo(), "a.jpg"), await here.sent(photo(), "b.jpg")
    for by in (here.mara, here.theo):
        told = await links(by, sent)
        for name in ("url", "thumbnailUrl"):
            assert (await here.client.get(told[name])).status_code == 200
            assert (await here.client.get(told[name].replace(sent, other))).status_code == 404
            with clock.moved(11 * MINUTE):
                assert (await here.client.get(told[name])).status_code == 404
        # Nor the whole picture for who was given the small one.
        assert (await here.client.get(told["thumbnailUrl"].replace("/thumbnail", ""))).status_code == 404
        await by.session.revoke()
        assert (await here.client.get(told["url"])).status_code == 404


@pytest.mark.one_path
async def test_links_are_planned_and_the_same_by_both_ways(here: Here) -> None:
    sent, document = await here.sent(photo(), "a.jpg"), await here.sent(PDF)
    query = """query($id: ID!) { node(id: $id) { ... on Conversation { messages { edges { node {
        attachments { id name kind mediaType bytes width height url small: thumbnailUrl } } } } } } }"""
    operation = prepare(query, {"id": f"Conversation:{here.pair.conversation.id}"}, None)
    context, answered = Context(session=here.theo.session), planner.answered
    planned = await run(operation, context)
    assert planner.answered == answered + 1
    assert planned == await execute_plainly(operation, context)
    for given in (sent, document):
        assert given.encode() in planned
    assert planned.count(b"/thumbnail?") == 1
    assert b"afterwards" not in planned


async def test_a_file_is_sent_as_it_is_and_no_browser_runs_it(here: Here) -> None:
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    given = await here.sent(page, 'n\u00e4me"; x.html')
    answer = await here.get(here.theo, given)
    assert answer.content == page
    headers = dict(answer.headers)
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"] == "private, no-cache"
    assert headers["content-disposition"] == (
        "attachment; filename=\"n_me__ x.html.txt\"; filename*=UTF-8''n%C3%A4me%22%3B%20x.html.txt"
    )


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("what", [name for name, (_, _, media) in BEGINNINGS.items() if media])
async def test_only_pictures_that_we_have_made_are_shown_in_a_page(here: Here, what: str) -> None:
    data, name, media = BEGINNINGS[what]
    shown = await here.get(here.mara, await here.upload(data, name))
    how, _, _ = shown.headers["content-disposition"].partition(";")
    assert how == ("inline" if str(media).startswith("image/") else "attachment")
    assert shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"


async def test_who_has_it_already_is_told_so(here: Here) -> None:
    given = await here.upload(photo(), "a.jpg")
    tags = [(await here.get(here.mara, given, *below)).headers["etag"] for below in ((), ("thumbnail",))]
    assert tags[0] != tags[1]
    for below, tag, status in (
        ((), tags[0], 304), ((), f'"x", W/{tags[0]}', 304), ((), "*", 304), ((), tags[1], 200),
        (("thumbnail",), tags[1], 304),
    ):  # fmt: skip
        answer = await here.get(here.mara, given, *below, if_none_match=tag)
        assert (answer.status_code, bool(answer.content)) == (status, status == 200)
    # Not for who may not see it.
    assert (await here.get(here.eve, given, if_none_match=tags[0])).status_code == 404


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_part_of_a_file_can_be_asked_for(here: Here) -> None:
    data = PDF + bytes(range(256)) * 2_000
    size, given = len(data), await here.upload(data)
    for asked, part in (
        ("bytes=0-0", data[:1]), ("bytes=5-", data[5:]), ("bytes=-7", data[-7:]), (f"bytes=9-{size * 2}", data[9:]),
        (f"bytes=-{size * 2}", data), ("bytes=300000-300001", data[300_000:300_002]),
    ):  # fmt: skip
        answer = await here.get(here.mara, given, range=asked)
        assert (answer.status_code, answer.content) == (206, part), asked
        start = data.index(part) if asked != "bytes=0-0" else 0
        assert answer.headers["content-range"].endswith(f"/{size}")
        assert answer.headers["content-length"] == str(len(part))
        assert start >= 0
    for whole in ("bytes=0-1,3-4", "bytes=2-1", "bytes=-", "bytes=x-", "lines=1-2", "bytes=" + "9" * 400 + "-"):
        answer = await here.get(here.mara, given, range=whole)
        assert (answer.status_code, answer.content) == (200, data), whole
    for beyond in (f"bytes={size}-", "bytes=-0"):
        answer = await here.get(here.mara, given, range=beyond)
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    assert (await here.get(here.mara, given, range="bytes=0-0", if_range='"other"')).status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_headers_can_be_asked_for_alone(here: Here) -> None:
    given = await here.upload(PDF)
    answer = await here.client.head(f"/files/{given}", headers=here.mara.headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(PDF))


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_row_whose_bytes_are_lost_is_no_file(here: Here) -> None:
    given = await here.upload(PDF)
    await store_of(f"file://{here.folder}").remove(here.kept())
    assert (await here.get(here.mara, given)).status_code == 404
