"""One database is enough."""

import pytest


@pytest.fixture
def engine() -> str:
    """The shapes of errors do not depend on the database."""
    return "sqlite"
