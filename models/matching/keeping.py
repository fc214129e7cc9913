"""Keeping a draft: what a run has come to is stored, as far as it still can be."""

from typing import Any
from uuid import UUID

from matching.programme.frozen import Frozen
from models.matching.draft import MILLION, PARTED, ForbiddenPair, LeftOver, LeftOverSide, MatchedPair, forbidden_in
from models.matching.input import MatchingInput
from models.matching.matching import Matching
from models.matching.population import Pair, asked_in
from models.organisation import Participation

# In a statement that stores rows of a draft.
AT_ONCE = 500


async def keep(matching: Matching, result: dict[str, Any]) -> None:
    """Store the pairs of a result, and who is left over. Within the unit that makes a draft of the run."""
    frozen = await MatchingInput.of(matching.id)
    under_way, locked = ({(mentee, mentor) for mentee, mentor in frozen[name]} for name in ("under_way", "locked"))
    # Who has left since the run began, or whose account is gone, is in no draft.
    there = set(await Participation.filter(programme_id=matching.programme_id).values_list("profile_id", flat=True))
    former = await _forbidden_before(matching, frozen)
    asked = await asked_in(matching.programme_id)
    # Some were parted only when the run had begun.
    parted = former - under_way
    pairs = [(pair, (pair["mentee"], pair["mentor"])) for pair in result["pairs"]]
    # Some at a time: others are served in between.
    for start in range(0, len(pairs), AT_ONCE):
        some = [(pair, both) for pair, both in pairs[start : start + AT_ONCE] if both not in parted]
        rows = [_pair(matching, pair, both in locked, both in under_way, asked.get(both)) for pair, both in some]
        await MatchedPair.bulk_create(row for row in rows if {row.mentee_id, row.mentor_id} <= there)
    left = [(one["mentee"], LeftOverSide.MENTEE, one) for one in result["leftovers"]]
    left += [(both[0], LeftOverSide.MENTEE, PARTED) for _, both in pairs if both in parted]
    left += [(one, LeftOverSide.MENTOR, {}) for one in result["idle"]]
    for start in range(0, len(left), AT_ONCE):
        await LeftOver.bulk_create(
            LeftOver(matching_id=matching.id, profile_id=UUID(person), side=side, reason=reason)
            for person, side, reason in left[start : start + AT_ONCE]
            if UUID(person) in there
        )
    await ForbiddenPair.bulk_create(
        ForbiddenPair(matching_id=matching.id, mentee_id=UUID(mentee), mentor_id=UUID(mentor))
        for mentee, mentor in sorted(former)
    )


async def _forbidden_before(matching: Matching, frozen: Frozen) -> set[Pair]:
    """What organisers had forbidden before: in the draft that it follows, or when the run began that it replays."""
    if matching.replays_id is not None:
        never = {(mentee, mentor) for mentee, mentor in frozen["never"]}
        return never.intersection(await forbidden_in(matching.replays_id))
    return set() if matching.follows_id is None else {*await forbidden_in(matching.follows_id)}


def _pair(
    matching: Matching, told: dict[str, Any], locked: bool, under_way: bool, request_id: UUID | None
) -> MatchedPair:
    return MatchedPair(
        matching_id=matching.id,
        mentee_id=UUID(told["mentee"]),
        mentor_id=UUID(told["mentor"]),
        score=round(told["score"] * MILLION),
        components=told["components"],
        reasons=told["reasons"],
        fixed=locked or request_id is not None,
        under_way=under_way,
        request_id=request_id,
    )
