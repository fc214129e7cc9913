"""The schedules pass on the real server, and each mutant is noticed by its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.nemesis.checker import violations
from tests.journeys.nemesis.mutant_server import GatedServer, mutant_server
from tests.journeys.nemesis.mutants import MUTANTS
from tests.journeys.nemesis.schedules import SCHEDULES
from tests.journeys.nemesis.world import World, world

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("nemesis")]

PEOPLE = 3
SEED = 7

# Well within the thirty seconds after which a feed reads again by itself: what comes in time was rung for.
CATCH_UP_SECONDS = 10.0

# A mutant's devices wait in vain, and need not wait long.
IN_VAIN_SECONDS = 3.0


async def played(world: World, mutant: str, patience: float) -> set[str]:
    """The promises that are broken when the schedule of this mutant has been played."""
    schedule, _ = SCHEDULES[mutant]
    await schedule(world)
    return {violation.promise for violation in violations(await world.record(patience))}


@pytest.fixture(scope="module")
async def real(
    postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("real")
    async with world(postgres_url, postgres_template, folder, SEED, PEOPLE, [GatedServer]) as here:
        yield here


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_the_real_server_keeps_its_promises(mutant: str, real: World) -> None:
    assert await played(real, mutant, CATCH_UP_SECONDS) == set()


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_mutant_is_noticed(mutant: str, postgres_url: str, postgres_template: str, tmp_path: Path) -> None:
    servers = [mutant_server(mutant)]
    async with world(postgres_url, postgres_template, tmp_path, SEED, PEOPLE, servers) as here:
        assert SCHEDULES[mutant][1] in await played(here, mutant, IN_VAIN_SECONDS)
