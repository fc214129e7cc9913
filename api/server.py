"""The server: uvicorn, with the deadlines and bounds of a server that faces strangers."""

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import Callable

import structlog
import uvicorn
from structlog.tracebacks import ExceptionDictTransformer

from api.app import Application, application
from api.http import Http
from api.settings import Settings
from realtime.socket.transport import Transport

# From the signal to the end, and how much of it the goodbye to sockets may take.
DRAIN_SECONDS = 20.0
GOODBYE_SECONDS = 15.0
CLOSING_SECONDS = 2
SOCKET_BYTES = 64 * 1024
GARBAGE_THRESHOLD = 20_000

log = structlog.get_logger()


class Server(uvicorn.Server):
    """A uvicorn server that says goodbye to its sockets before it stops."""

    def __init__(self, app: Application, settings: Settings, welcome: Callable[[int], None]) -> None:
        """`welcome` is told the port, once it is bound."""
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                http=Http.bounded(settings.connections_per_address, settings.trusted_proxies),
                ws=Transport,
                ws_max_size=SOCKET_BYTES,
                ws_max_queue=8,
                ws_per_message_deflate=False,
                # The log of each request cost a quarter to a half of the throughput.
                access_log=False,
                log_config=None,
                server_header=False,
                forwarded_allow_ips=settings.trusted_proxies,
                lifespan="on",
            )
        )
        self._app = app
        self._welcome = welcome

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open what the application needs, then begin to serve."""
        await super().startup(sockets)
        # What is there by now stays: the collector need not look through it again and again, nor as often as it would.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
        self._welcome(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the clients of sockets to come back, let what is running finish, and stop."""
        loop = asyncio.get_running_loop()
        end = loop.time() + DRAIN_SECONDS
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._app.sockets.drain()
        except TimeoutError:
            log.error("sockets did not end in time", open=self._app.sockets.open, seconds=GOODBYE_SECONDS)
        left = end - loop.time()
        # After this uvicorn cancels what still runs, and the database is closed.
        self.config.timeout_graceful_shutdown = max(1, int(left) - CLOSING_SECONDS)
        try:
            async with asyncio.timeout(left):
                await super().shutdown(sockets)
        except TimeoutError:
            log.error("the shutdown did not end in time; the process ends all the same", seconds=DRAIN_SECONDS)


def serve(settings: Settings, welcome: Callable[[int], None]) -> None:
    """Serve until a signal comes. `welcome` is told the port, once it is bound."""
    log_to_stderr()
    Server(application(settings), settings, welcome).run()


def log_to_stderr() -> None:
    """Lines for people on a terminal, JSON for machines; uvicorn's own lines too."""
    pretty = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # Tracebacks without local variables: those hold messages, tokens and addresses.
            *([] if pretty else [structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))]),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if pretty
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # uvicorn tells of each WebSocket that opens and closes; only its warnings matter here.
    line = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(level=logging.WARNING, format=line, stream=sys.stderr)
