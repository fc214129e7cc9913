"""Eligibility: what keeps two people from being paired in a programme, whoever would bring them together.

Within a unit that holds both profiles nobody else gets one of them as a mentor or a mentee until it ends.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from matching.programme.frozen import rules_of
from matching.rules import excluding
from models.mentorship import Mentorship
from models.organisation.hard_rule import rules_over
from models.organisation.pair_rule import PairRule, PairRuleKind
from models.organisation.participation import Participation, ProgrammeSide
from models.organisation.programme import Programme
from models.refusal import RefusalCode, Refused

if TYPE_CHECKING:
    from models.profile import Profile


# Of whatever rule it is.
FORBIDDEN = "A rule of this programme keeps the two apart."


class Subject(NamedTuple):
    """Whom a sentence is about: somebody by name, or whoever reads it."""

    name: str | None

    def __call__(self, plain: str, third: str) -> str:
        """The subject with its verb, in the plain form and in the third person."""
        return f"You {plain}" if self.name is None else f"{self.name} {third}"


class Obstacle(StrEnum):
    """What keeps two people from being paired in a programme."""

    # Whether they do not take part, or on the other side only, is nobody else's business.
    NO_MENTOR = "NO_MENTOR"
    NO_MENTEE = "NO_MENTEE"
    # Whether the organisers said it of the two, or it is a hard rule, their people are not told.
    FORBIDDEN = "FORBIDDEN"
    HAS_MENTOR = "HAS_MENTOR"
    NO_PLACE = "NO_PLACE"

    @property
    def code(self) -> RefusalCode:
        """The code of a refusal for it."""
        match self:
            case Obstacle.HAS_MENTOR:
                return RefusalCode.ALREADY_EXISTS
            case Obstacle.NO_PLACE:
                return RefusalCode.AT_CAPACITY
            case _:
                return RefusalCode.NOT_ALLOWED

    def told(self, mentor: Subject, mentee: Subject) -> str:
        """As people are told of it."""
        match self:
            case Obstacle.NO_MENTOR:
                return f"{mentor('do', 'does')} not take part in this programme as a mentor."
            case Obstacle.NO_MENTEE:
                return f"{mentee('do', 'does')} not take part in this programme as a mentee."
            case Obstacle.FORBIDDEN:
                return FORBIDDEN
            case Obstacle.HAS_MENTOR:
                return f"{mentee('have', 'has')} a mentor in this programme already."
            case Obstacle.NO_PLACE:
                return f"{mentor('have', 'has')} no free place in this programme now."


async def obstacles(programme: Programme, mentor: "Profile", mentee: "Profile") -> list[Obstacle]:
    """All that stands in the way of this pair but the hard rules, which an organiser may relax (`broken_rules`)."""
    there = await _taking_part(programme, mentor, mentee)
    as_mentor, as_mentee = there.get(mentor.id), there.get(mentee.id)
    found = []
    if as_mentor is None or as_mentor.side is ProgrammeSide.MENTEE:
        found.append(Obstacle.NO_MENTOR)
    if as_mentee is None or as_mentee.side is ProgrammeSide.MENTOR:
        found.append(Obstacle.NO_MENTEE)
    never = PairRule.filter(programme_id=programme.id, kind=PairRuleKind.NEVER)
    if await never.filter(mentee_id=mentee.id, mentor_id=mentor.id).exists():
        found.append(Obstacle.FORBIDDEN)
    under_way = Mentorship.under_way_in(programme.id)
    if await under_way.filter(mentee_id=mentee.id).exists():
        found.append(Obstacle.HAS_MENTOR)
    most = None if as_mentor is None else as_mentor.capacity
    if most is not None and await under_way.filter(mentor_id=mentor.id).count() >= most:
        found.append(Obstacle.NO_PLACE)
    return found


async def must_be_eligible(
    programme: Programme,
    mentor: "Profile",
    mentee: "Profile",
    reader_id: UUID,
    field: str | None = None,
    *,
    now: bool = True,
) -> None:
    """Raise `Refused` where something stands in the way of this pair, told to one of the two.

    Not `now` but later: then it does not matter whether the mentor has a place at present.
    """
    names = [Subject(None if one.id == reader_id else one.name) for one in (mentor, mentee)]
    # Who does not take part hears that first, and nothing of others.
    first = Obstacle.NO_MENTOR if reader_id == mentor.id else Obstacle.NO_MENTEE
    for obstacle in sorted(await obstacles(programme, mentor, mentee), key=lambda one: one is not first):
        if now or obstacle is not Obstacle.NO_PLACE:
            raise Refused(obstacle.code, obstacle.told(*names), field)


async def broken_rules(programme: Programme, mentor: "Profile", mentee: "Profile") -> list[str]:
    """The hard rules of the programme that forbid this pair, in words."""
    there = await _taking_part(programme, mentor, mentee)
    rules = rules_of(rules_over(programme, [*there.values()], {one.id: one for one in (mentor, mentee)}))
    return excluding(rules, str(mentee.id), str(mentor.id))


async def _taking_part(programme: Programme, mentor: "Profile", mentee: "Profile") -> dict[UUID, Participation]:
    both = Participation.filter(programme_id=programme.id, profile_id__in=[mentor.id, mentee.id])
    return {one.profile_id: one for one in await both}
