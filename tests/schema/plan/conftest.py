"""What the tests of the planner share."""

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tortoise.backends.base.executor import BaseExecutor

from schema import execution
from schema.plan import mutations
from schema.plan import planner as planning
from tests.schema.plan.community import Community, community
from tests.templates import Template, Templates


@pytest.fixture
def filled(engine: str, templates: Templates) -> Template:
    return templates.of(engine, community)


@pytest.fixture
def url_for_all(engine: str, templates: Templates) -> str:
    return templates.untouched(engine, community)


@pytest.fixture
async def populated(filled: Template, url_for_all: str) -> AsyncIterator[Community]:
    """Rows that are hard to write as JSON or as SQL, in the one database of all the tests that only read."""
    async with filled.opened(url_for_all) as what:
        yield what


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the planner is raised, where a client would get the answer of ordinary execution."""

    class Loud:
        def exception(self, *_: Any) -> None:
            raise AssertionError("the planner failed") from sys.exception()

        def error(self, *said: Any, **more: Any) -> None:
            raise AssertionError((said, more))

    monkeypatch.setattr(execution, "log", Loud())
    monkeypatch.setattr(mutations, "log", Loud())


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the statements that the planner runs, and of those that the ORM runs."""
    texts: list[str] = []
    fetch = planning._fetch
    query = BaseExecutor.execute_select

    async def noted(text: str, values: list[Any]) -> Any:
        texts.append(text)
        return await fetch(text, values)

    async def noted_query(self: Any, sql: str, *rest: Any, **options: Any) -> Any:
        texts.append(sql)
        return await query(self, sql, *rest, **options)

    monkeypatch.setattr(planning, "_fetch", noted)
    monkeypatch.setattr(BaseExecutor, "execute_select", noted_query)
    return texts
