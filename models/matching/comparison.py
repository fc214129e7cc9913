"""Two drafts beside each other: who gains, who loses, who is moved, and who is paired in one of them only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from models.matching.draft import MILLION, MatchedPair
from models.matching.matching import Matching
from models.refusal import invalid

if TYPE_CHECKING:
    from models.account import Account

# So many changes are told one by one, those that matter most.
MOST_TOLD = 100

# What a mentee has in a draft: a mentor, and the score in millionths.
Place = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Change:
    """What another draft means for one mentee: their mentor and score before and after, None where they have none."""

    mentee_id: UUID
    before: Place | None
    after: Place | None

    @property
    def gain(self) -> float:
        """By how much the score rises; nobody at all counts as 0."""
        return ((self.after[1] if self.after else 0) - (self.before[1] if self.before else 0)) / MILLION


@dataclass(frozen=True, slots=True)
class Comparison:
    """From one draft to another. `changes` are the greatest losses and gains, by their size."""

    same: int
    moved: int
    joined: int
    dropped: int
    gaining: int
    losing: int
    changes: list[Change]


async def compare(before_id: UUID, after_id: UUID, *, by: "Account") -> Comparison | None:
    """What the second draft means for the mentees of the first; None where `by` sees one of them not.

    Raises `Refused` for drafts of two programmes.
    """
    found = {one.id: one for one in await Matching.visible_to(by).filter(id__in=[before_id, after_id])}
    if not found.keys() >= {before_id, after_id}:
        return None
    before, after = found[before_id], found[after_id]
    if before.programme_id != after.programme_id:
        raise invalid("Compare two drafts of one programme.", "withId")
    before.must_have_pairs()
    after.must_have_pairs()
    return compared(await _places(before), await _places(after))


def compared(before: dict[UUID, Place], after: dict[UUID, Place]) -> Comparison:
    """The same, of the places that mentees have in either."""
    changes = [
        Change(mentee, before.get(mentee), after.get(mentee))
        for mentee in before.keys() | after.keys()
        if _mentor(before.get(mentee)) != _mentor(after.get(mentee))
    ]
    told = sorted(changes, key=lambda change: (-abs(change.gain), change.mentee_id))
    return Comparison(
        same=len(before.keys() & after.keys()) - sum(1 for one in changes if one.before and one.after),
        moved=sum(1 for one in changes if one.before and one.after),
        joined=sum(1 for one in changes if not one.before),
        dropped=sum(1 for one in changes if not one.after),
        gaining=_many(changes, 1),
        losing=_many(changes, -1),
        changes=told[:MOST_TOLD],
    )


def _many(changes: Iterable[Change], sign: int) -> int:
    return sum(1 for one in changes if one.gain * sign > 0)


def _mentor(place: Place | None) -> UUID | None:
    return place[0] if place else None


async def _places(draft: Matching) -> dict[UUID, Place]:
    pairs = await MatchedPair.filter(matching_id=draft.id).values_list("mentee_id", "mentor_id", "score")
    return {mentee: (mentor, score) for mentee, mentor, score in pairs}
