"""The application: one Starlette app, wired from its settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from tortoise.connection import get_connection

from api.board import Board
from api.cors import Cors
from api.documents import Documents
from api.files import Files
from api.graphql import GraphQL
from api.ide import ide_files
from api.live import Guest, Live
from api.mail import Rounds, mailing, post_of, unsubscribe
from api.matcher import matching
from api.metrics import Metrics
from api.settings import Settings
from api.sweeper import sweeping
from models.database import connect, dialect, is_outage
from models.files import store_of
from models.retention import Retention
from models.suggestion import gather
from realtime.background import beside
from realtime.broker import broker
from realtime.endings import Endings
from realtime.presence import Roster
from realtime.sign_ins import SignIns
from realtime.socket import SocketLimits, Sockets
from realtime.typing import Typists


class Application(Starlette):
    """The ASGI application. `sockets` is what a server drains before it stops."""

    sockets: Sockets[Guest]
    graphql: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one WebSocket, or the life of the process."""
        # What everybody asks for goes straight there: on its way through Starlette's middleware and routes a request
        # is delayed by twice as much as by the endpoint.
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self.graphql(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == "/graphql":
            # And a socket, which stays for hours, would keep what is on that way in memory.
            await self.sockets(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def application(settings: Settings, board: Board | None = None) -> Application:
    """The application of these settings; one of several workers has a place at their `board`.

    Raises `Unreadable` where the settings name documents that cannot be read.
    """
    documents = Documents.of_settings(settings.persisted_documents, only=settings.only_persisted_documents)
    live = Live(settings.ice, documents)
    limits = SocketLimits(sockets_per_account=settings.sockets_per_account)
    sockets = Sockets(live, allowed_origins=settings.allowed_origins, limits=limits)
    metrics = Metrics(token=settings.metrics_token, open_sockets=lambda: sockets.open, board=board)
    graphql = GraphQL(settings.ice, documents, metrics)
    files = Files(settings.sizes)
    endpoint = Cors(graphql, settings.allowed_origins)

    delay = timedelta(minutes=settings.missed_mail_minutes)
    rounds = Rounds(post_of(settings.mail_url), settings.sender, delay)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        url = settings.database_url
        files.store = store_of(settings.files_url)
        async with (
            connect(url, pool=settings.database_pool, everywhere=True),
            broker(url, settings.broker_url) as bells,
            sweeping(settings.sweep_seconds, files.store, Retention(timedelta(days=settings.inbox_days))),
            metrics.posted(),
            # Of the workers of one server, one matches: a run takes a whole processor.
            matching(bells) if board is None or board.number == 1 else nullcontext(),
            beside(gather),
            mailing(rounds) if settings.missed_mail_minutes else nullcontext(),
        ):
            graphql.bells = live.bells = bells
            graphql.sign_ins = live.sign_ins = files.sign_ins = SignIns(bells)
            live.endings = Endings(bells)
            graphql.typists = live.typists = Typists()
            graphql.roster = live.roster = Roster(bells)
            async with live.roster.following():
                yield

    app = Application(
        lifespan=lifespan,
        routes=[
            Route("/", lambda _: RedirectResponse("/graphql"), methods=["GET"]),
            Route("/graphql", endpoint),
            *files.routes(settings.allowed_origins),
            WebSocketRoute("/graphql", sockets),
            Mount("/ide", ide_files),
            Route("/mail/unsubscribe", unsubscribe, methods=["GET", "POST"]),
            Route("/healthz", health, methods=["GET"]),
            Route("/metrics", metrics.page, methods=["GET"]),
        ],
    )
    app.graphql = endpoint
    app.sockets = sockets
    return app


async def health(_: Request) -> Response:
    """200 while the database answers, else 503."""
    try:
        await get_connection(dialect()).execute_query("SELECT 1")
    except Exception as error:
        if not is_outage(error):
            raise
        return PlainTextResponse("the database is away", 503)
    return PlainTextResponse("ok")
