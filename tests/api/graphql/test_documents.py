"""Persisted documents: named by their hash, from a folder or a JSON object."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from shutil import copy
from typing import Any

import httpx2
import orjson
import pytest

from api.app import Application, application
from api.documents import Documents, Unreadable, identifier_of
from api.live import Guest, Live
from api.request import RESPONSE_TYPE
from api.settings import Settings
from models.session import Session
from realtime.bells import Bells
from realtime.ice import IceSettings
from realtime.presence import Roster
from realtime.socket import Rejected
from realtime.typing import Typists
from tests.api.graphql.exchange import post
from tests.people import person

VIEWER = "{ viewer { email } }"
TWO = "query One { viewer { email } }\r\nquery Two { node(id: $id) { id } }\n".replace("Two", "Two($id: ID!)")
AD_HOC = "{ viewer { id } }"

Serve = Callable[..., Awaitable[httpx2.AsyncClient]]


@pytest.fixture
async def serve(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Serve]:
    """A client of the application with these documents; once in a test."""
    copy(sqlite_template, tmp_path / "test.sqlite3")
    async with AsyncExitStack() as stack:

        async def served(path: Path | str, only: bool = False) -> httpx2.AsyncClient:
            app = application(
                Settings(
                    database_url=f"sqlite://{tmp_path / 'test.sqlite3'}",
                    sweep_seconds=3600,
                    persisted_documents=str(path),
                    only_persisted_documents=only,
                )
            )
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx2.ASGITransport(app=app)
            return await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://test"))

        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two documents, one of them deeper."""
    (tmp_path / "documents" / "mobile").mkdir(parents=True)
    (tmp_path / "documents" / "viewer.graphql").write_bytes(VIEWER.encode())
    (tmp_path / "documents" / "mobile" / "two.graphql").write_bytes(TWO.encode())
    (tmp_path / "documents" / "notes.txt").write_bytes(b"\xff")
    return tmp_path / "documents"


async def named(client: httpx2.AsyncClient, identifier: Any, **request: Any) -> httpx2.Response:
    """The answer to a request that names its document."""
    return await post(client, orjson.dumps({"documentId": identifier, **request}), accept=RESPONSE_TYPE)


def test_the_id_of_a_document_is_that_of_the_specifications_examples() -> None:
    spaced = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
    assert identifier_of(spaced) == "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
    dense = "query($id:ID!){user(id:$id){name}}"
    assert identifier_of(dense) == "sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"


@pytest.mark.parametrize("only", [False, True])
async def test_a_document_of_the_folder_runs_by_its_hash(serve: Serve, folder: Path, only: bool) -> None:
    client = await serve(folder, only)
    for query in (None, ""):
        answer = await named(client, identifier_of(VIEWER), query=query)
        assert (answer.status_code, answer.json()) == (200, {"data": {"viewer": None}})
    two = f"sha256:{hashlib.sha256(TWO.encode()).hexdigest()}"
    answer = await named(client, two, operationName="Two", variables={"id": "Profile:nobody"})
    assert (answer.status_code, answer.json()) == (200, {"data": {"node": None}})


async def test_a_json_object_names_documents_by_hash_and_by_what_a_tool_calls_them(
    serve: Serve, tmp_path: Path
) -> None:
    ids = [identifier_of(VIEWER), "f9a0b3c2d1e0f9a8b7c6d5e4f3a2b1c0", "x-relay:Viewer.1"]
    (tmp_path / "documents.json").write_bytes(orjson.dumps(dict.fromkeys(ids, VIEWER)))
    client = await serve(tmp_path / "documents.json")
    for identifier in ids:
        assert (await named(client, identifier)).json() == {"data": {"viewer": None}}


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize(
    "identifier", [identifier_of("{"), identifier_of(VIEWER).upper(), "", "sha256:", "x" * 100_000, "../viewer", "\0"]
)
async def test_an_unknown_id_is_one_error_that_names_document_id(
    serve: Serve, folder: Path, served: bool, identifier: str
) -> None:
    client = await serve(folder if served else "")
    answer = await named(client, identifier)
    assert (answer.status_code, answer.json().keys()) == (400, {"errors"})
    (error,) = answer.json()["errors"]
    assert error["message"].startswith("documentId: ")
    assert error["extensions"] == {"code": "BAD_INPUT"}
    # With the old media type the server says that it understood the request.
    assert (await post(client, orjson.dumps({"documentId": identifier}))).status_code == 200


