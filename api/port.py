"""The port that several workers serve: each listens on a socket of its own, and the kernel deals connections out.

With SO_REUSEPORT, Linux deals evenly, by a hash of the addresses. One socket that all share would give a burst of
clients that come back, after a deployment, to whoever wakes first: asyncio takes all there are. And a worker that
dies takes its socket with it, so nobody waits in its queue.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

Address = tuple[int, Any]


class Unservable(Exception):
    """Nobody can listen there. It says why."""


@contextmanager
def held(host: str, port: int) -> Iterator[Sequence[Address]]:
    """Within the block the port is ours: the addresses to `listen` at. Nothing arrives at what only holds them."""
    if not hasattr(socket, "SO_REUSEPORT"):
        raise Unservable("this system cannot share a port between workers (SO_REUSEPORT); set WORKERS=1.")
    with ExitStack() as stack:
        addresses: list[Address] = []
        try:
            found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, _, _, _, address in found:
                # A port that the kernel chose for the first is the others' too.
                wanted = (address[0], addresses[0][1][1] if addresses else port, *address[2:])
                # Sharing is for our own workers: another server that listens there is found without it.
                _bound(family, wanted, shared=False).close()
                holder = stack.enter_context(_bound(family, wanted, shared=True))
                addresses.append((family, holder.getsockname()))
        except OSError as error:
            raise Unservable(f"cannot listen on {host}:{port}: {str(error.strerror).lower()}") from error
        yield addresses


def listen(addresses: Sequence[Address]) -> list[socket.socket]:
    """A worker's own sockets at these addresses. Connections come once the server listens."""
    return [_bound(family, address, shared=True) for family, address in addresses]


def _bound(family: int, address: Any, *, shared: bool) -> socket.socket:
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
    except BaseException:
        found.close()
        raise
    return found
