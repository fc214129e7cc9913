"""A pytest plugin: one real PostgreSQL for a whole test run, however many workers it has. PYTEST_DONT_REWRITE"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from tests.postgres_server import PATIENCE, Keeper, PostgresUnavailable, ask

KEEPER = pytest.StashKey[Keeper]()
ADDRESS = pytest.StashKey[str]()

# How many wait for a lock in this database.
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def pytest_configure(config: pytest.Config) -> None:
    """Starts the keeper in the controller; a worker takes the keeper's address from it."""
    if "TEST_POSTGRES_URL" in os.environ:
        return
    worker = getattr(config, "workerinput", None)
    if worker is None:
        config.stash[KEEPER] = Keeper()
    config.stash[ADDRESS] = config.stash[KEEPER].address if worker is None else worker["postgres"]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of pytest-xdist where the keeper listens."""
    node.workerinput["postgres"] = node.config.stash.get(ADDRESS, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the server at the end of the run."""
    if KEEPER in config.stash:
        config.stash[KEEPER].stop()


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    """The URL of a running server, with the right to create databases; raises PostgresUnavailable."""
    given = os.environ.get("TEST_POSTGRES_URL")
    return ask(pytestconfig.stash[ADDRESS]) if given is None else answering(given)


def answering(url: str) -> str:
    """The URL of a given server, if that answers; raises PostgresUnavailable."""
    try:
        # In a thread: an async fixture may ask for this one, in a running event loop.
        with ThreadPoolExecutor(1) as threads:
            threads.submit(asyncio.run, execute(url, "SELECT 1")).result()
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise PostgresUnavailable(f"the server of TEST_POSTGRES_URL cannot be used: {error!r}") from error
    return url


async def create_database(url: str, name: str, template: str | None = None) -> str:
    """Creates a database on the server, empty or as a copy of the template; its URL."""
    copied = "" if template is None else f" TEMPLATE {identifier(template)}"
    await execute(url, f"CREATE DATABASE {identifier(name)}{copied}")
    return urlsplit(url)._replace(path=f"/{quote(name, safe='')}").geturl()


async def drop_database(url: str, name: str) -> None:
    """Drops a database if it exists, and cuts who is still connected to it."""
    await execute(url, f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


def identifier(name: str) -> str:
    """A name in SQL, quoted."""
    return '"' + name.replace('"', '""') + '"'


async def execute(url: str, statement: str) -> None:
    """Runs one statement outside of a transaction. The server waits five seconds for whoever just leaves a database."""
    connection = await asyncpg.connect(url, timeout=PATIENCE)
    try:
        await connection.execute(statement, timeout=PATIENCE)
    finally:
        await connection.close()
