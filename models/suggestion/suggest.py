"""Suggestions: whom somebody might ask, the best first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID

from tortoise.expressions import F, Q

from matching.ranking import Suggestion
from models.profile import Profile
from models.suggestion.dismissal import MatchRole
from models.suggestion.pool import Place, pool
from models.suggestion.reading import read

if TYPE_CHECKING:
    from models.account import Account

# Whom one cannot ask in a role, or does not want to see: who are paired with one or asked already, a block stands
# between, they were dismissed. Of a mentee's choices whose turn has not come a mentor knows nothing, and may offer.
_OUT_OF_QUESTION: Final = {
    role: f"""SELECT {other}_id FROM mentorship WHERE {me}_id = {{slot}} AND status = 'ACTIVE'
        UNION ALL SELECT {other}_id FROM mentorship_request WHERE {me}_id = {{slot}} AND status IN ({states})
        UNION ALL SELECT blocked_id FROM block WHERE blocker_id = {{slot}}
        UNION ALL SELECT blocker_id FROM block WHERE blocked_id = {{slot}}
        UNION ALL SELECT profile_id FROM dismissal WHERE owner_id = {{slot}} AND role = '{role}'"""  # noqa: S608
    for role, me, other, states in (
        (MatchRole.MENTEE, "mentee", "mentor", "'PENDING', 'QUEUED'"),
        (MatchRole.MENTOR, "mentor", "mentee", "'PENDING'"),
    )
}


async def suggest(
    viewer: "Account",
    *,
    role: MatchRole = MatchRole.MENTEE,
    limit: int,
    after: Place | None = None,
) -> list[tuple[Profile, Suggestion]]:
    """The best for the viewer in this role, the best first, after the key of a suggestion.

    All whom the viewer may see, and could ask now. They are ranked by the score of the pair less the mentor's price.
    """
    exclude = [UUID(str(row[0])) for row in await read(_OUT_OF_QUESTION[role], viewer.id)]
    people = await pool().fresh()
    rows: dict[UUID, Profile] = {}
    found: list[Place] = []
    among: Sequence[UUID] | None = None
    while (size := limit - len(found)) > 0:
        places = people.best(viewer.id, role, size, exclude=exclude, among=among, after=after)
        # The pool knows everybody; who may be seen is the profile's rule.
        visible = Profile.visible_to(viewer).filter(id__in=[one for _, one in places])
        rows |= {row.id: row for row in await visible} if places else {}
        found += [place for place in places if place[1] in rows]
        if len(places) < size:
            break
        after = places[-1]
        if among is None and len(found) < limit:
            # Some of the best do not show; perhaps few do. So the rest is looked for among those who do.
            among = await _shown(viewer, role)
    told = people.explained(viewer.id, role, found)
    return [(rows[cast(UUID, one.candidate.id)], one) for one in told]


async def _shown(viewer: "Account", role: MatchRole) -> Sequence[UUID]:
    """Whom the viewer may see, of those who may be suggested in this role at all."""
    asked = Q(capacity__gt=F("mentees")) if role is MatchRole.MENTEE else Q(seeking=True)
    return cast(Sequence[UUID], await Profile.visible_to(viewer).filter(asked).values_list("id", flat=True))
