"""Organisations and their programmes: who runs mentoring for whom, and when."""

from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from models.base import Base
from models.database import transaction

if TYPE_CHECKING:
    from models.account import Account
    from models.profile import Profile


class ContactRule(StrEnum):
    """Who may write to whom without a mentorship: nobody, people of one programme, or everyone."""

    OFF = "OFF"
    SAME_PROGRAMME = "SAME_PROGRAMME"
    EVERYONE = "EVERYONE"


class Organisation(Base):
    """Who runs mentoring. `contact` holds for all its people, whatever they allow themselves."""

    name = fields.CharField(max_length=120)
    contact = fields.CharEnumField(
        ContactRule, max_length=16, default=ContactRule.EVERYONE, db_default=ContactRule.EVERYONE
    )

    class Meta:
        table = "organisation"

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(id__in=Subquery(Programme.visible_to(viewer).values("organisation_id")))


class Programme(Base):
    """A run of mentoring with a start and an end."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "models.Organisation", related_name="programmes", on_delete=fields.CASCADE, db_index=True
    )
    organisation_id: UUID
    name = fields.CharField(max_length=120)
    purpose = fields.TextField(default="")
    starts_on = fields.DateField()
    ends_on = fields.DateField()
    # Days to answer a request in, 1 to 60; null for as many as everybody has (`request.REPLY_WITHIN`).
    reply_days = fields.SmallIntField(null=True)

    class Meta:
        table = "programme"

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        mine = Participation.filter(profile_id=viewer.id)
        return cls.filter(id__in=Subquery(mine.values("programme_id")))

    @transaction
    async def enrol(self, profile: "Profile") -> "Participation":
        """The person takes part; once, however often it is said."""
        participation, _ = await Participation.get_or_create(programme_id=self.id, profile_id=profile.id)
        return participation


class Participation(Base):
    """A person takes part in a programme."""

    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name="participations", on_delete=fields.CASCADE
    )
    programme_id: UUID
    profile: fields.ForeignKeyRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name="participations", on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID

    class Meta:
        table = "participation"
        unique_together = (("programme", "profile"),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(profile_id=viewer.id)
