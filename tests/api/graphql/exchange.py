"""What the tests of the endpoint send, and how they read what comes back."""

from typing import Any

import httpx2

from api.request import JSON_TYPE

APP = "https://app.example.org"
VIEWER = '{"query": "{ viewer { email } }"}'


async def post(client: httpx2.AsyncClient, body: str | bytes, **headers: str) -> httpx2.Response:
    """The answer to a body; headers are given with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", content=body, headers={"content-type": JSON_TYPE} | named)


def code(response: httpx2.Response) -> str:
    """The code of the one error of an answer."""
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


async def exchange(app: Any, receive: Any, *headers: tuple[str, str]) -> tuple[int, bytes]:
    """The status and the body of the answer to a POST whose body is what `receive` says."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    named = [("content-type", JSON_TYPE), *headers]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named],
        "client": ("192.0.2.1", 1234),
        "server": ("testserver", 80),
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
