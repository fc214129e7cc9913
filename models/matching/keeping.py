"""Keeping a draft: what a run has come to is stored, as far as it still can be."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from matching.programme.frozen import Frozen
from matching.programme.result import Figures, figures
from models.matching.draft import MILLION, PARTED, ForbiddenPair, LeftOver, LeftOverSide, MatchedPair, forbidden_in
from models.matching.input import MatchingInput
from models.matching.matching import Matching
from models.matching.population import Pair, asked_in
from models.organisation import Participation

# Why somebody is left over whose pair is not there any more.
GONE: dict[str, Any] = {"why": ["the other of the pair has left the programme since the run began"]}

# In a statement that stores rows of a draft.
AT_ONCE = 500


async def keep(matching: Matching, result: dict[str, Any]) -> Figures:
    """Store the pairs of a result, and who is left over. Within the unit that makes a draft of the run.

    Returns the figures of what is stored.
    """
    frozen = await MatchingInput.of(matching.id)
    # Who has left since the run began, or whose account is gone, is in no draft.
    taking_part = Participation.filter(programme_id=matching.programme_id)
    there = {str(key) for key in await taking_part.values_list("profile_id", flat=True)}
    former = await _forbidden_before(matching, frozen)
    # Some were parted only when the run had begun.
    parted = former - {(mentee, mentor) for mentee, mentor in frozen["under_way"]}
    pairs = [(pair, (pair["mentee"], pair["mentor"])) for pair in result["pairs"]]
    stays = {both for _, both in pairs if both not in parted and there.issuperset(both)}
    stored = [pair for pair, both in pairs if both in stays]
    await _store_pairs(matching, stored, frozen)
    lost = [(both, PARTED if both in parted else GONE) for _, both in pairs if both not in stays]
    left = [*_left_by_run(result), *_left_by_loss(stored, lost)]
    await _store_left(matching, [one for one in left if one[0] in there])
    await ForbiddenPair.bulk_create(
        ForbiddenPair(matching_id=matching.id, mentee_id=UUID(mentee), mentor_id=UUID(mentor))
        for mentee, mentor in sorted(former)
    )
    loads = Counter(pair["mentor"] for pair in stored)
    mentors = [one for one, places in frozen["capacity"].items() if loads[one] or (places and one in there)]
    return figures([pair["score"] for pair in stored], [loads[one] for one in mentors])


# Somebody, as what they are left over, and why.
_Left = tuple[str, LeftOverSide, dict[str, Any]]


def _left_by_run(result: dict[str, Any]) -> Iterator[_Left]:
    for one in result["leftovers"]:
        yield one["mentee"], LeftOverSide.MENTEE, one
    for mentor in result["idle"]:
        yield mentor, LeftOverSide.MENTOR, {}


def _left_by_loss(stored: list[dict[str, Any]], lost: list[tuple[Pair, dict[str, Any]]]) -> Iterator[_Left]:
    """Who of the pairs that are not stored has nobody now."""
    for (mentee, _), why in lost:
        yield mentee, LeftOverSide.MENTEE, why
    have = {pair["mentor"] for pair in stored}
    for mentor, why in {mentor: why for (_, mentor), why in lost if mentor not in have}.items():
        yield mentor, LeftOverSide.MENTOR, why


async def _store_pairs(matching: Matching, pairs: list[dict[str, Any]], frozen: Frozen) -> None:
    under_way, locked = ({(mentee, mentor) for mentee, mentor in frozen[name]} for name in ("under_way", "locked"))
    asked = await asked_in(matching.programme_id)
    # Some at a time: others are served in between.
    for start in range(0, len(pairs), AT_ONCE):
        some = [(pair, (pair["mentee"], pair["mentor"])) for pair in pairs[start : start + AT_ONCE]]
        await MatchedPair.bulk_create(
            _pair(matching, pair, both in locked, both in under_way, asked.get(both)) for pair, both in some
        )


async def _store_left(matching: Matching, left: list[_Left]) -> None:
    for start in range(0, len(left), AT_ONCE):
        await LeftOver.bulk_create(
            LeftOver(matching_id=matching.id, profile_id=UUID(person), side=side, reason=reason)
            for person, side, reason in left[start : start + AT_ONCE]
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
