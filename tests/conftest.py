"""Every test of the domain runs on both databases; each gets a fresh copy of a migrated one."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise.apps import Apps

from models import throttle
from models.database import connect
from models.database.migrate import migrate
from tests.postgres import create_database, drop_database
from tests.spare import Spare
from tests.templates import Templates
from tests.worked_out import once

pytest_plugins = ["tests.memory", "tests.postgres"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def models_worked_out_once() -> Iterator[None]:
    """Thousands of tests open a database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Apps, "_build_initial_querysets", once(Apps._build_initial_querysets))
        yield


@pytest.fixture(autouse=True)
def nobody_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted lasts as long as the process, and would be another test's."""
    monkeypatch.setattr(throttle, "sign_in", throttle.Throttle())
    monkeypatch.setattr(throttle, "sign_up", throttle.Throttle(per_address=throttle.SIGN_UPS_PER_ADDRESS))
    invitation = throttle.Throttle(per_account=throttle.INVITATIONS_A_DAY, window=timedelta(days=1))
    monkeypatch.setattr(throttle, "invitation", invitation)
    monkeypatch.setattr(throttle, "upload", throttle.Throttle(per_account=throttle.UPLOADS_PER_ACCOUNT))


@pytest.fixture(autouse=True)
def files_of_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every server of a test, in this process or another, has a folder for files that is the test's alone."""
    monkeypatch.setenv("FILES_URL", f"file://{tmp_path / 'files'}")


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    asyncio.run(migrate(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated, empty database to copy."""
    name = f"template_{uuid4().hex[:12]}"
    url = asyncio.run(create_database(postgres_url, name))
    asyncio.run(migrate(url))
    yield name
    asyncio.run(drop_database(postgres_url, name))


@pytest.fixture(scope="session")
def spares(postgres_url: str) -> Iterator[list[Spare]]:
    """The database that the last test has left, if it left one."""
    left: list[Spare] = []
    yield left
    for spare in left:
        asyncio.run(spare.dropped())


@pytest.fixture
def unused(spares: list[Spare]) -> None:
    """For a test of how PostgreSQL plans: its database is a new one, in which no rows have come and gone."""
    while spares:
        asyncio.run(spares.pop().dropped())


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """The filled databases of this worker."""
    folder = tmp_path_factory.mktemp("templates")
    filled = Templates(folder, lambda name: str(request.getfixturevalue(name)))
    yield filled
    filled.remove()


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated, empty database that is this test's alone."""
    if engine == "sqlite":
        path = tmp_path / "test.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite://{path}"
        return
    left: list[Spare] = request.getfixturevalue("spares")
    template: str = request.getfixturevalue("postgres_template")
    spare = left.pop() if left else asyncio.run(Spare.made(request.getfixturevalue("postgres_url"), template))
    yield spare.url
    if asyncio.run(spare.emptied()):
        left.append(spare)
    else:
        asyncio.run(spare.dropped())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """An open connection to a database of the test's own; its URL."""
    async with connect(database_url):
        yield database_url
