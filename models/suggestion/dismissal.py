"""Dismissals: suggestions that somebody does not want to see again, until they take it back."""

from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet

from matching.fit import Side
from models.base import Base
from models.database import transaction
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid

if TYPE_CHECKING:
    from models.account import Account

MOST_DISMISSED = 1_000


class MatchRole(StrEnum):
    """As what somebody looks for others: as a mentee for mentors, or as a mentor for mentees."""

    MENTEE = "MENTEE"
    MENTOR = "MENTOR"

    @property
    def side(self) -> Side:
        """The same in the words of matching."""
        return Side.MENTEE if self is MatchRole.MENTEE else Side.MENTOR


class Dismissal(Base):
    """Its owner does not want somebody suggested to them in this role. The other is not told."""

    owner: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name="dismissals", on_delete=fields.CASCADE
    )
    owner_id: UUID
    profile: fields.ForeignKeyRelation[Profile] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    role = fields.CharEnumField(MatchRole, max_length=16)

    class Meta:
        table = "dismissal"
        unique_together = (("owner", "role", "profile"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(owner_id=viewer.id)

    @classmethod
    @transaction
    async def put(cls, profile_id: UUID, role: MatchRole, *, by: "Account") -> Self:
        """Suggest them no more; once, however often it is said."""
        if profile_id == by.id:
            raise invalid("You are never suggested to yourself.", "profileId")
        await Profile.seen_by(by, profile_id, "profileId")
        # Whoever dismisses several at once is counted one after the other.
        await Profile.locked(by.id)
        if there := await cls.get_or_none(owner_id=by.id, role=role, profile_id=profile_id):
            return there
        if await cls.filter(owner_id=by.id).count() >= MOST_DISMISSED:
            most = f"At most {MOST_DISMISSED:,} suggestions can be dismissed; restore some first."
            raise Refused(RefusalCode.LIMIT_REACHED, most, "profileId")
        return await cls.create(owner_id=by.id, role=role, profile_id=profile_id)

    @classmethod
    @transaction
    async def lift(cls, profile_id: UUID, role: MatchRole, *, by: "Account") -> None:
        """Suggest them again, where they suit."""
        await cls.filter(owner_id=by.id, role=role, profile_id=profile_id).delete()
