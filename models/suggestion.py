"""Suggestions: the mentors who would suit a person best, from the pure scores of `matching/`."""

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise.expressions import F, Subquery

from matching.availability import Window, week_mask
from matching.fit import Person, Side
from matching.population import Population
from matching.ranking import Suggestion, recommend
from models import clock
from models.mentorship import Mentorship, MentorshipStatus
from models.profile import Profile
from models.skill import Skill

if TYPE_CHECKING:
    from models.account import Account

# How many candidates are scored for one request. Among more, those are taken who offer what is wanted.
MOST_CANDIDATES = 500


async def suggest(
    viewer: "Account", *, limit: int, after: tuple[float, UUID] | None = None
) -> list[tuple[Profile, Suggestion]]:
    """The best mentors for the viewer, the best first, after a place in the ranking.

    Only mentors with a free place are ranked, and nobody with whom the viewer has an active mentorship.
    """
    me = await Profile.get(id=viewer.id).prefetch_related("skills_offered", "skills_wanted")
    candidates = await _candidates(viewer, [skill.id for skill in me.skills_wanted])
    paired = await Mentorship.filter(mentee_id=viewer.id, status=MentorshipStatus.ACTIVE).values_list(
        "mentor_id", flat=True
    )
    today = clock.now().date()
    ranked = recommend(
        Population([_person(me, today), *(_person(one, today) for one in candidates if one.id != me.id)]),
        me.id,
        Side.MENTEE,
        limit,
        exclude=cast(list[UUID], paired),
        after=after,
    )
    rows = {candidate.id: candidate for candidate in candidates}
    return [(rows[cast(UUID, suggestion.candidate.id)], suggestion) for suggestion in ranked]


async def _candidates(viewer: "Account", wanted: list[UUID]) -> list[Profile]:
    free = Profile.mentors(viewer).filter(mentees__lt=F("capacity")).order_by("id").limit(MOST_CANDIDATES)
    free = free.prefetch_related("skills_offered", "skills_wanted")
    offering = Skill.filter(id__in=wanted).values("offered_by__id")
    # Where nobody offers what is wanted, somebody may suit all the same.
    return (await free.filter(id__in=Subquery(offering)) if wanted else []) or await free


def _person(profile: Profile, on: date) -> Person:
    windows = tuple(Window(**window) for window in profile.availability)
    return Person(
        id=profile.id,
        skills_offered=frozenset(skill.name for skill in profile.skills_offered),
        skills_wanted=frozenset(skill.name for skill in profile.skills_wanted),
        languages=frozenset(profile.languages),
        week=_week(windows, profile.time_zone, on),
        years_of_experience=profile.years_of_experience,
        industry=profile.industry,
    )


@lru_cache(maxsize=4_096)
def _week(windows: tuple[Window, ...], time_zone: str, on: date) -> int:
    return week_mask(windows, ZoneInfo(time_zone), on)