@pytest.mark.parametrize("identifier", [5, True, ["sha256:"], {"sha256": "x"}])
async def test_an_id_that_is_no_string_is_400(serve: Serve, folder: Path, identifier: Any) -> None:
    answer = await post(await serve(folder), orjson.dumps({"documentId": identifier}))
    assert answer.status_code == 400
    assert "documentId must be a string" in answer.json()["errors"][0]["message"]


async def test_an_id_and_a_query_together_are_refused(serve: Serve, folder: Path) -> None:
    answer = await named(await serve(folder), identifier_of(VIEWER), query=VIEWER)
    assert (answer.status_code, answer.json()["errors"][0]["message"][:10]) == (400, "documentId")


async def test_other_documents_run_beside_them(serve: Serve, folder: Path) -> None:
    answer = await post(await serve(folder), orjson.dumps({"query": AD_HOC}))
    assert answer.json() == {"data": {"viewer": None}}


async def test_other_documents_do_not_run_where_the_settings_refuse_them(serve: Serve, folder: Path) -> None:
    client = await serve(folder, only=True)
    for query in (AD_HOC, VIEWER + " ", "", "{ __typename }", "{"):
        answer = await post(client, orjson.dumps({"query": query}), accept=RESPONSE_TYPE)
        assert (answer.status_code, answer.json().keys()) == (400, {"errors"})
        assert "documentId" in answer.json()["errors"][0]["message"]
    # A client that cannot name documents, such as the WebSocket's, sends the text of one.
    assert (await post(client, orjson.dumps({"query": VIEWER}))).json() == {"data": {"viewer": None}}


async def test_the_socket_has_the_same_documents(app: Application, folder: Path) -> None:
    session, _ = await Session.open(await person())
    guest = Guest(await Session.get(id=session.id).select_related("account"), "", "")
    live = Live(IceSettings(), Documents.of_settings(str(folder), only=True))
    live.bells = Bells()
    live.roster, live.typists = Roster(live.bells), Typists()
    for request in ({"query": "", "documentId": identifier_of(VIEWER)}, {"query": VIEWER}):
        assert [b"example.org" in answer async for answer in live.run(guest, request, None)] == [True]
    for request in ({"query": AD_HOC}, {"query": "", "documentId": "other"}, {"query": "", "documentId": [5]}):
        with pytest.raises(Rejected) as rejected:
            await anext(live.run(guest, request, None))
        assert "documentId" in rejected.value.errors[0]["message"]


@pytest.mark.parametrize(
    ("manifest", "mends"),
    [
        (b"", "cannot be read"),
        (b"[]", "JSON object"),
        (b'{"operations": []}', "JSON object"),
        (b"{}", "no document"),
        (b'{"sha256:00": "{ viewer { id } }"}', "sha256: and the hash"),
        (b'{"md5:00": "{ viewer { id } }"}', "sha256: and the hash"),
        (b'{"": "{ viewer { id } }"}', "sha256: and the hash"),
        (f'{{"{identifier_of("x")}": "y"}}'.encode(), "not the hash of its text"),
        (b'{"x": "\xff"}', "cannot be read"),
    ],
)
def test_documents_that_cannot_be_served_end_the_start(tmp_path: Path, manifest: bytes, mends: str) -> None:
    (tmp_path / "documents.json").write_bytes(manifest)
    with pytest.raises(Unreadable, match=mends):
        application(Settings(persisted_documents=str(tmp_path / "documents.json")))


def test_a_path_without_documents_ends_the_start(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Unreadable, match="PERSISTED_DOCUMENTS"):
            Documents.of_settings(str(path), only=False)
    (tmp_path / "latin.graphql").write_bytes(b"# \xe9")
    with pytest.raises(Unreadable, match="cannot be read"):
        Documents.of_settings(str(tmp_path), only=False)
    with pytest.raises(Unreadable, match="ONLY_PERSISTED_DOCUMENTS needs"):
        application(Settings(only_persisted_documents=True))
