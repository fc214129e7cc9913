"""Who may do what, and that nothing changes for others."""

import pytest

from models.session import Session
from tests.schema.permissions.answers import code, session_of
from tests.schema.permissions.deeds import DEEDS, Deed, check_done, do, on, to_theo
from tests.schema.permissions.reader import reader_of
from tests.schema.permissions.relations import may
from tests.schema.permissions.rules import (
    ENROLLED,
    GOVERNOR,
    HEAD,
    LEADER,
    LOOKER_ON,
    MENTEE,
    MENTOR,
    ORGANISER,
    PAIR,
    PARTICIPANT,
    RULES,
    SENDER,
)
from tests.schema.permissions.world import ACTORS, SDP, World
from tests.schema.tables import rows


async def is_among(account: str, subject: str) -> bool:
    return any([await may(rule, account, subject) for rule in (PAIR, PARTICIPANT, ENROLLED, LOOKER_ON)])


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", DEEDS)
async def test_a_mutation_is_done_for_whom_the_rule_names_and_changes_nothing_for_others(
    world: World, name: str, actor: str
) -> None:
    deed, reader = DEEDS[name], reader_of(world, actor)
    subject = world.ids[deed.subject] if deed.subject else None
    allowed = await may(RULES[f"Mutation.{name}"], reader.account, subject)
    sees = subject is not None and reader.account is not None and await is_among(reader.account, subject)
    before = await rows()
    answer = await do(world, actor, name, deed)
    if allowed:
        await check_done(world, reader, name, answer, subject)
        return
    assert await rows() == before
    if reader.account is None:
        assert code(answer) == "UNAUTHENTICATED"
        assert answer["data"] is None
        return
    refusal = answer["data"][name]
    assert refusal["__typename"] == "Refusal"
    # Who sees the row may be told that another one decides, or wrote it; a ticket exists for its holder only.
    by_role = RULES[f"Mutation.{name}"] in (MENTOR, MENTEE, SENDER, LEADER, HEAD, ORGANISER, GOVERNOR)
    assert refusal["code"] == ("NOT_ALLOWED" if sees and by_role else "NOT_FOUND")


@pytest.mark.parametrize(
    ("name", "deed"),
    [
        ("startVideoSession", on("yan_zoe mentorship", "mentorshipId")),
        ("sendSessionDescription", to_theo(negotiation=1, type="OFFER", sdp=SDP)),
        ("sendMessage", on("yan_zoe conversation", "conversationId", body="New", clientId="new")),
    ],
)
async def test_a_second_id_of_an_input_is_checked_too(world: World, name: str, deed: Deed) -> None:
    given = deed.input(world)
    if name == "startVideoSession":
        actor, given["meetingId"], at_fault = "zoe", world.ids["mara_theo meeting"], "meetingId"
    elif name == "sendMessage":
        actor, given["attachmentIds"], at_fault = "zoe", [world.ids["yan unsent"]], "attachmentIds"
    else:
        actor, given["to"], at_fault = "mara", world.ids["finn phone"], "to"
    before = await rows()
    refusal = (await do(world, actor, name, Deed(lambda _: given)))["data"][name]
    assert (refusal["__typename"], refusal["code"], refusal["field"]) == ("Refusal", "NOT_FOUND", at_fault)
    assert await rows() == before


@pytest.mark.parametrize("actor", ["mara", "theo", "zoe", "finn"])
async def test_everybody_may_sign_themselves_out(world: World, actor: str) -> None:
    session = await session_of(world, actor)
    assert session is not None
    answer = await do(world, actor, "signOut", Deed(lambda _: {}))
    assert answer["data"]["signOut"] == {"__typename": "SignOutPayload", "sessionId": f"Session:{session.id}"}
    assert await session_of(world, actor) is None
    assert await Session.filter(revoked_at=None).count() == await Session.all().count() - 1
