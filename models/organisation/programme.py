"""Programmes and their intakes: a run of mentoring with a start and an end, and by which rules people are paired."""

import math
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models.base import Authored, Base
from models.database import transaction
from models.organisation.membership import Deed, Membership
from models.organisation.organisation import Organisation
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.text import line, prose

if TYPE_CHECKING:
    from models.account import Account

MOST_COHORTS = 50
MOST_PROGRAMMES = 1_000

# Beyond this weight nothing but the number of people counts.
MOST_PARTICIPATION_WEIGHT = 1_000.0


class ProgrammeMode(StrEnum):
    """Who makes the pairs: the people themselves, the organisers, or both."""

    SELF = "SELF"
    ORGANISER = "ORGANISER"
    HYBRID = "HYBRID"


class PublishAs(StrEnum):
    """What a published draft makes of a pair: a request that its mentor answers, or a mentorship at once."""

    REQUESTS = "REQUESTS"
    MENTORSHIPS = "MENTORSHIPS"


class Programme(Base):
    """A run of mentoring with a start and an end.

    A pair breaks a rule only where both have said what it is about: who has named no team is in nobody's.
    """

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "models.Organisation", related_name="programmes", on_delete=fields.CASCADE, db_index=True
    )
    organisation_id: UUID
    name = fields.CharField(max_length=120)
    purpose = fields.TextField(default="")
    starts_on = fields.DateField()
    ends_on = fields.DateField()
    mode = fields.CharEnumField(
        ProgrammeMode, max_length=16, default=ProgrammeMode.HYBRID, db_default=ProgrammeMode.HYBRID
    )
    publish_as = fields.CharEnumField(
        PublishAs, max_length=16, default=PublishAs.REQUESTS, db_default=PublishAs.REQUESTS
    )
    # Days to answer a request in, 1 to 60; null for as many as everybody has (`request.REPLY_WITHIN`).
    reply_days = fields.SmallIntField(null=True)
    # The hard rules.
    different_team = fields.BooleanField(default=False, db_default=False)
    no_line_manager = fields.BooleanField(default=False, db_default=False)
    shared_language = fields.BooleanField(default=False, db_default=False)
    same_site = fields.BooleanField(default=False, db_default=False)
    # What a further pair is worth, beside its score of 0 to 1: at 0 nobody is paired for the sake of it.
    participation_weight = fields.FloatField(default=1.0, db_default=1.0)
    # How much each component of a score counts, by its name; null: as for suggestions.
    weights: dict[str, float] | None = fields.JSONField(null=True)

    class Meta:
        table = "programme"

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        mine = Membership.filter(profile_id=viewer.id, joined_at__isnull=False)
        return cls.filter(organisation_id__in=Subquery(mine.values("organisation_id")))

    @classmethod
    def allowing(cls, deed: Deed, viewer: "Account") -> QuerySet[Self]:
        """The programmes in which the viewer may do this."""
        return cls.filter(organisation_id__in=Subquery(Membership.allowing(deed, viewer).values("organisation_id")))

    @classmethod
    @transaction
    async def set_up(
        cls, organisation: Organisation, *, by: "Account", client_id: str | None = None, **settings: Any
    ) -> Self:
        """A new programme of the organisation. An owner or an organiser may."""
        from models.organisation.founding import Founding

        content = {"organisation_id": organisation.id, **settings}
        held = await organisation.held_for(Deed.ORGANISE, by)
        if first := await Founding.made_before(by, client_id, **content):
            return await cls.get(id=first.programme_id)
        if await cls.filter(organisation_id=held.id).count() >= MOST_PROGRAMMES:
            raise Refused(RefusalCode.LIMIT_REACHED, f"An organisation has at most {MOST_PROGRAMMES:,} programmes.")
        programme = cls(organisation_id=held.id)
        programme._take(settings)
        await programme.save(force_create=True)
        await Founding.make(by, client_id, content, organisation_id=held.id, programme_id=programme.id)
        return programme

    @transaction
    async def change(self, *, by: "Account", **settings: Any) -> Self:
        """Set what is given; the rest stays. Drafts keep the settings that they were made with."""
        programme = await self.held_for(Deed.ORGANISE, by)
        programme._take(settings)
        await programme.store(*SETTINGS)
        return programme

    async def held_for(self, deed: Deed, by: "Account") -> Self:
        """The row, locked; raises `Refused` unless the role of `by` allows the deed."""
        programme = await type(self).select_for_update(no_key=True).get_or_none(id=self.id)
        if programme is None:
            raise not_found("programme", "programmeId")
        await Membership.must_allow(deed, self.organisation_id, by)
        return programme

    def _take(self, settings: dict[str, Any]) -> None:
        self.update_from_dict({name: SETTINGS[name](value) for name, value in settings.items()})
        if self.ends_on < self.starts_on:
            raise invalid("A programme ends after it starts.", "endsOn")


class Cohort(Authored):
    """An intake of a programme."""

    visible_through = "programme"

    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name="cohorts", on_delete=fields.CASCADE
    )
    programme_id: UUID
    name = fields.CharField(max_length=120)
    starts_on = fields.DateField(null=True)
    ends_on = fields.DateField(null=True)

    class Meta:
        table = "cohort"
        unique_together = (("author", "client_id"),)
        indexes = (Index(fields=("programme_id", "created_at", "id")),)

    @classmethod
    @transaction
    async def open(
        cls,
        programme: Programme,
        *,
        by: "Account",
        name: str,
        starts_on: date | None = None,
        ends_on: date | None = None,
        client_id: str | None = None,
    ) -> Self:
        """A further intake."""
        name = line(name, "name")
        days = {"starts_on": starts_on, "ends_on": ends_on}
        content = {"programme_id": programme.id, "name": name, **days}
        await programme.held_for(Deed.ORGANISE, by)
        if first := await cls.made_before(by, client_id, **content):
            return first
        if starts_on and ends_on and ends_on < starts_on:
            raise invalid("A cohort ends after it starts.", "endsOn")
        if await cls.filter(programme_id=programme.id).count() >= MOST_COHORTS:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A programme has at most {MOST_COHORTS} cohorts.")
        return await cls.make(by, client_id, content, programme_id=programme.id, name=name, **days)


def _days(value: int | None) -> int | None:
    if value is not None and not 1 <= value <= 60:
        raise invalid("There are 1 to 60 days to answer in; or none said, for the usual fourteen.", "replyDays")
    return value


def _weight(value: float) -> float:
    # Not a number is in no range.
    if not 0 <= value <= MOST_PARTICIPATION_WEIGHT:
        raise invalid(f"Use a number from 0 to {MOST_PARTICIPATION_WEIGHT:,.0f}.", "participationWeight")
    return value


def _weights(value: dict[str, float] | None) -> dict[str, float] | None:
    if value is None:
        return None
    if not all(math.isfinite(weight) and 0 <= weight <= 1_000 for weight in value.values()):
        raise invalid("Each weight is a number from 0 to 1,000.", "weights")
    if not any(value.values()):
        raise invalid("Give at least one component a weight above 0; or none at all, for the usual ones.", "weights")
    return value


def _as_it_is(value: Any) -> Any:
    return value


# What an organiser sets, and how each is checked.
SETTINGS: dict[str, Any] = {
    "name": lambda value: line(value, "name"),
    "purpose": lambda value: prose(value, "purpose", empty=True),
    "reply_days": _days,
    "participation_weight": _weight,
    "weights": _weights,
} | dict.fromkeys(
    ("starts_on", "ends_on", "mode", "publish_as", "different_team", "no_line_manager", "shared_language", "same_site"),
    _as_it_is,
)
