"""Goals and milestones."""

from datetime import date, datetime

import strawberry

import models.goal
import models.mentorship
from models.goal import GoalStatus
from schema.connection import Connection, children
from schema.context import Info, viewer
from schema.evidence import BY_AGE, Evidence
from schema.node import Node, as_node, find, members, node
from schema.refusal import mutation

strawberry.enum(GoalStatus, description="A goal is open, then reached or dropped.")


@node(models.goal.Milestone, "A step towards a goal.")
class Milestone(Node):
    """A step towards a goal."""

    title: str
    position: int = strawberry.field(description="Counted from 1 within the goal.")
    due_on: date | None
    completed_at: datetime | None


@node(models.goal.Goal, "What a mentorship works towards.")
class Goal(Node):
    """What a mentorship works towards."""

    title: str
    description: str
    due_on: date | None
    status: GoalStatus
    created_at: datetime
    closed_at: datetime | None
    milestones: list[Milestone] = members("position")
    evidence: Connection[Evidence] = children(BY_AGE, "The messages that are kept with it, the first first.")


@strawberry.input
class AddGoalInput:
    """A new goal, with the titles of its first milestones."""

    mentorship_id: strawberry.ID
    title: str
    description: str = ""
    due_on: date | None = None
    milestones: list[str] = strawberry.field(default_factory=list)
    client_id: strawberry.ID | None = None


@strawberry.input
class MarkGoalInput:
    """What has become of a goal."""

    goal_id: strawberry.ID
    status: GoalStatus


@strawberry.input
class AddMilestoneInput:
    """A further step."""

    goal_id: strawberry.ID
    title: str
    due_on: date | None = None
    client_id: strawberry.ID | None = None


@strawberry.input
class CompleteMilestoneInput:
    """A step that is done."""

    milestone_id: strawberry.ID


@strawberry.input
class ReopenMilestoneInput:
    """A step that is not done after all."""

    milestone_id: strawberry.ID


@strawberry.type
class AddGoalPayload:
    """The new goal."""

    goal: Goal


@strawberry.type
class MarkGoalPayload:
    """The goal as it is now."""

    goal: Goal


@strawberry.type
class AddMilestonePayload:
    """The new step."""

    milestone: Milestone


@strawberry.type
class CompleteMilestonePayload:
    """The step, done."""

    milestone: Milestone


@strawberry.type
class ReopenMilestonePayload:
    """The step, open again."""

    milestone: Milestone


@strawberry.type
class GoalMutation:
    """Changes of goals and milestones. Either side of the mentorship may make them."""

    @mutation("Add a goal to a mentorship.")
    async def add_goal(self, info: Info, input: AddGoalInput) -> AddGoalPayload:
        """Add a goal."""
        mentorship = await find(models.mentorship.Mentorship, input.mentorship_id, "mentorshipId", info)
        goal = await models.goal.Goal.add(
            mentorship,
            by=viewer(info),
            title=input.title,
            description=input.description,
            due_on=input.due_on,
            milestones=input.milestones,
            client_id=input.client_id,
        )
        return AddGoalPayload(goal=as_node(goal))

    @mutation("Say that a goal is reached, dropped, or open again.")
    async def mark_goal(self, info: Info, input: MarkGoalInput) -> MarkGoalPayload:
        """Say what has become of a goal."""
        goal = await find(models.goal.Goal, input.goal_id, "goalId", info)
        return MarkGoalPayload(goal=as_node(await goal.mark(input.status, by=viewer(info))))

    @mutation("Append a step to a goal.")
    async def add_milestone(self, info: Info, input: AddMilestoneInput) -> AddMilestonePayload:
        """Append a step."""
        goal = await find(models.goal.Goal, input.goal_id, "goalId", info)
        milestone = await goal.add_milestone(
            by=viewer(info), title=input.title, due_on=input.due_on, client_id=input.client_id
        )
        return AddMilestonePayload(milestone=as_node(milestone))

    @mutation("Say that a step is done.")
    async def complete_milestone(self, info: Info, input: CompleteMilestoneInput) -> CompleteMilestonePayload:
        """Say that a step is done."""
        milestone = await find(models.goal.Milestone, input.milestone_id, "milestoneId", info)
        return CompleteMilestonePayload(milestone=as_node(await milestone.complete(by=viewer(info))))

    @mutation("Say that a step is not done after all.")
    async def reopen_milestone(self, info: Info, input: ReopenMilestoneInput) -> ReopenMilestonePayload:
        """Say that a step is not done."""
        milestone = await find(models.goal.Milestone, input.milestone_id, "milestoneId", info)
        return ReopenMilestonePayload(milestone=as_node(await milestone.reopen(by=viewer(info))))
