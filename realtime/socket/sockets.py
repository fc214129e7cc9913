"""The ASGI endpoint and the register of its open sockets."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Hashable
from contextlib import suppress
from typing import Final, Generic

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from models.address import neighbourhood
from realtime.socket import protocol
from realtime.socket.application import A, Application
from realtime.socket.connection import Connection
from realtime.socket.limits import SocketLimits
from realtime.socket.protocol import SUBPROTOCOL, CloseCode

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class Sockets(Generic[A]):
    """The WebSocket endpoint of one application: give it to a Starlette `WebSocketRoute`.

    `clock` is monotonic, in seconds. `allowed_origins` are whole origins such as `https://app.example.org`.
    """

    def __init__(
        self,
        application: Application[A],
        *,
        allowed_origins: Collection[str] = (),
        limits: SocketLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._allowed_origins = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)
        self._limits = limits or SocketLimits()
        self._clock = clock
        self._open: set[Connection[A]] = set()
        self._seats: Counter[Hashable] = Counter()
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._draining = False

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket. A foreign origin is refused with HTTP 403, all else with a close code."""
        await receive()
        # The client may leave during the handshake.
        with suppress(OSError):
            if not origin_allowed(Headers(scope=scope), self._allowed_origins):
                await send({"type": "websocket.close"})
                return
            spoken = SUBPROTOCOL in scope.get("subprotocols", ())
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if spoken else None})
            if not spoken:
                reason = "Subprotocol not acceptable"
                await send(protocol.close_frame(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, reason))
            elif self._draining:
                await send(protocol.close_frame(CloseCode.SERVICE_RESTART, "Service restart"))
            else:
                await self._serve(scope, receive, send)

    async def drain(self) -> None:
        """Close every socket with 1012 and admit no more; returns when all have ended. For use at SIGTERM.

        Operations are cancelled. A client that reads nothing delays this by `SocketLimits.goodbye` at most,
        an operation by as long as its finally blocks take.
        """
        self._draining = True
        for connection in self._open:
            connection.close(CloseCode.SERVICE_RESTART, "Service restart")
        await self._none_open.wait()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        seat: Hashable = None

        def take_seat(admission: A) -> bool:
            nonlocal seat
            wanted, most = self._seat(admission, scope)
            if self._seats[wanted] >= most:
                return False
            seat = wanted
            self._seats[seat] += 1
            return True

        connection = Connection(
            self._application,
            scope,
            receive,
            send,
            limits=self._limits,
            clock=self._clock,
            take_seat=take_seat,
        )
        self._open.add(connection)
        self._none_open.clear()
        try:
            await connection.serve()
        finally:
            self._forget(connection, seat)

    def _seat(self, admission: A, scope: Scope) -> tuple[Hashable, int]:
        if admission.account is not None:
            return ("account", admission.account), self._limits.sockets_per_account
        address, _ = scope.get("client") or (None, None)
        return ("address", address and neighbourhood(address)), self._limits.sockets_per_address

    def _forget(self, connection: Connection[A], seat: Hashable) -> None:
        self._open.discard(connection)
        if not self._open:
            self._none_open.set()
        if seat is not None:
            self._seats[seat] -= 1
            if not self._seats[seat]:
                del self._seats[seat]


def origin_allowed(headers: Headers, allowed: Collection[str]) -> bool:
    """Whether a page of this origin may open a socket (RFC 6455, 10.2); no Origin means no browser.

    The origin must be among `allowed`, in lower case, or have the same host and port as the Host header.
    """
    origins = headers.getlist("origin")
    if not origins:
        return True
    if len(origins) > 1:
        return False
    origin = origins[0].lower()
    if origin in allowed:
        return True
    scheme, _, place = origin.partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    hosts = headers.getlist("host")
    if port is None or len(hosts) != 1:
        return False
    host = hosts[0].lower().removesuffix(port)
    return host != "" and host == place.removesuffix(port)
