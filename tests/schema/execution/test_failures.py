"""Failures of ours: what the asker is told, and what the log."""

from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs
from tortoise.exceptions import DBConnectionError

from models.database.sqlite import Client
from schema.execution import Unavailable
from tests.people import person
from tests.schema.asking import ask, code, signed_in
from tests.schema.execution.documents import MENTORS


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception, about: str = "") -> None:
    """From now on the database answers statements that hold this text with nothing but the error."""

    def broken(way: Any) -> Any:
        async def answer(client: Client, text: str, *values: Any) -> Any:
            if about in text:
                raise error
            return await way(client, text, *values)

        return answer

    for name in ("execute_query", "read_rows"):
        monkeypatch.setattr(Client, name, broken(getattr(Client, name)))


async def test_our_own_failure_is_masked_and_the_log_has_its_cause(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(await person())
    cause = RuntimeError("canary: SELECT * FROM account")
    failing(monkeypatch, cause)
    with capture_logs() as logged:
        answer = await ask(MENTORS, session)
    (error,) = answer["errors"]
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"].keys() == {"code", "reference"}
    assert error["extensions"]["code"] == "INTERNAL"
    assert "canary" not in str(answer)
    # The planner met it first, and left it to ordinary execution.
    first, entry = logged
    assert first["event"] == "the planner failed"
    assert entry["reference"] == error["extensions"]["reference"]
    assert entry["exc_info"] is cause
    assert entry["log_level"] == "error"


async def test_one_failed_field_leaves_the_others(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await signed_in(await person())
    document = '{ viewer { email } profile(id: "Profile:01890000-0000-7000-8000-000000000000") { name } }'
    failing(monkeypatch, KeyError("canary"), about='FROM "profile"')
    answer = await ask(document, session)
    assert code(answer) == "INTERNAL"
    assert answer["data"]["profile"] is None
    assert answer["data"]["viewer"]["email"]


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "refused"),
        TimeoutError(),
        DBConnectionError("away"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("stopping"),
        asyncpg.TooManyConnectionsError("too many"),
        asyncpg.InterfaceError("the pool is closed"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_is_away_makes_the_answer_unavailable(
    database: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    session = await signed_in(await person())
    failing(monkeypatch, error)
    with pytest.raises(Unavailable) as away:
        await ask(MENTORS, session)
    assert away.value.__cause__ is error


async def test_an_error_that_an_outage_caused_is_an_outage(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await signed_in(await person())
    error = ValueError("wrapped")
    error.__cause__ = ConnectionResetError()
    failing(monkeypatch, error)
    with pytest.raises(Unavailable):
        await ask(MENTORS, session)
