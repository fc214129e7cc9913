"""Where files are kept: a folder and a bucket do the same."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from obstore.store import LocalStore, MemoryStore, S3Store

from models import clock
from models.files import Missing, Spool, Store, is_full, store_of
from models.files.bucket import Bucket
from models.files.folder import Folder

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["folder", "bucket", "bucket in a folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The seam with each of its sides; of S3's library the stores that need no network."""
    if request.param == "folder":
        return Folder(tmp_path / "files")
    objects = MemoryStore() if request.param == "bucket" else LocalStore(tmp_path / "objects", mkdir=True)
    return Bucket(objects, tmp_path / "incoming")


async def keep(store: Store, data: bytes, key: str | None = None) -> str:
    """Put these bytes in the store. Returns their key."""
    key = key or str(uuid4())
    async with Spool(store.incoming) as file:
        await file.add(data)
        await file.done()
        await store.put(key, file.path)
    return key


async def content(store: Store, key: str, start: int = 0, stop: int = 10**9) -> bytes:
    async with store.reading(key, start, stop) as pieces:
        return b"".join([piece async for piece in pieces])


def listed(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def keys(pages: AsyncIterator[object]) -> set[str]:
    return {str(key) async for page in pages for key in page}  # type: ignore[attr-defined]


async def test_what_is_put_is_read_whole_or_in_part(store: Store) -> None:
    data = os.urandom(1_000_000)
    key = await keep(store, data)
    assert await content(store, key, 0, len(data)) == data
    for start, stop in ((0, 1), (0, 300_000), (262_143, 262_145), (999_999, 1_000_000)):
        assert await content(store, key, start, stop) == data[start:stop]
    assert listed(store.incoming) == []


async def test_what_was_removed_is_missing_and_may_be_removed_again(store: Store) -> None:
    one, other = await keep(store, b"one"), await keep(store, b"other")
    for _ in range(2):
        await store.remove([str(uuid4()), one, f"{one}.thumbnail"])
    with pytest.raises(Missing):
        await content(store, one)
    assert await content(store, other, 0, 5) == b"other"
    await store.remove([])


async def test_the_store_lists_what_is_older_than_a_moment(store: Store) -> None:
    wanted = {await keep(store, b"x") for _ in range(20)} | {await keep(store, b"x", f"{uuid4()}.thumbnail")}
    assert await keys(store.older(clock.now() + MINUTE)) == wanted
    assert await keys(store.older(clock.now() - MINUTE)) == set()


async def test_a_store_is_of_whom_it_was_marked_for(store: Store) -> None:
    assert await store.mark() is None
    owner = str(uuid4())
    await store.set_mark(owner)
    assert await store.mark() == owner


async def test_a_file_of_which_not_all_came_is_nowhere(store: Store) -> None:
    async def fail() -> None:
        async with Spool(store.incoming) as file:
            await file.add(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert listed(store.incoming) == []
    assert await keys(store.older(clock.now() + MINUTE)) == set()


async def test_a_spool_knows_the_size_the_head_and_the_digest_however_it_is_cut(tmp_path: Path) -> None:
    data = os.urandom(700_000)
    for piece in (1_000, 65_536, 300_000, 700_000):
        async with Spool(tmp_path) as file:
            for at in range(0, len(data), piece):
                await file.add(data[at : at + piece])
            await file.done()
            assert file.path.read_bytes() == data
            assert (file.size, file.head) == (700_000, data[: 64 * 1024])
            assert len(file.sha256) == 64


async def test_a_spool_whose_task_is_cancelled_is_gone(tmp_path: Path) -> None:
    async def receive() -> None:
        async with Spool(tmp_path) as file:
            await file.add(b"x" * 300_000)
            received.set()
            await asyncio.Event().wait()

    received = asyncio.Event()
    task = asyncio.create_task(receive())
    await asyncio.wait_for(received.wait(), 5)
    assert len(listed(tmp_path)) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert listed(tmp_path) == []


async def test_what_a_server_was_receiving_when_it_died_is_forgotten(store: Store) -> None:
    store.incoming.mkdir(parents=True, exist_ok=True)
    left = store.incoming / uuid4().hex
    left.write_bytes(b"half")
    await store.forget_incoming(clock.now() - MINUTE)
    assert left.exists()
    await store.forget_incoming(clock.now() + MINUTE)
    assert not left.exists()


async def test_files_are_for_this_user_alone(tmp_path: Path) -> None:
    store = Folder(tmp_path / "files")
    await keep(store, b"private")
    for path in (tmp_path / "files").rglob("*"):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


async def test_a_full_disk_is_told_from_other_troubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Spool(tmp_path)
    file.path = Path("/dev/full")
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    monkeypatch.setattr(os, "O_EXCL", 0)

    async def fill() -> None:
        async with file:
            await file.add(b"x")
            await file.done()

    with pytest.raises(OSError, match="No space left") as full:
        await fill()
    assert is_full(full.value)
    assert not is_full(ConnectionError("away"))
    assert not is_full(FileNotFoundError(2, "no"))


async def test_a_bucket_that_is_away_is_an_outage(tmp_path: Path) -> None:
    away = S3Store(
        "bucket",
        endpoint="http://127.0.0.1:9",
        access_key_id="a",
        secret_access_key="b",
        region="r",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    bucket = Bucket(away, tmp_path)
    for trouble in (
        keep(bucket, b"x"),
        content(bucket, str(uuid4())),
        bucket.remove([str(uuid4())]),
        keys(bucket.older(clock.now())),
    ):
        with pytest.raises(ConnectionError):
            await trouble


def test_a_url_names_a_folder_or_a_bucket(tmp_path: Path) -> None:
    folder = store_of(f"file://{tmp_path}/files")
    assert isinstance(folder, Folder)
    assert folder.root == tmp_path / "files"
    relative = store_of("file://var/my%20files")
    assert isinstance(relative, Folder)
    assert relative.root == Path("var/my files")
    assert isinstance(store_of("s3://bucket/prefix"), Bucket)
    for wrong in ("", "file://", "s3://", "ftp://host/x", "var/files"):
        with pytest.raises(ValueError, match=r"file://folder or s3://bucket/prefix"):
            store_of(wrong)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "https://127.0.0.1:9"])
def test_a_bucket_is_spoken_to_in_the_clear_only_where_the_operator_says_so(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    bucket = store_of("s3://bucket/prefix")
    assert isinstance(bucket, Bucket)
    assert isinstance(bucket.objects, S3Store)
    assert bucket.objects.prefix == "prefix"
    options = bucket.objects.client_options
    assert options is not None
    assert str(options["allow_http"]).lower() == str(address.startswith("http:")).lower()
