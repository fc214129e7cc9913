"""The port of several workers: theirs alone, and dealt out between those that listen."""

import socket
from collections import Counter

import pytest

from api.port import Unservable, held, listen


def connected_to(host: str, port: int, listeners: list[socket.socket], times: int) -> Counter[int]:
    """How many of so many connections come to each of the listeners."""
    clients = [socket.create_connection((host, port), 5) for _ in range(times)]
    came: Counter[int] = Counter()
    for number, listener in enumerate(listeners):
        listener.setblocking(False)
        while True:
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                break
            came[number] += 1
    for client in clients:
        client.close()
    return came


def test_connections_are_dealt_to_those_that_listen_and_to_nobody_else() -> None:
    with held("127.0.0.1", 0) as addresses:
        ((family, (host, port)),) = addresses
        assert family == socket.AF_INET
        one, two, late = (listen(addresses)[0] for _ in range(3))
        one.listen(200)
        two.listen(200)
        came = connected_to(host, port, [one, two], 200)
        assert came.total() == 200
        # Of a fair coin, less than once in ten thousand million runs.
        assert min(came.values()) > 50
        # Who dies leaves nothing behind that connections could wait in.
        one.close()
        assert connected_to(host, port, [two], 50).total() == 50
        late.listen(200)
        assert set(connected_to(host, port, [two, late], 100)) == {0, 1}
        two.close()
        late.close()


def test_a_port_where_somebody_listens_is_not_shared_with_another_server() -> None:
    with held("127.0.0.1", 0) as addresses:
        (listener,) = listen(addresses)
        with listener:
            listener.listen()
            with pytest.raises(Unservable, match="address already in use"), held("127.0.0.1", addresses[0][1][1]):
                pass


def test_a_host_that_is_not_ours_is_told() -> None:
    with pytest.raises(Unservable, match=r"cannot listen on 192\.0\.2\.1:80"), held("192.0.2.1", 80):
        pass
    with pytest.raises(Unservable, match=r"nowhere\.invalid"), held("nowhere.invalid", 8000):
        pass


def test_every_address_of_a_host_is_held_under_one_port() -> None:
    with held("localhost", 0) as addresses:
        assert len({address[1] for _, address in addresses}) == 1
        sockets = listen(addresses)
        for found in sockets:
            found.close()
        assert len(sockets) == len(addresses) >= 1


def test_a_system_that_cannot_share_a_port_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(Unservable, match="WORKERS=1"), held("127.0.0.1", 0):
        pass
