"""Listeners: a process that holds many sockets of `graphql-transport-ws`, and does little else, so as to take little.

Its standard input is a line of JSON: the port, the document, and the tokens, each as often as it has sockets; then
lines `want N`, each answered by `had` once N results have come in all; and at the end `stop`, answered by what came.
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, cast

# What a message's body says of when it was sent: nanoseconds of the machine's monotonic clock.
SENT = b"sent at "

# So many connect at once.
AT_ONCE = 50


class Listener(asyncio.Protocol):
    """One socket: it subscribes, counts results, and answers pings."""

    def __init__(self, crowd: "Crowd", token: str | None) -> None:
        self._crowd = crowd
        self._token = token
        self._buffer = b""
        self._open = False
        self.ready = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._open, self._buffer = True, rest
            payload = {"authorization": f"Bearer {self._token}"} if self._token else {}
            self._send(1, json.dumps({"type": "connection_init", "payload": payload}).encode())
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.lost += 1

    def _frame(self) -> tuple[int, bytes] | None:
        held = self._buffer
        if len(held) < 2:
            return None
        length, start = held[1] & 127, 2
        if length == 126:
            length, start = int.from_bytes(held[2:4]), 4
        elif length == 127:
            length, start = int.from_bytes(held[2:10]), 10
        if len(held) < start + length:
            return None
        self._buffer = held[start + length :]
        return held[0] & 15, held[start : start + length]

    def _take(self, code: int, data: bytes) -> None:
        if code == 9:
            self._send(10, data)
        elif code == 8:
            raise AssertionError(f"closed: {data!r}")
        elif b'"type":"next"' in data:
            self._crowd.take(data)
        elif b'"connection_ack"' in data:
            payload = {"query": self._crowd.document}
            self._send(1, json.dumps({"id": "1", "type": "subscribe", "payload": payload}).encode())
            self.ready.set_result(None)
        else:
            raise AssertionError(data)

    def _send(self, code: int, data: bytes) -> None:
        # Masked with zeros, which leave the data as it is.
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
        self._transport.write(bytes([0x80 | code]) + length + bytes(4) + data)


class Crowd:
    """All sockets of the process."""

    def __init__(self, document: str) -> None:
        self.document = document
        self.came = self.lost = self.wanted = self.bytes = 0
        self.late: list[float] = []

    def take(self, data: bytes) -> None:
        """A result has come."""
        self.came += 1
        self.bytes = len(data)
        if (begin := data.find(SENT)) > 0:
            sent = int(data[begin + len(SENT) : data.index(b";", begin)])
            self.late.append((time.monotonic_ns() - sent) / 1e6)
        if self.came == self.wanted:
            print("had", flush=True)

    async def connect(self, port: int, tokens: Sequence[str | None]) -> None:
        """Open a socket for each of these tokens, and keep it."""
        loop, turns = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

        async def one(token: str | None) -> None:
            async with turns:
                _, listener = await loop.create_connection(lambda: Listener(self, token), "127.0.0.1", port)
                await listener.ready

        await asyncio.gather(*map(one, tokens))

    def told(self) -> dict[str, Any]:
        """What came, and the milliseconds from sending to receiving."""
        late = sorted(self.late) or [0.0]
        shares = {f"p{share}": late[min(len(late) - 1, len(late) * share // 100)] for share in (50, 99)}
        return {"came": self.came, "lost": self.lost, "bytes": self.bytes, "worst": late[-1], **shares}


async def listen() -> None:
    """Do what standard input says."""
    loop = asyncio.get_running_loop()
    given = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    crowd = Crowd(given["document"])
    await crowd.connect(given["port"], given["tokens"])
    print("ready", flush=True)
    while (line := (await loop.run_in_executor(None, sys.stdin.readline)).split())[:1] == ["want"]:
        crowd.wanted = int(line[1])
        if crowd.came >= crowd.wanted:
            print("had", flush=True)
    print(json.dumps(crowd.told()), flush=True)
    # Closing thousands of sockets politely would take longer than all else.
    os._exit(0)


if __name__ == "__main__":
    import uvloop

    uvloop.run(listen())
