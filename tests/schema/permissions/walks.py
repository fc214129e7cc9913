"""Reading all there is as somebody, each part by its rule."""

from graphql import get_named_type

from models.inbox import Cursor, Inbox
from schema.execution import planner
from tests.schema.permissions.answers import code, heard, told
from tests.schema.permissions.documents import GIVEN, INBOX, TYPES, WAYS, everything
from tests.schema.permissions.reader import Reader
from tests.schema.permissions.relations import NODES, may
from tests.schema.permissions.rules import RULES
from tests.schema.permissions.world import World

# Four roots are computed in Python; and whether a sign-in is live depends on the clock.
NEVER_PLANNED = {"viewer", "suggestions", "explainMatch", "compareMatchings", "Account", "Session"}


async def read_lists(world: World, reader: Reader, name: str, way: str) -> None:
    kind = get_named_type(TYPES["Query"].fields[name].type)
    planned = planner.answered
    given = GIVEN.get(name, "").format_map(world.ids)
    answer = await told(world, reader.name, f"{{ {name}{given} {{ {everything(kind, **WAYS[way])} }} }}")
    if not await may(RULES[f"Query.{name}"], reader.account, None):
        assert code(answer) == "UNAUTHENTICATED"
        # Where the field itself may be null, no more than that is told.
        assert answer["data"] in (None, {name: None})
        return
    assert code(answer) is None
    if way == "planned" and name not in NEVER_PLANNED:
        assert planner.answered == planned + 1
    await reader.read({"__typename": "Query", **answer["data"]})
    found = answer["data"][name]
    if found and "totalCount" in found:
        # The count is of what this viewer may see, not of what there is.
        assert found["totalCount"] == len(found["edges"])


async def read_nodes(world: World, reader: Reader, kind: str, document: str) -> int:
    """Ask for every row there is; how many were shown."""
    shown = 0
    for row in await NODES[kind].all():
        answer = await told(world, reader.name, document, id=f"{kind}:{row.id}")
        if reader.account is None:
            assert code(answer) == "UNAUTHENTICATED"
            assert not [value for value in (answer["data"] or {}).values() if value is not None]
            continue
        assert code(answer) is None
        (found,) = answer["data"].values()
        assert (found is not None) == await may(RULES[f"{kind}.id"], reader.account, f"{kind}:{row.id}"), row.id
        await reader.read({"__typename": "Query", **answer["data"]})
        shown += found is not None
    return shown


async def read_inbox(world: World, reader: Reader) -> list[str]:
    """The kinds of all events in the viewer's log that they are shown, to its end."""
    log = await Inbox.get(id=reader.account)
    kinds = []
    for answer in await heard(world, reader.name, INBOX, None, last=str(log.cursor()), after=str(Cursor(log.epoch, 0))):
        assert code(answer) is None
        await reader.read(answer["data"]["inbox"])
        kinds.append(answer["data"]["inbox"]["__typename"])
    return kinds
