from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import httpx2
import pytest

from api.app import Application, application
from api.settings import Settings
from tests.api.graphql.exchange import APP


@pytest.fixture
async def app(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Application]:
    """The application, started on a SQLite file of its own."""
    path = tmp_path / "test.sqlite3"
    copy(sqlite_template, path)
    settings = Settings(
        database_url=f"sqlite://{path}",
        allowed_origins=(APP,),
        sweep_seconds=3600,
        stun_urls=(),
        turn_urls=(),
    )
    found = application(settings)
    async with found.router.lifespan_context(found):
        yield found


@pytest.fixture
async def client(app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that gets 500 for what the application raises, as over the network."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as found:
        yield found
