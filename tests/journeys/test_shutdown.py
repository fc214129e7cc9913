"""A server that is told to stop, stops: also while the database keeps somebody waiting."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from tests.journeys import documents
from tests.journeys.client import Client
from tests.journeys.server import Anew
from tests.postgres import WAITING

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def engine() -> str:
    """Rows are locked on PostgreSQL alone."""
    return "postgres"


async def test_a_unit_that_waits_for_a_row_does_not_keep_the_server_alive(database_url: str, tmp_path: Path) -> None:
    with Anew(database_url, tmp_path / "server.log") as server:
        async with Client(server) as ana:
            await ana.sign_up("Ana")
            holder = await asyncpg.connect(database_url)
            await holder.execute("BEGIN")
            await holder.execute("SELECT 1 FROM profile FOR UPDATE")
            async with ana.live() as live:
                change = asyncio.create_task(live.call(documents.UPDATE_PROFILE, input={"capacity": 5}))
                async with asyncio.timeout(20):
                    while not await holder.fetchval(WAITING):  # noqa: ASYNC110 - the server tells nobody
                        await asyncio.sleep(0.01)
                began = time.monotonic()
                await asyncio.to_thread(server.stop)
                assert time.monotonic() - began < 20
                await asyncio.gather(change, return_exceptions=True)
            await holder.close()
