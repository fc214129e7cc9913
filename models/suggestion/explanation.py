"""Explanations: why two people would suit each other, why not, and what keeps one from being suggested to the other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from matching.fit import Fit
from matching.reasons import reasons
from matching.scoring import explain
from matching.why_not import why_not
from models.block import Block
from models.mentorship import Mentorship, pair_of
from models.profile import Profile
from models.refusal import invalid
from models.request import MentorshipRequest, RequestStatus
from models.suggestion.dismissal import Dismissal, MatchRole
from models.suggestion.pool import pool

if TYPE_CHECKING:
    from models.account import Account


@dataclass(frozen=True, slots=True)
class Explanation:
    """The fit of a pair, told to one of the two.

    `obstacles` say why the other is not suggested; there are none for who is. `weaknesses` say what lowers the score.
    """

    fit: Fit
    reasons: tuple[str, ...]
    obstacles: tuple[str, ...]
    weaknesses: tuple[str, ...]


async def explain_match(viewer: "Account", mentor_id: UUID, mentee_id: UUID) -> Explanation | None:
    """Why these two, or why not. None where the viewer is not one of them, or may not see the other.

    Raises `Refused` for a pair of one.
    """
    if mentor_id == mentee_id:
        raise invalid("Nobody is their own mentor; name two people.", "menteeId")
    if viewer.id not in (mentor_id, mentee_id):
        return None
    role = MatchRole.MENTEE if viewer.id == mentee_id else MatchRole.MENTOR
    both = {each.id: each for each in await Profile.visible_to(viewer).filter(id__in=[mentor_id, mentee_id])}
    population = (await pool().fresh()).population
    if len(both) < 2 or mentor_id not in population or mentee_id not in population:
        return None
    fit = explain(population, [mentee_id], [mentor_id]).fit(0)
    told = reasons(population[mentee_id], population[mentor_id], fit, reader=role.side)
    against = why_not(population, mentee_id, mentor_id, reader=role.side)
    is_blocked = await Block.between(mentor_id, mentee_id).exists()
    seeks = both[mentee_id].seeking and not is_blocked
    obstacles = [each async for each in _between(mentor_id, mentee_id, role)]
    obstacles += (
        _for_mentee(both[mentor_id], is_blocked) if role is MatchRole.MENTEE else _for_mentor(both[mentor_id], seeks)
    )
    return Explanation(fit, tuple(told), tuple(obstacles), tuple(against))


async def _between(mentor_id: UUID, mentee_id: UUID, role: MatchRole) -> AsyncIterator[str]:
    """What has passed between them, as far as the one in this role knows."""
    pair = pair_of(mentor_id, mentee_id)
    me, other = (mentee_id, mentor_id) if role is MatchRole.MENTEE else (mentor_id, mentee_id)
    if await Mentorship.exists(active_pair=pair):
        yield "the two of you have an active mentorship"
    if request := await MentorshipRequest.get_or_none(pending_pair=pair):
        yield "you have asked them already" if request.author_id == me else "they have asked you already"
    queued = MentorshipRequest.filter(mentor_id=mentor_id, mentee_id=mentee_id, status=RequestStatus.QUEUED)
    if role is MatchRole.MENTEE and await queued.exists():
        yield "they are among your choices already"
    if await Dismissal.exists(owner_id=me, role=role, profile_id=other):
        yield "you have dismissed this suggestion"


# Of a block they say what is said of somebody who is not there for anybody: whoever is blocked is not told.


def _for_mentee(mentor: Profile, is_blocked: bool) -> list[str]:
    if is_blocked or mentor.capacity == 0:
        return ["they do not mentor at present"]
    return ["they have no free place at present"] if mentor.mentees >= mentor.capacity else []


def _for_mentor(mentor: Profile, seeks: bool) -> list[str]:
    found = []
    if mentor.capacity == 0:
        found.append("you do not mentor at present; give your profile a capacity first")
    elif mentor.mentees >= mentor.capacity:
        found.append("you have no free place at present")
    return found if seeks else [*found, "they do not look for a mentor at present"]
