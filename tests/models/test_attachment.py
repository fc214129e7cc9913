"""Attachments: uploaded, sent with a message, seen by its people, and removed with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from models import attachment, clock
from models.account import Account
from models.attachment import (
    KEPT_UNSENT,
    MOST_PER_MESSAGE,
    MOST_UNSENT,
    ORPHANED_AFTER,
    Attachment,
    Depot,
    thumbnail_key,
)
from models.conversation import Conversation, Message
from models.files import AttachmentKind, Sizes, Spool, Store, store_of
from models.refusal import RefusalCode
from tests.models.expect import refused
from tests.models.files.samples import PDF, SECRET, photo
from tests.people import Pair, pair, person

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(f"file://{tmp_path / 'files'}")


@asynccontextmanager
async def received(store: Store, data: bytes) -> AsyncIterator[Spool]:
    """A file that came whole."""
    async with Spool(store.incoming) as file:
        await file.add(data)
        yield file


async def upload(
    store: Store, by: Account, data: bytes = PDF, name: str = "cv.pdf", client_id: str | None = None
) -> Attachment:
    async with received(store, data) as file:
        return await Attachment.keep(file, name, by=by, store=store, sizes=Sizes(), client_id=client_id)


async def kept(store: Store) -> set[str]:
    """The keys of all files that there are."""
    return {key async for some in store.older(clock.now() + 1_000 * HOUR) for key in some}


async def send(two: Pair, *files: Attachment, key: str = "k", body: str = "Look") -> Message:
    return await two.conversation.send(body, by=two.mentor, client_id=key, attachment_ids=[file.id for file in files])


def put_aside(folder: Path) -> None:
    """Somebody keeps something of their own in a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "notes.txt").write_text("not ours")


async def seen(viewer: Account) -> set[UUID]:
    return {row.id for row in await Attachment.visible_to(viewer)}


async def test_a_file_is_kept_as_it_is_under_a_name_that_says_what_it_is(database: str, store: Store) -> None:
    ana = await person()
    row = await upload(store, ana, name="C:\\Users\\Ana\\cv.exe")
    assert (row.name, row.media_type, row.kind, row.bytes) == (
        "cv.exe.pdf", "application/pdf", AttachmentKind.DOCUMENT, len(PDF),
    )  # fmt: skip
    assert await kept(store) == {str(row.id)}
    assert (row.width, row.height, row.thumbnail_bytes, row.message_id) == (None, None, None, None)


async def test_a_picture_is_made_anew_and_has_a_thumbnail(database: str, store: Store) -> None:
    row = await upload(store, await person(), photo(orientation=6), "at home.JPG")
    assert (row.name, row.media_type, row.kind) == ("at home.JPG", "image/jpeg", AttachmentKind.IMAGE)
    assert (row.width, row.height) == (30, 40)
    assert await kept(store) == {str(row.id), thumbnail_key(row.id)}
    async with store.reading(str(row.id), 0, row.bytes + 1) as pieces:
        data = b"".join([piece async for piece in pieces])
    assert len(data) == row.bytes
    assert SECRET not in data


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.ini.pdf"),
        ("/", "file.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        (".bashrc", "bashrc.pdf"),
        ("  Curri\u0301culo.pdf ", "Curr\u00edculo.pdf"),
        ('a"; filename=b.exe', 'a"; filename=b.exe.pdf'),
    ],
)
async def test_a_name_leads_nowhere(database: str, store: Store, given: str, stored: str) -> None:
    assert (await upload(store, await person(), name=given)).name == stored


@pytest.mark.parametrize("name", ["a\x00.pdf", "a\nb.pdf", "fdp.\u202eexe", "x" * 121, "\ud800.pdf"])
async def test_a_name_that_hides_something_is_refused_and_nothing_is_kept(
    database: str, store: Store, name: str
) -> None:
    with refused(RefusalCode.INVALID, "name"):
        await upload(store, await person(), name=name)
    assert await kept(store) == set()


async def test_what_is_empty_too_large_or_damaged_is_refused_and_nothing_is_kept(database: str, store: Store) -> None:
    ana = await person()
    for data, code in ((b"", RefusalCode.INVALID), (photo()[:300], RefusalCode.INVALID)):
        with refused(code, "file"):
            await upload(store, ana, data)
    async with received(store, PDF) as file:
        with refused(RefusalCode.LIMIT_REACHED, "file"):
            await Attachment.keep(file, "cv.pdf", by=ana, store=store, sizes=Sizes(document=len(PDF) - 1))
    assert await kept(store) == set()
    assert await Attachment.all().count() == 0


async def test_a_retry_with_its_key_finds_the_first_file_even_at_the_same_time(database: str, store: Store) -> None:
    ana = await person()
    rows = await asyncio.gather(*(upload(store, ana, client_id="k") for _ in range(4)))
    again = await upload(store, ana, client_id="k")
    assert {row.id for row in rows} == {again.id}
    assert await kept(store) == {str(again.id)}


