"""Uploading and downloading as somebody."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson

from api.app import Application
from models.account import Account
from models.attachment import Attachment
from models.session import Session
from schema.node import parse
from tests.people import Pair


@dataclass
class Actor:
    """Somebody with a token."""

    account: Account
    session: Session
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What signs a request in."""
        return {"authorization": f"Bearer {self.token}"}


async def actor(account: Account) -> Actor:
    """A new sign-in of an account."""
    return Actor(account, *await Session.open(account))


@dataclass
class Here:
    """A pair, somebody else, and where the files are."""

    app: Application
    client: httpx2.AsyncClient
    pair: Pair
    mara: Actor
    theo: Actor
    eve: Actor
    folder: Path

    async def post(
        self, by: Actor | None, data: bytes | AsyncIterator[bytes], name: str | None = "cv.pdf", **query: str
    ) -> httpx2.Response:
        """The answer to an upload."""
        params = {**({} if name is None else {"name": name}), **query}
        return await self.client.post("/files", content=data, params=params, headers=by.headers if by else {})

    async def upload(self, data: bytes, name: str = "cv.pdf") -> str:
        """The id of what Mara has uploaded."""
        answer = await self.post(self.mara, data, name)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def sent(self, data: bytes, name: str = "cv.pdf") -> str:
        """The id of what Mara has sent to Theo."""
        given = await self.upload(data, name)
        await self.pair.conversation.send(
            "Look", by=self.mara.account, client_id=given[-36:], attachment_ids=[key_of(given)]
        )
        return given

    async def get(self, by: Actor | None, given: str, *below: str, **headers: str) -> httpx2.Response:
        """The answer to somebody who wants a file; headers are given with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = by.headers if by else {}
        return await self.client.get("/".join(["/files", given, *below]), headers={**signed, **named})

    def kept(self) -> list[str]:
        """The names of all files that are in the folder, also of those that are being received."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file() and path.name != "database")


def key_of(given: str) -> Any:
    """The row's id in a global one."""
    found = parse(given)
    assert found is not None
    assert found[0] is Attachment
    return found[1]


def code(answer: httpx2.Response) -> str:
    """The code of the one error of an answer."""
    (error,) = answer.json()["errors"]
    assert error["message"]
    return str(error["extensions"].get("refusal", error["extensions"]["code"]))


async def raw(app: Any, receive: Any, by: Actor, query: bytes = b"", *headers: tuple[bytes, bytes]) -> tuple[int, Any]:
    """The status and the JSON of the answer to an upload whose body is what `receive` says."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/files",
        "raw_path": b"/files",
        "root_path": "",
        "query_string": query,
        "headers": [(b"authorization", f"Bearer {by.token}".encode()), *headers],
        "client": ("192.0.2.1", 1234),
        "server": ("testserver", 80),
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], orjson.loads(body) if body else None
