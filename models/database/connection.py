"""Where the database is, and how to connect to it."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connections
from tortoise.context import TortoiseContext

DEFAULT_URL = "sqlite://var/alongside.sqlite3"

MODULES = [
    "models.account",
    "models.session",
    "models.profile",
    "models.skill",
    "models.organisation.organisation",
    "models.organisation.membership",
    "models.organisation.programme",
    "models.organisation.participation",
    "models.organisation.pair_rule",
    "models.organisation.founding",
    "models.matching.matching",
    "models.matching.input",
    "models.matching.draft",
    "models.saved_search",
    "models.inbox",
    "models.request.request",
    "models.mentorship",
    "models.goal",
    "models.meeting",
    "models.conversation.conversation",
    "models.conversation.opening",
    "models.conversation.participant",
    "models.conversation.message",
    "models.conversation.reaction",
    "models.conversation.star",
    "models.conversation.scheduled",
    "models.block",
    "models.suggestion.dismissal",
    "models.report",
    "models.evidence",
    "models.attachment",
    "models.conversation.mention",
    "models.conversation.notification",
    "models.missed_mail",
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
#
# And nothing waits for ever: a unit that waited for a row held by somebody who had stopped would keep its connection,
# and the server from ending. What runs into a limit is undone, and answered as an outage (`is_outage`).
POSTGRES_SETTINGS = {
    "random_page_cost": "1.1",
    "jit": "off",
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "30s",
}

# For a server that says nothing at all any more, as behind a firewall that forgot the connection; above its own limits.
COMMAND_SECONDS = 35.0

# A migration may wait for another one, and change a large table.
UNLIMITED = {"lock_timeout": "0", "statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}


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
        credentials.update(minsize=1, maxsize=pool, server_settings=POSTGRES_SETTINGS, command_timeout=COMMAND_SECONDS)
        engine = "models.database.asyncpg"
    else:
        raise ValueError("The database URL must start with sqlite:// or postgres://.")
    return {
        "connections": {name: {"engine": engine, "credentials": credentials}},
        "apps": {"models": {"models": MODULES, "default_connection": name, "migrations": "migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


def __getattr__(name: str) -> Any:
    # Read by the ORM's own command line (`tortoise makemigrations`), which wants a name, not a function.
    if name == "CONFIG":
        return configuration(os.environ.get("DATABASE_URL", DEFAULT_URL))
    raise AttributeError(name)


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
        _make_private(Path(path))
    async with TortoiseContext() as context:
        await context.init(config=config, _enable_global_fallback=everywhere)
        # Opened before anybody can be cancelled in the middle of it, which would leak the connection's lock.
        await context.db().execute_query("SELECT 1")
        yield context


def _make_private(path: Path) -> None:
    """Make the file, and its folder, for this user alone where they are new; SQLite's other files take after it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))


def dialect() -> str:
    """`sqlite` or `postgres`: the connection is named by it."""
    (name,) = get_connections().db_config
    return str(name)


def array_text(values: Iterable[UUID | int]) -> str:
    """Ids or numbers, as PostgreSQL writes an array. Its driver looks at each of a list for longer than this takes."""
    return f"{{{','.join(map(str, values))}}}"
