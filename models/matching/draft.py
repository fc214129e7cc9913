"""Drafts: the pairs of a run with their scores and reasons, who is left over and why, and what organisers change."""

import asyncio
from collections.abc import Collection
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index

from matching.programme.frozen import Frozen, rules_of, told_pairs
from matching.rules import excluding
from models.base import Base
from models.block import must_be_none_between
from models.database import transaction
from models.matching.input import MatchingInput
from models.matching.matching import Matching
from models.matching.population import Pair, Ties
from models.mentorship import Mentorship
from models.organisation import PairRule, PairRuleKind, Participation
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.request import MentorshipRequest

if TYPE_CHECKING:
    from models.account import Account

# In a statement that stores rows of a draft.
AT_ONCE = 500

# A score of 1.
MILLION = 1_000_000

# Why somebody whose pair is forbidden is left over.
PARTED: dict[str, Any] = {"forbidden": True, "why": ["an organiser has parted the pair that they were in"]}

NEVER = "Two of them may not be paired."


class MatchedPair(Base):
    """Two people whom a draft brings together. `score` is in millionths."""

    visible_through = "matching"

    matching: fields.ForeignKeyRelation[Matching] = fields.ForeignKeyField(
        "models.Matching", related_name="pairs", on_delete=fields.CASCADE
    )
    matching_id: UUID
    mentee: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    mentee_id: UUID
    mentor: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    mentor_id: UUID
    score = fields.IntField()
    # Name, side, weight, value and contribution of each.
    components: list[list[Any]] = fields.JSONField()
    reasons: list[str] = fields.JSONField()
    # It stays when the draft is followed by another.
    fixed = fields.BooleanField(default=False)
    # They had a mentorship of this programme before: there is nothing to publish.
    under_way = fields.BooleanField(default=False)
    # What publishing came to: one of these three, once.
    request: fields.ForeignKeyNullableRelation[MentorshipRequest] = fields.ForeignKeyField(
        "models.MentorshipRequest", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    request_id: UUID | None
    mentorship: fields.ForeignKeyNullableRelation[Mentorship] = fields.ForeignKeyField(
        "models.Mentorship", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    mentorship_id: UUID | None
    refusal = fields.TextField(null=True)
    published_at = fields.DatetimeField(null=True)

    class Meta:
        table = "matched_pair"
        unique_together = (("matching", "mentee"),)
        indexes = (Index(fields=("matching_id", "score", "id")), Index(fields=("matching_id", "published_at")))

    @transaction
    async def lock(self, locked: bool, *, by: "Account") -> Self:
        """Let the pair stay whatever follows, or no more."""
        pair = await self._editable(by)
        if pair.under_way and not locked:
            raise Refused(RefusalCode.WRONG_STATE, "These two have a mentorship already.", "pairId")
        pair.fixed = locked
        await pair.store("fixed")
        return pair

    @transaction
    async def forbid(self, *, by: "Account") -> None:
        """Take the pair out of the draft; no draft that follows has it. Its mentee is left over."""
        pair = await self._editable(by)
        if pair.fixed:
            raise Refused(RefusalCode.WRONG_STATE, "This pair is locked; unlock it first.", "pairId")
        await ForbiddenPair.create(matching_id=pair.matching_id, mentee_id=pair.mentee_id, mentor_id=pair.mentor_id)
        await LeftOver.create(
            matching_id=pair.matching_id,
            profile_id=pair.mentee_id,
            side=LeftOverSide.MENTEE,
            reason=PARTED,
        )
        await pair.delete()

    async def swap(self, other_id: UUID, *, by: "Account") -> tuple[Self, Self]:
        """Exchange the mentors of two pairs, whose scores and reasons are worked out anew. Rules hold."""
        mine, theirs = await self._to_swap(other_id, by)
        wanted = [(str(mine.mentee_id), str(theirs.mentor_id)), (str(theirs.mentee_id), str(mine.mentor_id))]
        frozen = await MatchingInput.of(mine.matching_id)
        _must_be_allowed(frozen, wanted, {*await _forbidden_in(mine.matching_id)})
        # All people of the run are looked through for it: others are served meanwhile, and so it is before the unit.
        return await self._swapped(other_id, await asyncio.to_thread(told_pairs, frozen, wanted), by)

    @transaction
    async def _to_swap(self, other_id: UUID, by: "Account") -> tuple[Self, Self]:
        mine = await self._editable(by)
        theirs = await type(self).get_or_none(id=other_id, matching_id=mine.matching_id)
        if theirs is None or theirs.id == mine.id:
            raise not_found("other pair of this draft", "withPairId")
        if mine.fixed or theirs.fixed:
            raise Refused(RefusalCode.WRONG_STATE, "A locked pair is not parted; unlock it first.", "pairId")
        return mine, theirs

    @transaction
    async def _swapped(self, other_id: UUID, told_of: list[dict[str, Any]], by: "Account") -> tuple[Self, Self]:
        mine, theirs = await self._to_swap(other_id, by)
        if [UUID(told["mentor"]) for told in told_of] != [theirs.mentor_id, mine.mentor_id]:
            raise Refused(RefusalCode.WRONG_STATE, "One of them has another mentor by now; look again.", "withPairId")
        await _must_be_allowed_now(mine, theirs)
        for pair, told in zip((mine, theirs), told_of, strict=True):
            pair.mentor_id = UUID(told["mentor"])
            pair.score = round(told["score"] * MILLION)
            pair.components, pair.reasons = told["components"], told["reasons"]
            await pair.store("mentor_id", "score", "components", "reasons")
        return mine, theirs

    async def _editable(self, by: "Account") -> Self:
        draft = await Matching.get(id=self.matching_id)
        await draft.editable(by)
        pair = await type(self).get_or_none(id=self.id)
        if pair is None:
            raise not_found("pair", "pairId")
        return pair


class ForbiddenPair(Base):
    """Two people whom an organiser has parted in a draft."""

    visible_through = "matching"

    matching: fields.ForeignKeyRelation[Matching] = fields.ForeignKeyField(
        "models.Matching", related_name="forbidden_pairs", on_delete=fields.CASCADE, db_index=True
    )
    matching_id: UUID
    mentee_id = fields.UUIDField()
    mentor_id = fields.UUIDField()

    class Meta:
        table = "forbidden_pair"


class LeftOverSide(StrEnum):
    """As what somebody is left over: without a mentor, or without any mentee."""

    MENTEE = "MENTEE"
    MENTOR = "MENTOR"


class LeftOver(Base):
    """Somebody whom a draft brings together with nobody, and why."""

    visible_through = "matching"

    matching: fields.ForeignKeyRelation[Matching] = fields.ForeignKeyField(
        "models.Matching", related_name="left_over", on_delete=fields.CASCADE
    )
    matching_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    side = fields.CharEnumField(LeftOverSide, max_length=8)
    # What the solver says: the mentors there might be, those that each rule excludes, and the shortage.
    reason: dict[str, Any] = fields.JSONField()

    class Meta:
        table = "left_over"
        indexes = (Index(fields=("matching_id", "created_at", "id")),)


async def keep(matching: Matching, result: dict[str, Any]) -> None:
    """Store the pairs of a result, and who is left over. Within the unit that makes a draft of the run."""
    frozen = await MatchingInput.of(matching.id)
    under_way, locked = ({(mentee, mentor) for mentee, mentor in frozen[name]} for name in ("under_way", "locked"))
    # Who has left since the run began, or whose account is gone, is in no draft.
    there = set(await Participation.filter(programme_id=matching.programme_id).values_list("profile_id", flat=True))
    former = await _forbidden_before(matching, frozen)
    # Some were parted only when the run had begun.
    parted = former - under_way
    pairs = [(pair, (pair["mentee"], pair["mentor"])) for pair in result["pairs"]]
    # Some at a time: others are served in between.
    for start in range(0, len(pairs), AT_ONCE):
        some = [(pair, both) for pair, both in pairs[start : start + AT_ONCE] if both not in parted]
        rows = [_pair(matching, pair, both in locked, both in under_way) for pair, both in some]
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
        return never.intersection(await _forbidden_in(matching.replays_id))
    return set() if matching.follows_id is None else {*await _forbidden_in(matching.follows_id)}


async def _forbidden_in(draft_id: UUID) -> list[Pair]:
    found = await ForbiddenPair.filter(matching_id=draft_id).values_list("mentee_id", "mentor_id")
    return [(str(mentee), str(mentor)) for mentee, mentor in found]


def _pair(matching: Matching, told: dict[str, Any], fixed: bool, under_way: bool) -> MatchedPair:
    return MatchedPair(
        matching_id=matching.id,
        mentee_id=UUID(told["mentee"]),
        mentor_id=UUID(told["mentor"]),
        score=round(told["score"] * MILLION),
        components=told["components"],
        reasons=told["reasons"],
        fixed=fixed,
        under_way=under_way,
    )


async def ties_of(draft: Matching) -> Ties:
    """What a draft hands on to the one that follows it."""
    pairs = await MatchedPair.filter(matching_id=draft.id).values_list("mentee_id", "mentor_id", "fixed")
    return Ties(
        locked=[(str(mentee), str(mentor)) for mentee, mentor, fixed in pairs if fixed],
        forbidden=await _forbidden_in(draft.id),
        previous=[(str(mentee), str(mentor)) for mentee, mentor, _ in pairs],
    )


def _must_be_allowed(frozen: Frozen, pairs: Collection[tuple[str, str]], forbidden: set[tuple[str, str]]) -> None:
    never = {(mentee, mentor) for mentee, mentor in frozen["never"]} | forbidden
    for mentee, mentor in pairs:
        if mentee == mentor:
            raise invalid("Nobody is their own mentor.", "withPairId")
        if (mentee, mentor) in never:
            raise Refused(RefusalCode.NOT_ALLOWED, NEVER, "withPairId")
        if broken := excluding(rules_of(frozen["rules"]), mentee, mentor):
            raise Refused(RefusalCode.NOT_ALLOWED, f"The rule “{broken[0]}” forbids it.", "withPairId")


async def _must_be_allowed_now(mine: MatchedPair, theirs: MatchedPair) -> None:
    """The same, by what has been said and done since the draft was made."""
    rules = PairRule.filter(programme_id=(await Matching.get(id=mine.matching_id)).programme_id)
    for pair, other in ((mine, theirs), (theirs, mine)):
        of_mentee = rules.filter(mentee_id=pair.mentee_id)
        if await of_mentee.filter(mentor_id=pair.mentor_id, kind=PairRuleKind.MUST).exists():
            message = "Two of them must be paired, as a rule of the programme says; take it away first."
            raise Refused(RefusalCode.NOT_ALLOWED, message, "withPairId")
        if await of_mentee.filter(mentor_id=other.mentor_id, kind=PairRuleKind.NEVER).exists():
            raise Refused(RefusalCode.NOT_ALLOWED, NEVER, "withPairId")
        # A block is not told from a rule.
        await must_be_none_between(pair.mentee_id, other.mentor_id, NEVER, "withPairId")
