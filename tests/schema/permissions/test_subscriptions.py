"""Whose events and signals somebody hears."""

import pytest

from models.inbox import Cursor, Inbox
from models.video import VideoSignal
from tests.schema.permissions.answers import code, heard
from tests.schema.permissions.documents import INBOX, SIGNALS
from tests.schema.permissions.reader import reader_of
from tests.schema.permissions.walks import read_inbox
from tests.schema.permissions.world import ACTORS, World, key_of
from tests.schema.tables import rows


@pytest.mark.parametrize("actor", ACTORS[1:])
async def test_an_inbox_tells_its_own_account_only(world: World, actor: str) -> None:
    kinds = await read_inbox(world, reader_of(world, actor))
    assert "MentorshipChanged" in kinds


async def test_an_event_is_passed_over_once_its_subject_may_not_be_seen(world: World) -> None:
    log = await Inbox.get(id=world.accounts["zoe"])
    (first,) = await heard(world, "zoe", INBOX, 1, after=str(Cursor(log.epoch, 0)))
    # The first event of Zoe's log is a message of Mara and Theo; she is told the second.
    assert first["data"]["inbox"]["cursor"] == str(Cursor(log.epoch, 2))
    assert first["data"]["inbox"]["__typename"] == "RequestChanged"


async def test_the_cursor_of_another_inbox_leads_nowhere(world: World) -> None:
    theirs = await Inbox.get(id=world.accounts["mara"])
    mine = await Inbox.get(id=world.accounts["zoe"])
    (answer,) = await heard(world, "zoe", INBOX, 1, after=str(Cursor(theirs.epoch, 1)))
    assert answer["data"]["inbox"] == {"__typename": "ResyncRequired", "cursor": str(mine.cursor())}


@pytest.mark.parametrize("actor", ACTORS)
async def test_signals_are_heard_by_the_holder_of_the_ticket_only(world: World, actor: str) -> None:
    reader, before = reader_of(world, actor), await rows()
    for name, ticket in world.tickets.items():
        participant = world.ids[name]
        stored = await VideoSignal.filter(receiver_id=key_of(participant)).count()
        assert stored, f"nothing is tried with the ticket of {name}"
        answers = await heard(world, actor, SIGNALS, stored, ticket=ticket)
        if name.split()[0] == actor:
            for answer in answers:
                assert code(answer) is None
                await reader.read(answer["data"]["videoSignals"], participant)
        else:
            (refused,) = answers
            assert not refused.get("data")
            assert code(refused) == ("UNAUTHENTICATED" if actor == "stranger" else "BAD_INPUT")
            if actor != "stranger":
                assert refused["errors"][0]["extensions"]["refusal"] == "NOT_FOUND"
    assert await rows() == before


async def test_a_stranger_hears_nothing(world: World) -> None:
    (answer,) = await heard(world, "stranger", INBOX, 1)
    assert code(answer) == "UNAUTHENTICATED"


PROGRESS = "subscription($id: ID!) { matchingProgress(matchingId: $id) { __typename id status stage percent } }"


@pytest.mark.parametrize("actor", ACTORS)
async def test_how_far_a_run_is_is_told_to_those_who_run_the_organisation(world: World, actor: str) -> None:
    (answer,) = await heard(world, actor, PROGRESS, 1, id=world.ids["running"])
    if actor in ("mara", "finn"):
        assert answer["data"]["matchingProgress"]["status"] == "RUNNING"
        await reader_of(world, actor).read(answer["data"]["matchingProgress"])
    else:
        assert not answer.get("data")
        assert code(answer) == ("UNAUTHENTICATED" if actor == "stranger" else "BAD_INPUT")
