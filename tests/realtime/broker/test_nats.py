"""What the wire on NATS takes for granted of the server: that it has what was sent, once it has answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from realtime.background import beside
from realtime.bells import Bells
from realtime.broker.nats import NatsWire
from tests.realtime.broker.process import PATIENCE


class Server:
    """A server that notes what it was told, and what it had been told when it answered last."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.answered: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"max_payload": 1048576}\r\n')
        while line := await reader.readline():
            self.told.append(line.split(b" ")[0].strip())
            if line == b"PING\r\n":
                self.answered = list(self.told)
                writer.write(b"PONG\r\n")
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    async with await asyncio.start_server(found.serve, "127.0.0.1", 0) as listening:
        found.port = listening.sockets[0].getsockname()[1]
        yield found


class Noting(NatsWire):
    """Notes what the server had answered to when this wire began to listen."""

    def __init__(self, server: Server) -> None:
        super().__init__(f"nats://127.0.0.1:{server.port}", Bells())
        self.server = server
        self.before: list[bytes] = []

    def listening(self) -> None:
        self.before = self.server.answered
        super().listening()


async def test_who_listens_is_known_to_the_server_as_a_subscriber(server: Server) -> None:
    wire = Noting(server)
    async with asyncio.timeout(PATIENCE), beside(wire.hearing):
        await wire.ready.wait()
        assert b"SUB" in wire.before


async def test_a_ring_is_sent_once_the_server_has_it(server: Server) -> None:
    wire = NatsWire(f"nats://127.0.0.1:{server.port}", Bells())
    sent = asyncio.Event()
    envelopes = wire.carry

    async def carry(send: object) -> None:
        async def then(envelope: bytes) -> None:
            await send(envelope)  # type: ignore[operator]
            sent.set()

        await envelopes(then)

    wire.carry = carry  # type: ignore[method-assign, assignment]
    async with asyncio.timeout(PATIENCE), beside(wire.carrying):
        wire.ring(["topic"])
        await sent.wait()
        assert b"PUB" in server.answered
