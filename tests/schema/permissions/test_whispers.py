"""Who is told whether somebody is there, and who is typing."""

import asyncio
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from models.account import Account, PresenceAudience
from realtime.broker import embedded_broker
from realtime.presence import Roster
from realtime.typing import Typists
from schema.context import Context
from schema.execution import RequestError, prepare, stream
from tests.schema.permissions.answers import code, session_of, told
from tests.schema.permissions.reader import reader_of
from tests.schema.permissions.world import ACTORS, World

PRESENCE = "subscription($ids: [ID!]!) { presence(profileIds: $ids) { __typename profileId state lastSeenAt } }"
TYPING = """subscription($id: ID!) { typing(conversationId: $id) {
    __typename typing profile { __typename id name } } }"""
SAY = "mutation($id: ID!) { setTyping(input: {conversationId: $id}) { __typename } }"


async def first(document: str, context: Context, **given: Any) -> dict[str, Any]:
    """The first answer; one of errors alone where it cannot begin."""
    try:
        async with asyncio.timeout(10), aclosing(stream(prepare(document, given, None), context)) as answers:
            return dict(orjson.loads(await anext(answers)))
    except RequestError as error:
        return {"errors": error.errors}


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("audience", PresenceAudience)
async def test_somebody_is_there_for_those_to_whom_they_show_it(
    world: World, actor: str, audience: PresenceAudience
) -> None:
    """Theo has a mentorship with Mara, and is in a circle with her and Zoe; Finn was put out of it."""
    theo = UUID(world.accounts["theo"])
    await Account.filter(id=theo).update(presence=audience)
    async with embedded_broker() as bells:
        roster = Roster(bells)
        with roster.device(theo, uuid4()):
            context = Context(session=await session_of(world, actor), bells=bells, roster=roster)
            answer = await first(PRESENCE, context, ids=[f"Profile:{theo}"])
    if actor == "stranger":
        assert code(answer) == "UNAUTHENTICATED"
        return
    await reader_of(world, actor).read(answer["data"]["presence"])
    allowed = {
        PresenceAudience.NOBODY: {"theo"},
        PresenceAudience.CONTACTS: {"theo", "mara", "zoe"},
        PresenceAudience.EVERYONE: set(ACTORS),
    }
    (told_of,) = answer["data"]["presence"]
    assert told_of == {
        "__typename": "Presence",
        "profileId": f"Profile:{theo}",
        "state": "ONLINE" if actor in allowed[audience] else "OFFLINE",
        "lastSeenAt": None,
    }


@pytest.mark.parametrize("actor", ACTORS)
async def test_typing_is_heard_by_those_who_take_part_only(
    world: World, actor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = world.ids["mara_theo conversation"]
    async with embedded_broker() as bells:
        typists = Typists()
        listening = Context(session=await session_of(world, actor), bells=bells, typists=typists)
        overhears = asyncio.Event()
        overhear = bells.overhear

        def noted(*topics: str) -> Any:
            overhears.set()
            return overhear(*topics)

        monkeypatch.setattr(bells, "overhear", noted)
        heard = asyncio.create_task(first(TYPING, listening, id=conversation))
        begins = asyncio.create_task(overhears.wait())
        await asyncio.wait([heard, begins], return_when=asyncio.FIRST_COMPLETED)
        begins.cancel()
        if actor in ("mara", "theo"):
            other = "theo" if actor == "mara" else "mara"
            await told(world, other, SAY, id=conversation)
            answer = (await heard)["data"]["typing"]
            await reader_of(world, actor).read(answer, conversation)
            assert (answer["typing"], answer["profile"]["name"]) == (True, other.title())
        else:
            refused = await heard
            assert code(refused) == ("UNAUTHENTICATED" if actor == "stranger" else "BAD_INPUT")
            assert not bells._ears


@pytest.mark.parametrize("ids", [[], ["Profile:x"], ["Goal:01890000-0000-7000-8000-000000000000"], ["nonsense"]])
async def test_presence_of_what_is_nobody_is_refused(world: World, ids: list[str]) -> None:
    answer = await first(PRESENCE, Context(session=await session_of(world, "mara")), ids=ids)
    assert answer["errors"][0]["extensions"] == {"code": "BAD_INPUT", "refusal": "INVALID", "field": "profileIds"}
    many = [f"Profile:{uuid4()}" for _ in range(101)]
    answer = await first(PRESENCE, Context(session=await session_of(world, "mara")), ids=many)
    assert answer["errors"][0]["extensions"]["field"] == "profileIds"
