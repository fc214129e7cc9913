"""Goals and their milestones: what a pair works towards."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields

from models import clock
from models.base import Authored
from models.database import transaction
from models.inbox import Inbox, Kind
from models.mentorship import Mentorship
from models.refusal import RefusalCode, Refused, invalid
from models.text import line, prose

if TYPE_CHECKING:
    from models.account import Account

MOST_GOALS = 50
MOST_MILESTONES = 50


class GoalStatus(StrEnum):
    """A goal is open, then reached or dropped. Either may be opened again."""

    OPEN = "OPEN"
    REACHED = "REACHED"
    DROPPED = "DROPPED"


class Goal(Authored):
    """What a mentorship works towards."""

    visible_through = "mentorship"

    mentorship: fields.ForeignKeyRelation[Mentorship] = fields.ForeignKeyField(
        "models.Mentorship", related_name="goals", on_delete=fields.CASCADE, db_index=True
    )
    mentorship_id: UUID
    title = fields.CharField(max_length=120)
    description = fields.TextField(default="")
    due_on = fields.DateField(null=True)
    status = fields.CharEnumField(GoalStatus, max_length=16, default=GoalStatus.OPEN)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "goal"
        unique_together = (("author", "client_id"),)

    @classmethod
    @transaction
    async def add(
        cls,
        mentorship: Mentorship,
        *,
        by: "Account",
        title: str,
        description: str = "",
        due_on: date | None = None,
        milestones: list[str] | None = None,
        client_id: str | None = None,
    ) -> Self:
        """Either side adds a goal, with the titles of its first milestones in their order."""
        title = line(title, "title")
        content = {
            "mentorship_id": mentorship.id,
            "title": title,
            "description": description,
            "due_on": due_on,
            "milestones": milestones or [],
        }
        mentorship = await mentorship.held_by(by)
        if first := await cls.made_before(by, client_id, **content):
            return first
        await mentorship.must_pass()
        if len(milestones or []) > MOST_MILESTONES:
            raise invalid(f"A goal has at most {MOST_MILESTONES} milestones.", "milestones")
        if await cls.filter(mentorship_id=mentorship.id).count() >= MOST_GOALS:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A mentorship has at most {MOST_GOALS} goals.", None)
        goal = await cls.make(
            by,
            client_id,
            content,
            mentorship_id=mentorship.id,
            title=title,
            description=prose(description, "description", empty=True),
            due_on=due_on,
        )
        for name in milestones or []:
            await goal._append(by, line(name, "milestones"), None, None)
        await goal._announce(mentorship)
        return goal

    @transaction
    async def add_milestone(
        self, *, by: "Account", title: str, due_on: date | None = None, client_id: str | None = None
    ) -> "Milestone":
        """Append a step to the goal."""
        title = line(title, "title")
        content = {"goal_id": self.id, "title": title, "due_on": due_on}
        # The mentorship's lock also orders the positions of new milestones.
        mentorship = await (await Mentorship.get(id=self.mentorship_id)).held_by(by)
        if first := await Milestone.made_before(by, client_id, **content):
            return first
        await mentorship.must_pass()
        milestone = await self._append(by, title, due_on, client_id)
        await self._announce(mentorship)
        return milestone

    @transaction
    async def mark(self, status: GoalStatus, *, by: "Account") -> Self:
        """Say that the goal is reached, dropped, or open again."""
        mentorship = await self._active(by)
        goal = await self.locked(self.id)
        if goal.status is not status:
            goal.status = status
            goal.closed_at = None if status is GoalStatus.OPEN else clock.now()
            await goal.store("status", "closed_at")
            await goal._announce(mentorship)
        return goal

    async def _active(self, by: "Account") -> Mentorship:
        return await (await Mentorship.get(id=self.mentorship_id)).active_for(by)

    async def _append(self, by: "Account", title: str, due_on: date | None, client_id: str | None) -> "Milestone":
        position = await Milestone.filter(goal_id=self.id).count()
        if position >= MOST_MILESTONES:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A goal has at most {MOST_MILESTONES} milestones.", None)
        return await Milestone.make(
            by,
            client_id,
            {"goal_id": self.id, "title": title, "due_on": due_on},
            goal_id=self.id,
            title=title,
            due_on=due_on,
            position=position + 1,
        )

    async def _announce(self, mentorship: Mentorship) -> None:
        await Inbox.record(Kind.GOAL_CHANGED, self, mentorship.people)


class Milestone(Authored):
    """A step towards a goal. `position` counts from 1 within the goal."""

    visible_through = "goal"

    goal: fields.ForeignKeyRelation[Goal] = fields.ForeignKeyField(
        "models.Goal", related_name="milestones", on_delete=fields.CASCADE
    )
    goal_id: UUID
    title = fields.CharField(max_length=120)
    position = fields.SmallIntField()
    due_on = fields.DateField(null=True)
    completed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "milestone"
        unique_together = (("author", "client_id"), ("goal", "position"))

    @transaction
    async def complete(self, *, by: "Account") -> Self:
        """Say that the step is done. Saying it again keeps the first time."""
        return await self._set_completed(clock.now(), by)

    @transaction
    async def reopen(self, *, by: "Account") -> Self:
        """Say that the step is not done after all."""
        return await self._set_completed(None, by)

    async def _set_completed(self, moment: datetime | None, by: "Account") -> Self:
        goal = await Goal.get(id=self.goal_id)
        mentorship = await goal._active(by)
        milestone = await self.locked(self.id)
        if (milestone.completed_at is None) != (moment is None):
            milestone.completed_at = moment
            await milestone.store("completed_at")
            await goal._announce(mentorship)
        return milestone
