"""What people of the demo community do, each thing by the verb that the platform has for it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from api.demo.hours import shared_hour
from api.demo.people import Person
from matching.fit import Side
from models import clock
from models.account import Account
from models.conversation import Conversation
from models.goal import Goal, GoalStatus, Milestone
from models.meeting import Meeting, MeetingKind
from models.mentorship import Cadence, Mentorship
from models.request import Choice, MentorshipRequest, Queue


@dataclass
class Acquaintance:
    """Two people, and what they have made so far."""

    mentor: Person
    mentee: Person
    accounts: dict[Side, Account]
    # Mentors whom the mentee would ask after this one.
    further: list[Account] = field(default_factory=list)
    request: MentorshipRequest = field(init=False)
    mentorship: Mentorship = field(init=False)
    conversation: Conversation = field(init=False)
    goals: list[Goal] = field(default_factory=list)


class Deed(Protocol):
    """Something that one of two people does at a moment: the clock is there already."""

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The mentee asks the mentor."""

    message: str
    months: int
    cadence: Cadence

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        mentor, mentee = pair.accounts[Side.MENTOR], pair.accounts[Side.MENTEE]
        pair.request = await MentorshipRequest.ask(
            mentor.id, by=mentee, message=self.message, months=self.months, cadence=self.cadence
        )


@dataclass(frozen=True, slots=True)
class AskInTurn:
    """The mentee asks the mentor, and means to ask others after that: a message for each."""

    messages: tuple[str, ...]
    months: int
    cadence: Cadence

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        mentors = [pair.accounts[Side.MENTOR], *pair.further]
        choices = [Choice(one.id, message) for one, message in zip(mentors, self.messages, strict=True)]
        mentee = pair.accounts[Side.MENTEE]
        pair.request, *_ = await Queue.add(choices, by=mentee, months=self.months, cadence=self.cadence)


@dataclass(frozen=True, slots=True)
class Accept:
    """The mentor says yes."""

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        pair.mentorship = await pair.request.accept(by=pair.accounts[Side.MENTOR])
        pair.conversation = await Conversation.get(mentorship_id=pair.mentorship.id)


@dataclass(frozen=True, slots=True)
class Decline:
    """The mentor says no."""

    reason: str

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        await pair.request.decline(by=pair.accounts[Side.MENTOR], reason=self.reason)


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The mentee takes the request back."""

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        await pair.request.withdraw(by=pair.accounts[Side.MENTEE])


@dataclass(frozen=True, slots=True)
class Say:
    """One sends the pair's message of this number."""

    by: Side
    number: int
    body: str

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        key = f"demo {pair.conversation.id} {self.number}"
        await pair.conversation.send(self.body, by=pair.accounts[self.by], client_id=key)


@dataclass(frozen=True, slots=True)
class Read:
    """One has read up to the message of this number."""

    by: Side
    number: int

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        await pair.conversation.mark_read(self.number, by=pair.accounts[self.by])


@dataclass(frozen=True, slots=True)
class Aim:
    """The mentee adds a goal with its milestones."""

    title: str
    why: str
    steps: tuple[str, ...]
    due_in: timedelta

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        goal = await Goal.add(
            pair.mentorship,
            by=pair.accounts[Side.MENTEE],
            title=self.title,
            description=self.why,
            due_on=clock.now().date() + self.due_in,
            milestones=list(self.steps),
        )
        pair.goals.append(goal)


@dataclass(frozen=True, slots=True)
class Complete:
    """The mentee has done a step; with the last one the goal is reached. Goals count from 0, steps from 1."""

    goal: int
    step: int

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        mentee, goal = pair.accounts[Side.MENTEE], pair.goals[self.goal]
        milestone = await Milestone.get(goal_id=goal.id, position=self.step)
        await milestone.complete(by=mentee)
        if not await Milestone.exists(goal_id=goal.id, completed_at=None):
            await goal.mark(GoalStatus.REACHED, by=mentee)


@dataclass(frozen=True, slots=True)
class Meet:
    """The mentee proposes to meet in some days, at an hour that suits both."""

    in_days: int
    kind: MeetingKind
    minutes: int
    agenda: str

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        day = clock.now().date() + timedelta(days=self.in_days)
        wall = shared_hour(pair.mentor, pair.mentee, day).astimezone(ZoneInfo(pair.mentee.time_zone))
        await Meeting.schedule(
            pair.mentorship,
            by=pair.accounts[Side.MENTEE],
            kind=self.kind,
            local_start=f"{wall:%Y-%m-%dT%H:%M}",
            time_zone=pair.mentee.time_zone,
            minutes=self.minutes,
            agenda=self.agenda,
        )


@dataclass(frozen=True, slots=True)
class End:
    """The mentee ends the mentorship."""

    reason: str

    async def done(self, pair: Acquaintance) -> None:
        """Do it."""
        await pair.mentorship.end(by=pair.accounts[Side.MENTEE], reason=self.reason)
