"""What the state of a thing, or how many there are, does not allow."""

from datetime import timedelta

import pytest

from models import clock
from models.goal import MOST_GOALS, MOST_MILESTONES, Goal
from models.meeting import Meeting
from models.request import MOST_PENDING
from models.video import VideoSession
from tests.people import person, request
from tests.schema.asking import signed_in
from tests.schema.refusals.attempts import do, failures
from tests.schema.refusals.good_inputs import GOOD
from tests.schema.refusals.world import World
from tests.schema.tables import rows


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_requests_goals_and_milestones_have_a_bound(world: World) -> None:
    eager = await person("Eager")
    for number in range(MOST_PENDING):
        await request(await person(f"Mentor {number}", capacity=1), eager)
    free = world.ids["free"]
    asked = await do(await signed_in(eager), "requestMentorship", {"mentorId": free, "message": "Will you?"})
    # No input field is at fault: there are too many already, and any other value would be refused too.
    assert (asked["code"], asked["field"]) == ("LIMIT_REACHED", None)
    for number in range(MOST_GOALS - 1):
        await Goal.add(world.pair.mentorship, by=world.pair.mentee, title=str(number))
    added = await do(world.mentee, "addGoal", GOOD["addGoal"](world))
    assert (added["code"], added["field"]) == ("LIMIT_REACHED", None)
    goal = await Goal.get(id=world.ids["goal"].partition(":")[2])
    for number in range(MOST_MILESTONES - 1):
        await goal.add_milestone(by=world.pair.mentee, title=str(number))
    before = await rows()
    answer = await do(world.mentee, "addMilestone", GOOD["addMilestone"](world))
    assert (answer["code"], answer["field"]) == ("LIMIT_REACHED", None)
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_goal_with_too_many_milestones_is_not_added_at_all(world: World) -> None:
    titles = [str(number) for number in range(MOST_MILESTONES + 1)]
    assert await failures(world, "addGoal", "milestones", {"51": titles}, "INVALID") == {}


async def test_a_meeting_that_is_over_cannot_be_called_off(world: World) -> None:
    meeting = await Meeting.get(id=world.ids["meeting"].partition(":")[2])
    before = await rows()
    with clock.moved(meeting.starts_at + timedelta(minutes=30) - clock.now()):
        assert (await do(await signed_in(world.pair.mentee), "cancelMeeting", GOOD["cancelMeeting"](world)))[
            "code"
        ] == "WRONG_STATE"
    now = await rows()
    assert {table for table in now if now[table] != before[table]} == {"session"}


async def test_a_time_that_comes_twice_is_the_first_and_one_that_is_there_is_taken(world: World) -> None:
    given = GOOD["scheduleMeeting"](world)
    for number, start in enumerate(("2027-10-31T01:30", "2027-03-28T02:00")):
        answer = await do(world.mentee, "scheduleMeeting", given | {"localStart": start, "clientId": str(number)})
        assert answer["__typename"] == "ScheduleMeetingPayload"
    first = await Meeting.get(local_start="2027-10-31T01:30")
    assert first.starts_at.isoformat() == "2027-10-31T00:30:00+00:00"


async def test_what_has_ended_takes_no_more(world: World) -> None:
    call = await VideoSession.get(id=world.ids["call"].partition(":")[2])
    await call.end(by=world.pair.mentor)
    before = await rows()
    for name in ("joinVideoSession", "sendSessionDescription", "sendIceCandidates", "videoHeartbeat"):
        assert (await do(world.mentee, name, GOOD[name](world)))["code"] == "WRONG_STATE", name
    assert await rows() == before


async def test_a_second_device_must_say_that_it_takes_over(world: World) -> None:
    before = await rows()
    given = GOOD["joinVideoSession"](world) | {"deviceId": "desk"}
    answer = await do(world.mentee, "joinVideoSession", given)
    assert (answer["code"], answer["field"]) == ("ALREADY_EXISTS", "takeOver")
    assert await rows() == before
    assert (await do(world.mentee, "joinVideoSession", given | {"takeOver": True}))["__typename"] != "Refusal"
