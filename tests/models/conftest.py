"""Databases and migrations for those that migrate."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from models.conversation import quick
from tests.models.migrating import Further
from tests.postgres import create_database, drop_database


@pytest.fixture
def empty_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without a single table."""
    if engine == "sqlite":
        yield f"sqlite://{tmp_path / 'empty.sqlite3'}"
        return
    server: str = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex[:12]}"
    yield asyncio.run(create_database(server, name))
    asyncio.run(drop_database(server, name))


@pytest.fixture
def further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Further:
    return Further(tmp_path, monkeypatch)


@pytest.fixture
def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are sent and read statement by statement, so that a test can come between two of them."""
    monkeypatch.setattr(quick, "is_open", lambda: False)
