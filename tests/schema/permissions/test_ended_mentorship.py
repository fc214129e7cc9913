"""What both may still do once their mentorship has ended."""

import pytest

from tests.schema.permissions.answers import told
from tests.schema.permissions.deeds import DEEDS, Deed, do
from tests.schema.permissions.documents import by_node
from tests.schema.permissions.rules import PAIR, RULES, TICKET_HOLDER
from tests.schema.permissions.world import World
from tests.schema.tables import rows

# Nothing changes, as it is so already; and how far somebody has read is theirs, and what they find or take back.
DONE_ALREADY = {
    "endMentorship": ("mentorship", "mara_finn mentorship"),
    "endVideoSession": ("session", "mara_finn call"),
    "leaveVideoSession": ("session", "mara_finn call"),
}
STILL_THEIRS = {"markRead", "starMessage", "removeReaction"}


@pytest.mark.parametrize("actor", ["mara", "finn"])
@pytest.mark.parametrize("name", [name for name in DEEDS if RULES[f"Mutation.{name}"] in (PAIR, TICKET_HOLDER)])
async def test_after_the_end_neither_of_the_two_can_write(world: World, name: str, actor: str) -> None:
    given = DEEDS[name].input(world)
    for argument, value in given.items():
        for known, global_id in world.ids.items():
            if value == global_id and known.startswith("mara_theo "):
                given[argument] = world.ids[known.replace("mara_theo ", "mara_finn ")]
    if "ticket" in given:
        given["ticket"] = world.tickets["mara old desk" if actor == "mara" else "finn phone"]
    if "to" in given:
        given["to"] = world.ids["finn phone" if actor == "mara" else "mara old desk"]
    before = await rows()
    answer = (await do(world, actor, name, Deed(lambda _: given)))["data"][name]
    if name in STILL_THEIRS:
        assert answer["__typename"] != "Refusal"
        return
    assert await rows() == before
    if name in DONE_ALREADY:
        assert answer["__typename"] != "Refusal", answer
        member, ended = DONE_ALREADY[name]
        assert (answer[member]["id"], answer[member]["status"]) == (world.ids[ended], "ENDED")
    else:
        assert (answer["__typename"], answer["code"]) == ("Refusal", "WRONG_STATE")


@pytest.mark.parametrize("actor", ["mara", "finn"])
async def test_after_the_end_both_can_still_read(world: World, actor: str) -> None:
    for name, global_id in world.ids.items():
        if name.startswith("mara_finn "):
            answer = await told(world, actor, by_node(global_id.partition(":")[0]), id=global_id)
            assert answer["data"]["node"]["id"] == global_id
