"""What the tests of the planner share."""

import sys
from typing import Any

import pytest

from schema import execution
from tests.schema.plan.community import Community, community


@pytest.fixture
async def populated(database: str) -> Community:
    """A database with rows that are hard to write as JSON or as SQL."""
    return await community()


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the planner is raised, where a client would get the answer of ordinary execution."""

    class Loud:
        def exception(self, *_: Any) -> None:
            raise AssertionError("the planner failed") from sys.exception()

        def error(self, *said: Any, **more: Any) -> None:
            raise AssertionError((said, more))

    monkeypatch.setattr(execution, "log", Loud())
