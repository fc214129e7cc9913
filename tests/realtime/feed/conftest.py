"""The bells that a broker rings."""

from collections.abc import AsyncIterator

import pytest

from realtime.bells import Bells
from realtime.broker import embedded_broker


@pytest.fixture
async def bells(database: str) -> AsyncIterator[Bells]:
    async with embedded_broker() as found:
        yield found
