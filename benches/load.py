"""Load: keep-alive connections that each send the next request when the last one is answered.

`wrk` makes it where it is installed, else this module in a process of its own, which takes more CPU.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from benches.servers import Asked

CONNECTIONS = 16


@dataclass(frozen=True)
class Load:
    """What came of a stretch of load."""

    requests: int
    seconds: float
    failed: int


def generator() -> str:
    """What makes the load on this machine."""
    return "wrk" if shutil.which("wrk") else "benches.load"


def load(port: int, asked: Asked, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Send the request over and over for so long."""
    if generator() == "wrk":
        return _wrk(port, asked, seconds, connections)
    command = [sys.executable, "-m", "benches.load", str(port), str(connections), str(seconds)]
    done = subprocess.run(command, input=_text(port, asked), capture_output=True, check=True)
    requests, took, failed = done.stdout.split()
    return Load(int(requests), float(took), int(failed))


SCRIPT = """wrk.method = "POST"
wrk.body = [==[%s]==]
%s
function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write("done ", summary.requests, " ", summary.duration, " ", failed, "\\n")
end
"""


def _wrk(port: int, asked: Asked, seconds: float, connections: int) -> Load:
    headers = (("content-type", "application/json"), *asked.headers)
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        script.write_text(SCRIPT % (asked.body.decode(), lines))
        url = f"http://127.0.0.1:{port}{asked.path}"
        # Whole seconds only.
        length = f"{max(1, round(seconds))}s"
        command = ["wrk", "-t1", "--timeout", "30s", f"-c{connections}", f"-d{length}", "-s", str(script), url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"done (\d+) (\d+) (\d+)", output)
    if found is None:
        raise RuntimeError(output)
    requests, microseconds, failed = map(int, found.groups())
    return Load(requests, microseconds / 1e6, failed)


def _text(port: int, asked: Asked) -> bytes:
    headers = (("host", f"127.0.0.1:{port}"), ("content-type", "application/json"), *asked.headers)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"POST {asked.path} HTTP/1.1\r\n{lines}content-length: {len(asked.body)}\r\n\r\n".encode() + asked.body


class _Connection(asyncio.Protocol):
    """Counts the answers, each with a content-length."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answered = self.failed = 0
        self._missing = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            found = re.search(rb"(?i)content-length: (\d+)", head)
            assert found is not None
            self.failed += not head.startswith(b"HTTP/1.1 200")
            self._missing, self._head, data = int(found.group(1)), b"", body
        self._missing -= len(data)
        if not self._missing:
            self.answered += 1
            self._transport.write(self.request)


async def _generate(port: int, connections: int, seconds: float, request: bytes) -> Load:
    loop = asyncio.get_running_loop()
    protocols = [_Connection(request) for _ in range(connections)]
    begin = time.perf_counter()
    for protocol in protocols:
        await loop.create_connection(lambda protocol=protocol: protocol, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(seconds)
    took = time.perf_counter() - begin
    return Load(sum(each.answered for each in protocols), took, sum(each.failed for each in protocols))


if __name__ == "__main__":
    import uvloop

    port_, connections_, seconds_ = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    made = uvloop.run(_generate(port_, connections_, seconds_, sys.stdin.buffer.read()))
    sys.stdout.write(f"{made.requests} {made.seconds} {made.failed}")
