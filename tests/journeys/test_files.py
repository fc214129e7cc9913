"""Files between real clients and a real server, over real sockets."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.journeys import documents
from tests.journeys.client import Client
from tests.journeys.pairs import match, mentoring
from tests.journeys.server import Server
from tests.models.files.samples import PDF, SECRET, photo

MB = 1_000_000
FILES = """query($id: ID!) { node(id: $id) { ... on Conversation { messages { edges { node {
    body attachments { id name kind bytes url thumbnailUrl } } } } } } }"""


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Server:
    return Server(database_url, tmp_path / "server.log", FILES_URL=f"file://{tmp_path / 'files'}")


@asynccontextmanager
async def people(server: Server) -> AsyncIterator[tuple[Client, Client, str]]:
    """A mentor, a mentee, and the id of their conversation."""
    async with Client(server) as mara, Client(server) as theo:
        account = await mentoring(mara, "Mara")
        await theo.sign_up("Theo")
        yield mara, theo, (await match(mara, account["profile"]["id"], theo)).conversation_id


def address(server: Server, path: str) -> str:
    return server.url.removesuffix("/graphql") + path


def kept(folder: Path) -> list[str]:
    """The names of the files that are kept, or are being received."""
    return [path.name for path in (folder / "files").rglob("*") if path.is_file() and path.name != "database"]


async def upload(by: Client, data: bytes, name: str, key: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {by.token}"}
    where = address(by.server, "/files")
    return await by.http.post(where, content=data, params={"name": name, "clientId": key}, headers=headers)


async def test_a_photo_and_a_document_are_sent_and_seen_also_after_a_crash(server: Server, tmp_path: Path) -> None:
    whole = PDF + os.urandom(3 * MB)
    with server:
        async with people(server) as (mara, theo, conversation):
            given = [
                (await upload(mara, data, name, name)).json()["id"]
                for data, name in ((photo(), "us.jpg"), (whole, "cv.pdf"))
            ]
            server.kill()
            server.start()
            # Whoever did not hear the answer tries again, and finds the first.
            assert (await upload(mara, whole, "cv.pdf", "cv.pdf")).json()["id"] == given[1]
            sent = {"conversationId": conversation, "body": "", "clientId": "1", "attachmentIds": given}
            assert (await mara.call(documents.SEND, input=sent))["sent"]["number"] == 1
            (edge,) = (await theo.call(FILES, id=conversation))["messages"]["edges"]
            picture, document = edge["node"]["attachments"]
            assert [picture["name"], document["name"]] == ["us.jpg", "cv.pdf"]
            # As a browser's <img> asks: without a token.
            for path in (picture["url"], picture["thumbnailUrl"]):
                shown = await theo.http.get(address(server, path))
                assert shown.status_code == 200
                assert SECRET not in shown.content
            assert (await theo.http.get(address(server, document["url"]))).content == whole
            part = await theo.http.get(address(server, document["url"]), headers={"range": "bytes=1000000-"})
            assert (part.status_code, part.content) == (206, whole[MB:])
            assert len(kept(tmp_path)) == 3


async def test_a_body_that_is_too_large_is_answered_before_all_of_it_came(server: Server, tmp_path: Path) -> None:
    with server:
        async with people(server) as (mara, _, _), opened(server, mara, f"content-length: {900 * MB}") as (reader, _):
            async with asyncio.timeout(5):
                assert (await reader.readline()).split()[1] == b"413"
        assert kept(tmp_path) == []


async def test_a_body_without_end_is_cut_off(server: Server, tmp_path: Path) -> None:
    with server:
        async with people(server) as (mara, _, _), opened(server, mara, "transfer-encoding: chunked") as (reader, to):
            answer, sent = asyncio.create_task(reader.readline()), 0
            piece = b"10000\r\n" + b"\x01" * 65_536 + b"\r\n"
            async with asyncio.timeout(20):
                while not answer.done():
                    to.write(piece)
                    sent += len(piece)
                    # Once it has answered, the server may end the connection at any time.
                    with suppress(ConnectionError):
                        await to.drain()
            assert (await answer).split()[1] == b"413"
            assert 25 * MB <= sent < 35 * MB
        assert kept(tmp_path) == []


async def test_a_client_that_drops_half_way_leaves_nothing_and_others_go_on(server: Server, tmp_path: Path) -> None:
    with server:
        async with people(server) as (mara, theo, _):
            for _ in range(3):
                async with opened(server, mara, f"content-length: {20 * MB}") as (_, writer):
                    writer.write(PDF + bytes(2 * MB))
                    await writer.drain()
                    # While Mara's comes slowly, Theo's is taken.
                    assert (await upload(theo, PDF, "cv.pdf", "1")).status_code == 201
                    assert len(kept(tmp_path)) == 2
            async with asyncio.timeout(5):
                while len(kept(tmp_path)) > 1:  # noqa: ASYNC110 - the server tells nobody
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def opened(
    server: Server, by: Client, length: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which the headers of an upload were sent, with this one of its length; dropped at the end."""
    where = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"POST /files?name=a.bin HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {by.token}\r\n{length}\r\n\r\n"
    writer.write(head.encode())
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
