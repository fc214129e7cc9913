"""A client id stands for one thing."""

from datetime import timedelta
from typing import Any

import pytest

from models import clock
from tests.schema.refusals.attempts import do
from tests.schema.refusals.good_inputs import GOOD
from tests.schema.refusals.world import World
from tests.schema.tables import rows

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("requestMentorship", {"message": "Other"}),
    ("requestMentorship", {"months": 7}),
    ("requestMentorship", {"cadence": "WEEKLY"}),
    ("addGoal", {"title": "Other"}),
    ("addGoal", {"description": "Other"}),
    ("addGoal", {"dueOn": "2027-01-01"}),
    ("addGoal", {"milestones": ["Other"]}),
    ("addMilestone", {"title": "Other"}),
    ("addMilestone", {"dueOn": "2027-01-01"}),
    ("scheduleMeeting", {"localStart": "2027-06-03T12:00"}),
    ("scheduleMeeting", {"timeZone": "Asia/Tokyo"}),
    ("scheduleMeeting", {"kind": "PHONE"}),
    ("scheduleMeeting", {"minutes": 60}),
    ("scheduleMeeting", {"agenda": "Other"}),
    ("sendMessage", {"body": "Other"}),
    ("scheduleMessage", {"body": "Other"}),
    ("scheduleMessage", {"sendAt": (clock.now() + timedelta(days=2)).isoformat()}),
    ("openCircle", {"title": "Other"}),
    ("openCircle", {"profileIds": []}),
    ("createOrganisation", {"name": "Other"}),
    ("createProgramme", {"weights": {"skills": 1}}),
    ("addCohort", {"name": "Other"}),
    ("runMatching", {"fairness": 0.5}),
    ("resolveMatching", {"stickiness": 0.5}),
]


@pytest.mark.parametrize("name", sorted({name for name, _ in CHANGES}))
async def test_a_retry_finds_the_first_and_writes_nothing(world: World, name: str) -> None:
    given = GOOD[name](world)
    assert (await do(world.mentee, name, given))["__typename"] != "Refusal"
    before = await rows()
    assert (await do(world.mentee, name, given))["__typename"] != "Refusal"
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[f"{name}-{next(iter(change))}" for name, change in CHANGES])
async def test_a_client_id_with_other_content_is_refused_and_not_answered_as_if_it_were_stored(
    world: World, name: str, change: dict[str, Any]
) -> None:
    given = GOOD[name](world)
    assert (await do(world.mentee, name, given))["__typename"] != "Refusal"
    before = await rows()
    answer = await do(world.mentee, name, {**given, **change})
    assert await rows() == before
    assert (answer.get("code"), answer.get("field")) == ("CLIENT_ID_REUSED", "clientId")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_client_id_is_of_its_account_alone(world: World) -> None:
    given = GOOD["sendMessage"](world)
    for by in (world.mentee, world.mentor):
        assert (await do(by, "sendMessage", given))["__typename"] == "SendMessagePayload"