async def test_a_key_of_another_file_is_refused(database: str, store: Store) -> None:
    ana, bo = await person(), await person("Bo")
    await upload(store, ana, client_id="k")
    for data, name in ((PDF + b"x", "cv.pdf"), (PDF, "other.pdf")):
        with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
            await upload(store, ana, data, name, client_id="k")
    await upload(store, bo, PDF + b"x", client_id="k")
    assert len(await kept(store)) == 2


async def test_one_may_have_so_many_files_that_were_not_sent(
    database: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_UNSENT == 50
    monkeypatch.setattr(attachment, "MOST_UNSENT", 3)
    two = await pair()
    tries = await asyncio.gather(*(upload(store, two.mentor) for _ in range(6)), return_exceptions=True)
    rows = [row for row in tries if isinstance(row, Attachment)]
    assert len(rows) == 3
    # What was refused left no bytes.
    assert await kept(store) == {str(row.id) for row in rows}
    with refused(RefusalCode.LIMIT_REACHED):
        await Attachment.must_have_room(two.mentor)
    await upload(store, two.mentee)
    await send(two, *rows)
    await upload(store, two.mentor)


async def test_one_may_have_so_many_bytes_that_were_not_sent(
    database: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachment, "MOST_UNSENT_BYTES", 2 * len(PDF))
    ana = await person()
    for _ in range(2):
        await upload(store, ana)
    with refused(RefusalCode.LIMIT_REACHED):
        await upload(store, ana)


async def test_a_file_is_its_uploaders_until_it_is_sent_and_then_the_conversations(database: str, store: Store) -> None:
    two, eve = await pair(), await person("Eve")
    row = await upload(store, two.mentor)
    assert [row.id in await seen(one) for one in (two.mentor, two.mentee, eve)] == [True, False, False]
    await send(two, row)
    assert [row.id in await seen(one) for one in (two.mentor, two.mentee, eve)] == [True, True, False]
    await two.mentorship.end(by=two.mentee)
    assert [row.id in await seen(one) for one in (two.mentor, two.mentee, eve)] == [True, True, False]


async def test_files_are_of_their_message_in_the_order_that_was_asked_for(database: str, store: Store) -> None:
    two = await pair()
    rows = [await upload(store, two.mentor, name=f"{number}.pdf") for number in range(4)]
    message = await send(two, *reversed(rows))
    found = await Attachment.under(two.mentee, "message_id", message.id).order_by("position")
    assert [row.name for row in found] == ["3.pdf", "2.pdf", "1.pdf", "0.pdf"]
    assert [row.position for row in found] == [1, 2, 3, 4]


async def test_a_message_may_be_files_alone_and_a_message_without_them_may_not_be_empty(
    database: str, store: Store
) -> None:
    two = await pair()
    assert (await send(two, await upload(store, two.mentor), body="")).body == ""
    with refused(RefusalCode.INVALID, "body"):
        await send(two, body="", key="other")


async def test_what_cannot_be_sent_is_refused_and_takes_no_number(database: str, store: Store) -> None:
    two = await pair()
    mine, theirs, sent = [await upload(store, by) for by in (two.mentor, two.mentee, two.mentor)]
    await send(two, sent)
    many = [uuid4() for _ in range(MOST_PER_MESSAGE + 1)]
    for ids, code in (
        ([mine.id, theirs.id], RefusalCode.NOT_FOUND),
        ([mine.id, uuid4()], RefusalCode.NOT_FOUND),
        ([mine.id, sent.id], RefusalCode.WRONG_STATE),
        ([mine.id, mine.id], RefusalCode.INVALID),
        (many, RefusalCode.INVALID),
    ):
        with refused(code, "attachmentIds"):
            await two.conversation.send(
                "Look", by=two.mentor, client_id=f"{code}{len(ids)}{ids[-1]}"[:64], attachment_ids=ids
            )
    assert (await Conversation.get(id=two.conversation.id)).last_number == 1
    assert (await Attachment.get(id=mine.id)).message_id is None
    assert (await send(two, mine, key="again")).number == 2


async def test_a_file_is_sent_with_one_message_whatever_races(database: str, store: Store) -> None:
    two = await pair()
    other = await pair(two.mentor)
    rows = [await upload(store, two.mentor) for _ in range(3)]
    tries = await asyncio.gather(
        *(send(one, *order, key=f"{index}") for index, (one, order) in enumerate([
            (two, rows), (other, rows[::-1]), (two, rows[::-1]), (other, rows),
        ])),
        return_exceptions=True,
    )  # fmt: skip
    sent = [message for message in tries if isinstance(message, Message)]
    assert len(sent) == 1
    assert {row.message_id for row in await Attachment.all()} == {sent[0].id}


async def test_a_retry_of_a_message_with_files_finds_it_and_one_with_other_files_is_refused(
    database: str, store: Store
) -> None:
    two = await pair()
    one, other = await upload(store, two.mentor), await upload(store, two.mentor)
    first = await send(two, one)
    assert (await send(two, one)).id == first.id
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await send(two, other)
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await send(two)


async def test_what_was_not_sent_for_a_day_is_removed(database: str, store: Store) -> None:
    two = await pair()
    sent, unsent = await upload(store, two.mentor, photo()), await upload(store, two.mentor, photo())
    await send(two, sent)
    with clock.moved(KEPT_UNSENT - 10 * SECOND):
        await Attachment.sweep(store)
        assert len(await kept(store)) == 4
    with clock.moved(KEPT_UNSENT + SECOND):
        await asyncio.gather(*(Attachment.sweep(store) for _ in range(3)))
        assert await kept(store) == {str(sent.id), thumbnail_key(sent.id)}
        assert [row.id for row in await Attachment.all()] == [sent.id]
        with refused(RefusalCode.NOT_FOUND, "attachmentIds"):
            await send(two, unsent, key="late")


async def test_what_is_sent_while_it_is_swept_is_either_sent_or_gone(database: str, store: Store) -> None:
    two = await pair()
    for number in range(8):
        row = await upload(store, two.mentor)
        with clock.moved(KEPT_UNSENT + SECOND):
            sent, _ = await asyncio.gather(
                send(two, row, key=f"{number}"), Attachment.sweep(store), return_exceptions=True
            )
        there = str(row.id) in await kept(store)
        assert there is isinstance(sent, Message) is await Attachment.exists(id=row.id)


async def test_files_of_a_deleted_message_are_gone_at_once_and_removed_soon(database: str, store: Store) -> None:
    two = await pair()
    rows = [await upload(store, two.mentor) for _ in range(2)]
    message, other = await send(two, rows[0]), await send(two, rows[1], key="other")
    await Attachment.take_from(message)
    assert await seen(two.mentor) == await seen(two.mentee) == {rows[1].id}
    assert await Attachment.under(two.mentor, "message_id", message.id) == []
    await Attachment.sweep(store)
    assert await kept(store) == {str(rows[1].id)}
    assert await Attachment.filter(message_id=other.id).count() == 1


async def test_bytes_that_no_row_names_are_removed_after_an_hour_and_no_others(database: str, store: Store) -> None:
    ana = await person()
    row, gone = await upload(store, ana, photo()), await upload(store, ana, photo())
    await Attachment.filter(id=gone.id).delete()
    put_aside(store.incoming.parent / "aa")
    with clock.moved(-HOUR):
        await Attachment.sweep_orphans(store)
    assert len(await kept(store)) == 5
    # Looked through a moment ago; an hour later, again.
    with clock.moved(ORPHANED_AFTER - HOUR - SECOND):
        await Attachment.sweep_orphans(store)
        assert len(await kept(store)) == 5
    with clock.moved(ORPHANED_AFTER + 10 * SECOND):
        again = store_of(f"file://{store.incoming.parent}")
        await asyncio.gather(Attachment.sweep_orphans(store), Attachment.sweep_orphans(again))
    assert await kept(store) == {str(row.id), thumbnail_key(row.id), "notes.txt"}


async def test_a_server_that_dies_before_the_row_leaves_an_orphan_that_is_swept(
    database: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def killed(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(Attachment, "_record", killed)
    with pytest.raises(Killed):
        await upload(store, await person())
    monkeypatch.undo()
    assert len(await kept(store)) == 1
    with clock.moved(ORPHANED_AFTER + 10 * SECOND):
        await Attachment.sweep_orphans(store)
    assert await kept(store) == set()


async def test_a_database_has_one_store_however_many_servers_begin_at_once(database: str, store: Store) -> None:
    assert await asyncio.gather(*(Depot.is_of(store) for _ in range(5))) == [True] * 5
    (depot,) = await Depot.all()
    assert await store.mark() == str(depot.id)


async def test_the_files_of_another_database_are_not_orphans(database: str, store: Store) -> None:
    row = await upload(store, await person())
    await Attachment.sweep_orphans(store)
    await Attachment.filter(id=row.id).delete()
    await Depot.all().delete()
    with clock.moved(3 * HOUR):
        await Attachment.sweep_orphans(store)
    assert await kept(store) == {str(row.id)}


async def test_the_files_go_with_their_conversation(database: str, store: Store) -> None:
    two = await pair()
    row = await upload(store, two.mentor)
    await send(two, row)
    await Conversation.filter(id=two.conversation.id).delete()
    assert not await Attachment.exists(id=row.id)
    with clock.moved(2 * HOUR):
        await Attachment.sweep_orphans(store)
    assert await kept(store) == set()
