"""Databases that are filled once and copied: a test finds a whole community in them, and waits for none."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from models import clock
from models.database import connect
from tests.postgres import create_database, drop_database


@dataclass(frozen=True)
class Template:
    """A filled database, what was made of it, and when: tickets, links and windows of time run out."""

    place: str
    what: Any
    filled_at: datetime

    @asynccontextmanager
    async def opened(self, url: str) -> AsyncIterator[Any]:
        """What was made of it, while a copy of it is open at the moment at which it was filled."""
        with clock.moved(self.filled_at - clock.now()):
            async with connect(url):
                yield self.what


@dataclass
class Templates:
    """The filled databases of one run's worker. `given` names a migrated, empty one, and PostgreSQL's server."""

    folder: Path
    given: Callable[[str], str]
    filled: dict[tuple[str, Any], Template] = field(default_factory=dict)
    shared: dict[tuple[str, Any], str] = field(default_factory=dict)

    @cached_property
    def server(self) -> str:
        """The URL of PostgreSQL, which is started where a test needs it."""
        return self.given("postgres_url")

    def of(self, engine: str, fill: Callable[[], Awaitable[Any]]) -> Template:
        """The database that `fill` has written, in the first test that asks for it."""
        if (engine, fill) not in self.filled:
            place = self._new(engine, self.given(f"{engine}_template"))

            async def written() -> Any:
                async with connect(self._url(engine, place)):
                    return await fill()

            self.filled[engine, fill] = Template(place, asyncio.run(written()), clock.now())
        return self.filled[engine, fill]

    @contextmanager
    def copy(self, engine: str, fill: Callable[[], Awaitable[Any]]) -> Iterator[str]:
        """The URL of a copy that a test may write to."""
        place = self._new(engine, self.of(engine, fill).place)
        try:
            yield self._url(engine, place)
        finally:
            self._remove(engine, place)

    def untouched(self, engine: str, fill: Callable[[], Awaitable[Any]]) -> str:
        """The URL of the one copy for all the tests that write nothing."""
        if (engine, fill) not in self.shared:
            self.shared[engine, fill] = self._new(engine, self.of(engine, fill).place)
        return self._url(engine, self.shared[engine, fill])

    def remove(self) -> None:
        """All of them."""
        for engine, fill in self.filled:
            self._remove(engine, self.filled[engine, fill].place)
        for (engine, _), place in self.shared.items():
            self._remove(engine, place)

    def _new(self, engine: str, template: str) -> str:
        name = f"copy_{uuid4().hex[:12]}"
        if engine == "postgres":
            asyncio.run(create_database(self.server, name, template))
            return name
        return shutil.copy(template, self.folder / f"{name}.sqlite3")

    def _url(self, engine: str, place: str) -> str:
        return f"{self.server.rpartition('/')[0]}/{place}" if engine == "postgres" else f"sqlite://{place}"

    def _remove(self, engine: str, place: str) -> None:
        if engine == "postgres":
            asyncio.run(drop_database(self.server, place))
        else:
            for left in self.folder.glob(f"{Path(place).name}*"):
                left.unlink()
