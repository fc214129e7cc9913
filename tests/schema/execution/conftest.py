"""One database is enough, and no sign-in has failed yet."""

import pytest

from models import throttle


@pytest.fixture(autouse=True)
def nobody_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "sign_in", throttle.Throttle())


@pytest.fixture
def engine() -> str:
    """The shapes of errors do not depend on the database."""
    return "sqlite"
