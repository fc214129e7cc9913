"""What a pair works towards."""

import asyncio
from datetime import date, timedelta

import pytest

from models import clock, goal
from models.goal import MOST_MILESTONES, Goal, GoalStatus, Milestone
from models.inbox import Kind
from models.refusal import RefusalCode
from tests.models.expect import news, place, refused
from tests.people import Pair, pair, person


async def steps(goal: Goal) -> list[tuple[int, str]]:
    return [(step.position, step.title) for step in await Milestone.filter(goal_id=goal.id).order_by("position")]


async def a_goal(two: Pair, *milestones: str) -> Goal:
    return await Goal.add(two.mentorship, by=two.mentee, title="Ship it", milestones=list(milestones))


@pytest.mark.parametrize("side", ["mentor", "mentee"])
async def test_either_side_adds_a_goal_with_milestones_in_order_and_both_hear_of_it_once(
    database: str, side: str
) -> None:
    two = await pair()
    before = await place(two.mentor), await place(two.mentee)
    added = await Goal.add(
        two.mentorship,
        by=getattr(two, side),
        title=" Ship it ",
        description="To people.\nFor real.",
        due_on=date(2030, 1, 2),
        milestones=["Plan", " Build ", "Plan"],
    )
    stored = await Goal.get(id=added.id)
    assert (stored.title, stored.description, stored.due_on) == ("Ship it", "To people.\nFor real.", date(2030, 1, 2))
    assert (stored.status, stored.closed_at) == (GoalStatus.OPEN, None)
    assert await steps(stored) == [(1, "Plan"), (2, "Build"), (3, "Plan")]
    assert await news(two.mentor, before[0]) == await news(two.mentee, before[1]) == [Kind.GOAL_CHANGED]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("title", {"title": ""}),
        ("title", {"title": "x" * 121}),
        ("description", {"description": "x" * 4_001}),
        ("milestones", {"milestones": ["Plan", ""]}),
        ("milestones", {"milestones": ["Step"] * (MOST_MILESTONES + 1)}),
    ],
)
async def test_a_goal_that_cannot_be_leaves_nothing(database: str, field: str, change: dict[str, object]) -> None:
    two = await pair()
    with refused(RefusalCode.INVALID, field):
        await Goal.add(two.mentorship, by=two.mentor, **{"title": "Ship it", **change})  # type: ignore[arg-type]
    assert (await Goal.all().count(), await Milestone.all().count()) == (0, 0)


async def test_strangers_neither_add_nor_change_nor_see_goals(database: str) -> None:
    two, eve = await pair(), await person("Eve")
    added = await a_goal(two, "Plan")
    milestone = await Milestone.get(goal_id=added.id)
    for change in (
        Goal.add(two.mentorship, by=eve, title="Mine"),
        added.add_milestone(by=eve, title="Mine"),
        added.mark(GoalStatus.DROPPED, by=eve),
        milestone.complete(by=eve),
        milestone.reopen(by=eve),
    ):
        with refused(RefusalCode.NOT_ALLOWED):
            await change
    assert await Goal.visible_to(eve) == []
    assert await Milestone.visible_to(eve) == []
    assert await Goal.visible_to(two.mentor).count() == await Milestone.visible_to(two.mentee).count() == 1


async def test_a_mentorship_has_a_limited_number_of_goals_even_when_they_come_at_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goal, "MOST_GOALS", 3)
    two = await pair()
    adds = (Goal.add(two.mentorship, by=two.mentor, title=f"Goal {number}") for number in range(6))
    await asyncio.gather(*adds, return_exceptions=True)
    assert await Goal.all().count() == 3
    with refused(RefusalCode.LIMIT_REACHED):
        await a_goal(two)


async def test_milestones_that_are_added_at_once_get_dense_positions(database: str) -> None:
    two = await pair()
    added = await a_goal(two, "first")
    people = [two.mentor, two.mentee] * 3
    await asyncio.gather(*(added.add_milestone(by=one, title=f"{n}") for n, one in enumerate(people)))
    assert [position for position, _ in await steps(added)] == list(range(1, 8))


async def test_a_goal_takes_no_milestone_beyond_the_most(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goal, "MOST_MILESTONES", 2)
    two = await pair()
    added = await a_goal(two, "Plan", "Build")
    with refused(RefusalCode.LIMIT_REACHED, None):
        await added.add_milestone(by=two.mentor, title="Sell")


async def test_a_retry_with_its_key_adds_nothing_twice(database: str) -> None:
    two = await pair()
    goals = [
        await Goal.add(two.mentorship, by=two.mentor, title="Ship it", milestones=["Plan"], client_id="g")
        for _ in range(2)
    ]
    milestones = await asyncio.gather(
        *(goals[0].add_milestone(by=two.mentor, title="Build", client_id="m") for _ in range(3))
    )
    assert goals[0].id == goals[1].id
    assert len({milestone.id for milestone in milestones}) == 1
    assert await steps(goals[0]) == [(1, "Plan"), (2, "Build")]
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await Goal.add(two.mentorship, by=two.mentor, title="Sell it", client_id="g")


async def test_a_step_is_done_from_its_first_completion_until_it_is_reopened(database: str) -> None:
    two = await pair()
    added = await a_goal(two, "Plan", "Build")
    milestone = await Milestone.get(goal_id=added.id, position=1)
    before = await place(two.mentor)
    done = (await milestone.complete(by=two.mentee)).completed_at
    with clock.moved(timedelta(days=1)):
        again = (await milestone.complete(by=two.mentor)).completed_at
    assert done is not None
    assert again == done
    assert await news(two.mentor, before) == [Kind.GOAL_CHANGED]
    assert (await Milestone.get(goal_id=added.id, position=2)).completed_at is None
    for _ in range(2):
        assert (await milestone.reopen(by=two.mentor)).completed_at is None
    assert (await Milestone.get(id=milestone.id)).completed_at is None
    assert await news(two.mentor, before) == [Kind.GOAL_CHANGED] * 2


async def test_a_goal_is_reached_or_dropped_and_may_be_opened_again(database: str) -> None:
    two = await pair()
    added = await a_goal(two)
    before = await place(two.mentee)
    for status in (GoalStatus.REACHED, GoalStatus.REACHED, GoalStatus.DROPPED):
        await added.mark(status, by=two.mentor)
        stored = await Goal.get(id=added.id)
        assert stored.status is status
        assert stored.closed_at is not None
    await added.mark(GoalStatus.OPEN, by=two.mentee)
    stored = await Goal.get(id=added.id)
    assert (stored.status, stored.closed_at) == (GoalStatus.OPEN, None)
    assert await news(two.mentee, before) == [Kind.GOAL_CHANGED] * 3
