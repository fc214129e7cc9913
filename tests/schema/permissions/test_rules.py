"""A rule for every field and every root, and each is tried."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from models import clock
from models.database import connect
from models.inbox import Cursor, Inbox
from models.video import VideoSignal
from tests.schema.permissions.answers import heard
from tests.schema.permissions.deeds import DEEDS, Deed, check_done, do, on
from tests.schema.permissions.documents import BY_ID, INBOX, QUERIES, SCHEMA, SIGNALS, TYPES, by_node, by_root
from tests.schema.permissions.reader import Reader, reader_of
from tests.schema.permissions.relations import NODES, may
from tests.schema.permissions.rules import RULES
from tests.schema.permissions.walks import read_inbox, read_lists, read_nodes
from tests.schema.permissions.world import ACTORS, World, key_of


def test_every_field_has_a_rule_and_every_rule_a_field() -> None:
    fields = {f"{name}.{member}" for name, kind in TYPES.items() for member in kind.fields}
    assert fields - RULES.keys() == set(), "say who may see these"
    assert RULES.keys() - fields == set(), "these are gone"


def test_every_node_type_is_walked() -> None:
    node = SCHEMA.type_map["Node"]
    assert {name for name, kind in TYPES.items() if node in kind.interfaces} == NODES.keys()


def test_every_query_is_walked() -> None:
    assert {*QUERIES, *BY_ID, "node"} == TYPES["Query"].fields.keys()


def test_every_mutation_is_walked() -> None:
    assert DEEDS.keys() == TYPES["Mutation"].fields.keys()


FOLLOWED = """query($id: ID!) { node(id: $id) { __typename id ... on Matching {
    follows { __typename id number } replays { __typename id number } } } }"""
ANSWERED = "query($id: ID!) { node(id: $id) { __typename id ... on Message { replyTo { __typename id body } } } }"


@asynccontextmanager
async def _restored(world: World, tmp_path: Path) -> AsyncIterator[World]:
    path = tmp_path / f"{uuid4()}.sqlite3"
    shutil.copy(world.path, path)
    with clock.moved(world.built_at - clock.now()):
        async with connect(f"sqlite://{path}"):
            yield world


async def test_every_field_is_shown_to_somebody(template: World, tmp_path: Path) -> None:
    """So no rule above is one that nobody has tried."""
    seen: set[str] = set()
    async with _restored(template, tmp_path) as world:
        for actor in ("mara", "finn"):
            reader = reader_of(world, actor)
            reader.seen = seen
            await _read_rows(world, reader)
            await read_inbox(world, reader)
            await _read_signals(world, reader)
        theirs = await Inbox.get(id=world.accounts["mara"])
        (lost,) = await heard(world, "zoe", INBOX, 1, after=str(Cursor(theirs.epoch, 1)))
        refused = await do(world, "zoe", "markRead", DEEDS["markRead"])
        reader = reader_of(world, "zoe")
        reader.seen = seen
        await reader.read(lost["data"]["inbox"])
        await reader.read(refused["data"]["markRead"])
    # What is taken from a goal is in the deeds; from a meeting it is answered otherwise.
    for name, deed in [*DEEDS.items(), ("removeEvidence", on("mara_theo kept with meeting", "evidenceId"))]:
        async with _restored(template, tmp_path) as world:
            await _done_by_somebody(world, name, deed, seen)
    # Subscriptions, and what is whispered: they are tried by themselves.
    whispered = {name for name in RULES if name.startswith(("Presence.", "Typing."))}
    assert RULES.keys() - seen - whispered == {name for name in RULES if name.startswith("Subscription.")}


async def _read_rows(world: World, reader: Reader) -> None:
    for name in QUERIES:
        await read_lists(world, reader, name, "field by field")
    for kind in NODES:
        if not kind.endswith(("Participant", "Skill")):
            await read_nodes(world, reader, kind, by_node(kind))
    for name, kind in BY_ID.items():
        await read_nodes(world, reader, kind, by_root(name))
    # A type does not come again below itself in the documents above.
    await read_nodes(world, reader, "Message", ANSWERED)
    await read_nodes(world, reader, "Matching", FOLLOWED)


async def _done_by_somebody(world: World, name: str, deed: Deed, seen: set[str]) -> None:
    subject = world.ids[deed.subject] if deed.subject else None
    for actor in ACTORS:
        reader = reader_of(world, actor)
        reader.seen = seen
        if await may(RULES[f"Mutation.{name}"], reader.account, subject):
            await check_done(world, reader, name, await do(world, actor, name, deed), subject)
            seen.add(f"Mutation.{name}")
            return


async def _read_signals(world: World, reader: Reader) -> None:
    for name, ticket in world.tickets.items():
        stored = await VideoSignal.filter(receiver_id=key_of(world.ids[name])).count()
        if name.split()[0] == reader.name and stored:
            for answer in await heard(world, reader.name, SIGNALS, stored, ticket=ticket):
                await reader.read(answer["data"]["videoSignals"], world.ids[name])
