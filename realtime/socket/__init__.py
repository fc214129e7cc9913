"""The server side of `graphql-transport-ws`, the GraphQL-over-WebSocket protocol of enisdenjo/graphql-ws.

`Sockets` is the ASGI endpoint and knows every open socket. What the operations mean is for the `Application`
to know: this package carries bytes and knows no GraphQL type. `CloseCode` says how a socket can end, and why.

There are no keepalive messages of our own: uvicorn pings on the transport (`ws_ping_interval`, by default 20 s)
and drops whoever does not answer. Serve with `realtime.socket.transport.Transport` as uvicorn's `ws` class.
"""

from realtime.socket.application import Admission, Application, Forbidden, Offer, Rejected, Unavailable
from realtime.socket.limits import SocketLimits
from realtime.socket.protocol import SUBPROTOCOL, CloseCode
from realtime.socket.sockets import Sockets

__all__ = [
    "SUBPROTOCOL",
    "Admission",
    "Application",
    "CloseCode",
    "Forbidden",
    "Offer",
    "Rejected",
    "SocketLimits",
    "Sockets",
    "Unavailable",
]
