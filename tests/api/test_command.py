"""The command line: what an operator can mend is one line."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from api import command
from api.command import main
from api.settings import Settings
from models.database import connect
from tests.broker_server import BrokerServer
from tests.journeys.server import ROOT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "99999"),
        ("PORT", "-1"),
        ("DATABASE_URL", "mysql://ana:canary@x/y"),
        ("DATABASE_URL", "canary"),
        ("DATABASE_URL", "postgres://ana:canary@host:port/y"),
        ("CONNECTIONS_PER_ADDRESS", "many"),
        ("SOCKETS_PER_ACCOUNT", "0"),
        ("BROKER_URL", "amqp://ana:canary@host"),
        ("BROKER_URL", "canary"),
        ("BROKER_URL", "nats://"),
        ("BROKER_URL", "nats://ana@host,ana:canary/x@host"),
        ("BROKER_URL", "redis://host:99999"),
        ("WORKERS", "0"),
        ("WORKERS", "2"),
    ],
)
def test_a_setting_that_cannot_be_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    said = str(ended.value.code)
    assert said.startswith(f"alongside: {name}: ")
    assert "\n" not in said
    # It may hold a password.
    assert "canary" not in said


@pytest.mark.parametrize("given", [["--workers", "2"], ["--workers", "0"]])
def test_workers_may_be_an_argument_too(monkeypatch: pytest.MonkeyPatch, given: list[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite://nothing")
    with pytest.raises(SystemExit, match="alongside: WORKERS: "):
        main(["serve", *given])


def test_sqlite_is_served_by_one_worker_with_or_without_a_broker() -> None:
    assert Settings(database_url="sqlite://a", broker_url="nats://b").workers == 1
    assert Settings(database_url="postgres://a@b:1/c", workers=2, broker_url="valkey://b").workers == 2
    with pytest.raises(ValidationError, match="SQLite has one writer"):
        Settings(database_url="sqlite://a", broker_url="nats://b", workers=2)


@pytest.mark.parametrize("kind", ["nats", "valkey"])
def test_a_broker_that_refuses_us_is_told_in_one_line(kind: str) -> None:
    with BrokerServer(kind) as server, pytest.raises(SystemExit) as ended:
        command._look_at_the_broker(Settings(broker_url=server.url_with("canard")))
    said = str(ended.value.code)
    assert said.startswith("alongside: the broker of BROKER_URL cannot be used: ")
    assert "\n" not in said
    assert "canard" not in said


def test_a_broker_that_is_away_keeps_nobody_from_serving(capsys: pytest.CaptureFixture[str]) -> None:
    server = BrokerServer("nats")
    command._look_at_the_broker(Settings(broker_url=server.url))
    said = capsys.readouterr().err
    assert said.startswith("alongside: the broker of BROKER_URL is away, and is waited for: ")
    assert len(said.splitlines()) == 1
    assert "canary" not in said


@pytest.mark.parametrize("command", ["serve", "migrate", "demo"])
def test_a_database_that_is_away_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    with socket.socket() as unserved:
        # Bound but not listening: nobody else takes the port, and nobody answers.
        unserved.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DATABASE_URL", f"postgres://ana:canary@127.0.0.1:{unserved.getsockname()[1]}/none")
        with pytest.raises(SystemExit) as ended:
            main([command])
    said = str(ended.value.code)
    assert said.startswith("alongside: the database of DATABASE_URL cannot be used: ")
    assert "\n" not in said
    assert "canary" not in said


def test_a_port_that_is_in_use_is_told_in_one_line_and_nothing_is_welcomed(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {**os.environ, "PORT": str(port), "DATABASE_URL": f"sqlite://{tmp_path / 'a.sqlite3'}"}
        ran = subprocess.run(
            [sys.executable, "-m", "api", "serve", "--migrate"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert ran.returncode != 0
    assert "serves" not in ran.stdout
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    assert str(port) in ran.stderr
    assert "address already in use" in ran.stderr


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::", "ws://[::]:8000"),
        ("::1", "ws://[::1]:8000"),
        ("127.0.0.1", "ws://127.0.0.1:8000"),
        ("a.b", "ws://a.b:8000"),
    ],
)
def test_an_ipv6_address_stands_in_brackets(host: str, url: str) -> None:
    assert Settings(host=host, port=8000).url("ws") == url


async def test_a_new_database_file_and_its_folder_are_this_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "alongside.sqlite3"
    before = os.umask(0)
    try:
        async with connect(f"sqlite://{path}") as context:
            await context.db().execute_query("CREATE TABLE there (is_something INT)")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
