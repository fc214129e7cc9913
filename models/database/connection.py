"""Where the database is, and how to connect to it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connections
from tortoise.context import TortoiseContext

DEFAULT_URL = "sqlite://var/alongside.sqlite3"

MODULES = [
    "models.account",
    "models.session",
    "models.profile",
    "models.skill",
    "models.organisation",
    "models.inbox",
    "models.request",
    "models.mentorship",
    "models.goal",
    "models.meeting",
    "models.conversation",
    "models.video.session",
    "models.video.participant",
]

# One writer, and every acknowledged commit on the disk before the answer.
SQLITE_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": 10_000,
    "journal_size_limit": 64 * 1024 * 1024,
}


# The working set is in memory or on a disk without a head, where a page out of turn costs no more than the next one:
# with the default of 4 an index looks dear, and whole tables are read instead. Compiling a statement (jit) pays after
# seconds; ours take a millisecond.
POSTGRES_SETTINGS = {"random_page_cost": "1.1", "jit": "off"}


def configuration(url: str, *, pool: int = 10) -> dict[str, Any]:
    """Tortoise's configuration for a database URL: `sqlite://path` or `postgres://user:password@host:port/name`.

    The connection is named by its dialect: Tortoise keys its statement caches by the connection's name,
    so two dialects under one name would share each other's SQL.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        name = "sqlite"
        credentials: dict[str, Any] = {"file_path": rest, **SQLITE_PRAGMAS}
        engine = "models.database.sqlite"
    elif scheme in ("postgres", "postgresql"):
        name = "postgres"
        credentials = dict(expand_db_url(f"asyncpg://{rest}")["credentials"])
        credentials.update(minsize=1, maxsize=pool, server_settings=POSTGRES_SETTINGS)
        engine = "models.database.asyncpg"
    else:
        raise ValueError(f"The database URL must start with sqlite:// or postgres://, not {scheme!r}.")
    return {
        "connections": {name: {"engine": engine, "credentials": credentials}},
        "apps": {"models": {"models": MODULES, "default_connection": name, "migrations": "migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


# Read by the ORM's own command line (`tortoise makemigrations`), which wants a name, not a function.
CONFIG = configuration(os.environ.get("DATABASE_URL", DEFAULT_URL))


@asynccontextmanager
async def connect(
    url: str, *, pool: int = 10, everywhere: bool = False, **credentials: Any
) -> AsyncIterator[TortoiseContext]:
    """Open the database for the block.

    `everywhere` makes it the process's database, also for tasks that were not started inside the block
    (a server's requests). `credentials` override single settings of the driver.
    """
    config = configuration(url, pool=pool)
    (connection,) = config["connections"].values()
    connection["credentials"].update(credentials)
    if path := connection["credentials"].get("file_path"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    async with TortoiseContext() as context:
        await context.init(config=config, _enable_global_fallback=everywhere)
        # Opened before anybody can be cancelled in the middle of it, which would leak the connection's lock.
        await context.db().execute_query("SELECT 1")
        yield context


def dialect() -> str:
    """`sqlite` or `postgres`: the connection is named by it."""
    (name,) = get_connections().db_config
    return str(name)
