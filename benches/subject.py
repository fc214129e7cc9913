"""The Python servers that are measured against `alongside serve`, each a process: `python -m benches.subject bare`.

They are what a hand would write for speed: bare ASGI, no sign-in (the viewer is fixed), no limits, no log.
"""

import argparse
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import aiosqlite
import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from benches.aggregates import PostgresAggregates, SqliteAggregates
from benches.rows import PostgresRows, SqliteRows
from models.database import connect
from models.database.asyncpg import Connection
from models.session import Session

POOL = 10

Answer = Callable[[dict[str, Any]], Awaitable[bytes]]
Subject = Callable[[str, UUID], ASGIApp]


def handwritten(postgres: Callable[[UUID, Any], Any], sqlite: Callable[[UUID, Any], Any]) -> Subject:
    """An endpoint of three routes, whose parameters are the body."""

    def subject(url: str, viewer: UUID) -> ASGIApp:
        answers: list[Any] = []

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            if url.startswith("sqlite"):
                async with aiosqlite.connect(url.removeprefix("sqlite://")) as connection:
                    answers[:] = [sqlite(viewer, connection)]
                    yield
            else:
                pool = asyncpg.create_pool(url, min_size=1, max_size=POOL, connection_class=Connection)
                async with pool as connected:
                    answers[:] = [postgres(viewer, connected)]
                    yield

        def route(name: str) -> Route:
            async def endpoint(request: Request) -> Response:
                answer: Answer = getattr(answers[0], name)
                return Response(await answer(orjson.loads(await request.body())), media_type="application/json")

            return Route(f"/{name}", endpoint, methods=["POST"])

        return Starlette(lifespan=lifespan, routes=[route(name) for name in ("mentors", "inbox", "dashboard")])

    return subject


def ours(*, planned: bool) -> Subject:
    """Our execution without the server around it: no sign-in, no checks, no middleware."""
    from schema.context import Context
    from schema.execution import execute_plainly, prepare, run

    answer = run if planned else execute_plainly

    def subject(url: str, viewer: UUID) -> ASGIApp:
        sessions: list[Session] = []
        opened = AsyncExitStack()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await receive()
                await opened.enter_async_context(connect(url, pool=POOL, everywhere=True))
                sessions.append(await Session.filter(account_id=viewer).select_related("account").get())
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await opened.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return
            body = b""
            more = True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            asked = orjson.loads(body)
            operation = prepare(asked["query"], asked.get("variables"), asked.get("operationName"))
            data = await answer(operation, Context(session=sessions[0]))
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": data})

        return app

    return subject


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "bare": lambda: ours(planned=True),
    "plain": lambda: ours(planned=False),
    "rows": lambda: handwritten(PostgresRows, SqliteRows),
    "aggregates": lambda: handwritten(PostgresAggregates, SqliteAggregates),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("subject", choices=SUBJECTS)
    chosen = parser.parse_args()
    uvicorn.run(
        SUBJECTS[chosen.subject]()(os.environ["DATABASE_URL"], UUID(os.environ["VIEWER"])),
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
    )
