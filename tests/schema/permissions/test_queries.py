"""What each kind of actor is shown of all there is."""

import pytest

from schema.execution import planner
from tests.schema.permissions.answers import told
from tests.schema.permissions.documents import BY_ID, QUERIES, WAYS, by_node, by_root
from tests.schema.permissions.reader import reader_of
from tests.schema.permissions.relations import NODES, may
from tests.schema.permissions.rules import RULES
from tests.schema.permissions.walks import NEVER_PLANNED, read_lists, read_nodes
from tests.schema.permissions.world import ACTORS, World
from tests.schema.tables import rows


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", QUERIES)
async def test_a_list_holds_what_its_viewer_may_see(world: World, name: str, actor: str, way: str) -> None:
    await read_lists(world, reader_of(world, actor), name, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("actor", ACTORS)
async def test_a_node_is_found_by_whoever_may_see_it_and_does_not_exist_for_others(
    world: World, actor: str, way: str
) -> None:
    before = await rows()
    for kind in NODES:
        planned = planner.answered
        shown = await read_nodes(world, reader_of(world, actor), kind, by_node(kind, way))
        assert shown == 0 or way != "planned" or kind in NEVER_PLANNED or planner.answered > planned
    assert await rows() == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", BY_ID)
async def test_a_root_with_an_id_obeys_the_rule_of_its_type(world: World, name: str, actor: str, way: str) -> None:
    await read_nodes(world, reader_of(world, actor), BY_ID[name], by_root(name, way))


async def test_what_one_may_not_see_is_told_like_what_there_is_not(world: World) -> None:
    for kind in NODES:
        nothing = f"{kind}:01890000-0000-7000-8000-000000000000"
        answer = await told(world, "zoe", by_node(kind), id=nothing)
        for row in await NODES[kind].all():
            if not await may(RULES[f"{kind}.id"], world.accounts["zoe"], f"{kind}:{row.id}"):
                assert await told(world, "zoe", by_node(kind), id=f"{kind}:{row.id}") == answer
