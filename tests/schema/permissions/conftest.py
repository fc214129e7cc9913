"""The world, built once and copied for each test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models import clock
from models.database import connect
from tests.schema.permissions.world import World, build

# What they assert is explained as it is in a test.
CHECKS = ["answers", "deeds", "reader", "walks"]
pytest.register_assert_rewrite(*(f"tests.schema.permissions.{name}" for name in CHECKS))


@pytest.fixture(scope="session")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world, built once."""
    world = World(tmp_path_factory.mktemp("world") / "world.sqlite3")
    shutil.copy(sqlite_template, world.path)

    async def built() -> None:
        async with connect(f"sqlite://{world.path}"):
            await build(world)

    asyncio.run(built())
    return world


@pytest.fixture
async def world(template: World, tmp_path: Path) -> AsyncIterator[World]:
    """The world, and a connection to a copy of its own."""
    path = tmp_path / "world.sqlite3"
    shutil.copy(template.path, path)
    # It is as old as when it was built: tickets, links and windows of time run out in a suite of some minutes.
    with clock.moved(template.built_at - clock.now()):
        async with connect(f"sqlite://{path}"):
            yield template
