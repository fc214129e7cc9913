"""Explanations for organisers: why two people of a programme would suit each other in it, and what keeps them apart."""

from typing import TYPE_CHECKING
from uuid import UUID

from matching.fit import Side
from matching.population import Population
from matching.programme.frozen import weights_of
from matching.reasons import reasons
from matching.scoring import explain
from matching.why_not import why_not
from models.matching.population import person_in, space_in
from models.organisation import Deed, Obstacle, Participation, Programme, Subject, broken_rules, obstacles
from models.profile import Profile
from models.refusal import invalid
from models.suggestion import Explanation

if TYPE_CHECKING:
    from models.account import Account


# What the organisers have said themselves, they are told; its people are not told which rule it is.
NEVER = "they may never be paired, as a rule of this programme says"


def told_to_organisers(obstacle: Obstacle, mentor: Profile, mentee: Profile) -> str:
    """A sentence for organisers: what keeps two people from being paired."""
    if obstacle is Obstacle.FORBIDDEN:
        return f"{NEVER.capitalize()}."
    return obstacle.told(Subject(mentor.name), Subject(mentee.name))


async def explain_in(programme_id: UUID, mentor_id: UUID, mentee_id: UUID, *, viewer: "Account") -> Explanation | None:
    """Why these two in this programme, with its weights and rules, or why not; in the words that the mentee would read.

    None where the viewer does not help to run it, or the two do not both take part. What stands between them outside
    of the programme is theirs, and not told. Raises `Refused` for a pair of one.
    """
    if mentor_id == mentee_id:
        raise invalid("Nobody is their own mentor; name two people.", "menteeId")
    programme = await Programme.allowing(Deed.LOOK_ON, viewer).get_or_none(id=programme_id)
    both = Participation.filter(programme_id=programme_id, profile_id__in=[mentor_id, mentee_id])
    there = {one.profile_id: one for one in await both}
    if programme is None or len(there) < 2:
        return None
    people = Profile.filter(id__in=[*there]).prefetch_related("skills_offered", "skills_wanted")
    profiles = {one.id: one for one in await people}
    both_of = (person_in(there[key], profile) for key, profile in profiles.items())
    population = Population(both_of, await space_in(programme_id))
    weights, mentee, mentor = weights_of(programme.weights), str(mentee_id), str(mentor_id)
    fit = explain(population, [mentee], [mentor], weights).fit(0)
    told = reasons(population[mentee], population[mentor], fit, reader=Side.MENTEE)
    against = why_not(population, mentee, mentor, weights=weights, reader=Side.MENTEE)
    apart = await _apart(programme, profiles[mentor_id], profiles[mentee_id])
    return Explanation(fit, tuple(told), tuple(apart), tuple(against))


async def _apart(programme: Programme, mentor: Profile, mentee: Profile) -> list[str]:
    found = [
        NEVER if obstacle is Obstacle.FORBIDDEN else told_to_organisers(obstacle, mentor, mentee).rstrip(".")
        for obstacle in await obstacles(programme, mentor, mentee)
    ]
    found += [f"the rule “{name}” forbids it" for name in await broken_rules(programme, mentor, mentee)]
    if mentor.capacity == 0:
        found.append(f"{mentor.name} does not mentor at present")
    elif mentor.mentees >= mentor.capacity:
        found.append(f"{mentor.name} has no free place at present")
    return found
