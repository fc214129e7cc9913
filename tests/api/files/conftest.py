"""The application, started, and people with a pair."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from api.app import Application, application
from api.settings import Settings
from models.attachment import Depot
from models.database import connect
from models.files import store_of
from tests.api.files.exchange import Actor, Here, actor
from tests.api.graphql.exchange import APP
from tests.people import pair, person


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[Application]:
    """The application, started on either database."""
    settings = Settings(database_url=database_url, allowed_origins=(APP,), sweep_seconds=3600)
    # Else the first sweep marks the folder while a test looks at what is in it.
    async with connect(database_url):
        assert await Depot.is_of(store_of(settings.files_url))
    found = application(settings)
    async with found.router.lifespan_context(found):
        yield found


@pytest.fixture
async def here(app: Application, tmp_path: Path) -> AsyncIterator[Here]:
    """A pair, somebody else, and a client of the application."""
    two, eve = await pair(), await person("Eve")
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        actors: list[Actor] = [await actor(one) for one in (two.mentor, two.mentee, eve)]
        yield Here(app, client, two, *actors, tmp_path / "files")
