"""Pair rules: two people of a programme who must be paired, or never."""

from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models.base import Base
from models.database import transaction
from models.organisation.membership import Deed
from models.organisation.participation import Participation
from models.organisation.programme import Programme
from models.refusal import RefusalCode, Refused, invalid, not_found

if TYPE_CHECKING:
    from models.account import Account
    from models.profile import Profile

MOST_RULES = 20_000


class PairRuleKind(StrEnum):
    """Whether two people must be paired, or may never be."""

    MUST = "MUST"
    NEVER = "NEVER"


class PairRule(Base):
    """What the organisers say of two people, in these roles. Its people do not see it."""

    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name="pair_rules", on_delete=fields.CASCADE
    )
    programme_id: UUID
    mentee: fields.ForeignKeyRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    mentee_id: UUID
    mentor: fields.ForeignKeyRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    mentor_id: UUID
    kind = fields.CharEnumField(PairRuleKind, max_length=16)

    class Meta:
        table = "pair_rule"
        unique_together = (("programme", "mentee", "mentor"),)
        indexes = (Index(fields=("programme_id", "created_at", "id")),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(programme_id__in=Subquery(Programme.allowing(Deed.LOOK_ON, viewer).values("id")))

    @classmethod
    @transaction
    async def put(
        cls, programme: Programme, mentee_id: UUID, mentor_id: UUID, kind: PairRuleKind | None, *, by: "Account"
    ) -> Self | None:
        """Say it of these two, in the place of what was said before; with None, that nothing is said of them."""
        if mentee_id == mentor_id:
            raise invalid("Name two people.", "mentorId")
        await programme.held_for(Deed.ORGANISE, by)
        for person, field in ((mentee_id, "menteeId"), (mentor_id, "mentorId")):
            # What was said of somebody who has left can be taken away.
            if kind is not None and not await Participation.exists(programme_id=programme.id, profile_id=person):
                raise not_found("participant of this programme", field)
        there = await cls.get_or_none(programme_id=programme.id, mentee_id=mentee_id, mentor_id=mentor_id)
        if kind is None:
            if there is not None:
                await there.delete()
            return None
        if kind is PairRuleKind.MUST:
            others = cls.filter(programme_id=programme.id, mentee_id=mentee_id, kind=PairRuleKind.MUST)
            if await others.exclude(mentor_id=mentor_id).exists():
                message = "This mentee must be paired with somebody else already; take that rule away first."
                raise Refused(RefusalCode.WRONG_STATE, message, "menteeId")
        if there is None and await cls.filter(programme_id=programme.id).count() >= MOST_RULES:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A programme has at most {MOST_RULES:,} pair rules.")
        if there is None:
            return await cls.create(programme_id=programme.id, mentee_id=mentee_id, mentor_id=mentor_id, kind=kind)
        there.kind = kind
        await there.store("kind")
        return there
