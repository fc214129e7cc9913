"""Drafts: the pairs of a run with their scores and reasons, who is left over and why, and what organisers change."""

import asyncio
from collections.abc import Collection
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from matching.programme.frozen import Frozen, rules_of, told_pairs
from matching.rules import excluding
from models.base import Base
from models.block import must_be_none_between
from models.database import transaction
from models.matching.input import MatchingInput
from models.matching.matching import Matching
from models.matching.population import Pair, Ties
from models.mentorship import Mentorship
from models.organisation import PairRule, PairRuleKind
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.request import MentorshipRequest, RequestStatus

if TYPE_CHECKING:
    from models.account import Account

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
    # It stays when the draft is followed by another; and it is neither swapped nor forbidden.
    fixed = fields.BooleanField(default=False)
    # They had a mentorship of this programme before: there is nothing to publish.
    under_way = fields.BooleanField(default=False)
    # What publishing came to: one of these three, once. A request that an earlier draft has made is there before.
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

    @classmethod
    def asked_in(cls, programme_id: UUID) -> QuerySet[MentorshipRequest]:
        """The requests that drafts have made in a programme and that wait for an answer."""
        made = cls.filter(matching__programme_id=programme_id, request_id__isnull=False).values("request_id")
        waiting = MentorshipRequest.filter(programme_id=programme_id, status=RequestStatus.PENDING)
        return waiting.filter(id__in=Subquery(made))

    @transaction
    async def lock(self, locked: bool, *, by: "Account") -> Self:
        """Let the pair stay whatever follows, or no more."""
        pair = await self._editable(by)
        if pair.under_way and not locked:
            raise Refused(RefusalCode.WRONG_STATE, "These two have a mentorship already.", "pairId")
        if not locked and await MentorshipRequest.exists(id=pair.request_id, status=RequestStatus.PENDING):
            message = "An earlier draft has asked for these two, who wait for an answer."
            raise Refused(RefusalCode.WRONG_STATE, message, "pairId")
        pair.fixed = locked
        await pair.store("fixed")
        return pair

    @transaction
    async def forbid(self, *, by: "Account") -> None:
        """Take the pair out of the draft; no draft that follows has it. Whoever has nobody now is left over."""
        pair = await self._editable(by)
        if pair.fixed:
            raise Refused(RefusalCode.WRONG_STATE, "This pair is locked; unlock it first.", "pairId")
        await ForbiddenPair.create(matching_id=pair.matching_id, mentee_id=pair.mentee_id, mentor_id=pair.mentor_id)
        await pair.delete()
        left = {LeftOverSide.MENTEE: pair.mentee_id}
        if not await type(self).exists(matching_id=pair.matching_id, mentor_id=pair.mentor_id):
            left[LeftOverSide.MENTOR] = pair.mentor_id
        for side, key in left.items():
            await LeftOver.create(matching_id=pair.matching_id, profile_id=key, side=side, reason=PARTED)

    async def swap(self, other_id: UUID, *, by: "Account") -> tuple[Self, Self]:
        """Exchange the mentors of two pairs, whose scores and reasons are worked out anew. Rules hold."""
        mine, theirs = await self._to_swap(other_id, by)
        wanted = [(str(mine.mentee_id), str(theirs.mentor_id)), (str(theirs.mentee_id), str(mine.mentor_id))]
        frozen = await MatchingInput.of(mine.matching_id)
        _must_be_allowed(frozen, wanted, {*await forbidden_in(mine.matching_id)})
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
            pair.mentor_id, pair.request_id = UUID(told["mentor"]), None
            pair.score = round(told["score"] * MILLION)
            pair.components, pair.reasons = told["components"], told["reasons"]
            await pair.store("mentor_id", "request_id", "score", "components", "reasons")
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


async def forbidden_in(draft_id: UUID) -> list[Pair]:
    """The pairs that organisers have parted in a draft."""
    found = await ForbiddenPair.filter(matching_id=draft_id).values_list("mentee_id", "mentor_id")
    return [(str(mentee), str(mentor)) for mentee, mentor in found]


async def ties_of(draft: Matching) -> Ties:
    """What a draft hands on to the one that follows it. Of what became of its pairs, the programme knows."""
    pairs = MatchedPair.filter(matching_id=draft.id)
    locked = pairs.filter(fixed=True, under_way=False, request_id__isnull=True, mentorship_id__isnull=True)
    return Ties(
        locked=await _people_of(locked),
        forbidden=await forbidden_in(draft.id),
        previous=await _people_of(pairs),
    )


async def _people_of(pairs: QuerySet[MatchedPair]) -> list[Pair]:
    found = await pairs.order_by("-score", "id").values_list("mentee_id", "mentor_id")
    return [(str(mentee), str(mentor)) for mentee, mentor in found]


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
