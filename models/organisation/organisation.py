"""Organisations: who runs mentoring for whom."""

from collections.abc import Collection
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from models import clock
from models.base import Base
from models.database import transaction
from models.refusal import RefusalCode, Refused, not_found
from models.text import line

if TYPE_CHECKING:
    from models.account import Account
    from models.organisation.membership import Deed, Membership, OrganisationRole

# How many organisations one person may found.
MOST_FOUNDED = 20


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
        from models.organisation.membership import Membership

        return cls.filter(id__in=Subquery(Membership.own(viewer).values("organisation_id")))

    @classmethod
    @transaction
    async def found(cls, name: str, *, by: "Account", client_id: str | None = None) -> Self:
        """A new organisation, which `by` owns."""
        from models.organisation.founding import Founding
        from models.organisation.membership import Membership, OrganisationRole
        from models.profile import Profile

        name = line(name, "name")
        await Profile.locked(by.id)
        if first := await Founding.made_before(by, client_id, name=name):
            return await cls.seen_by(by, first.organisation_id, "clientId")
        if await Founding.filter(author_id=by.id, programme_id=None).count() >= MOST_FOUNDED:
            raise Refused(RefusalCode.LIMIT_REACHED, f"You have founded {MOST_FOUNDED} organisations; no more, please.")
        organisation = await cls.create(name=name)
        await Founding.make(by, client_id, {"name": name}, organisation_id=organisation.id)
        await Membership.create(
            organisation_id=organisation.id, profile_id=by.id, role=OrganisationRole.OWNER, joined_at=clock.now()
        )
        return organisation

    @transaction
    async def change(self, *, by: "Account", name: str | None = None, contact: ContactRule | None = None) -> Self:
        """Set what is given; the rest stays. An owner may."""
        from models.organisation.membership import Deed

        organisation = await self.held_for(Deed.GOVERN, by)
        if name is not None:
            organisation.name = line(name, "name")
        if contact is not None:
            organisation.contact = contact
        await organisation.store("name", "contact")
        return organisation

    async def invite(
        self, *, by: "Account", profile_ids: Collection[UUID], emails: Collection[str], role: "OrganisationRole"
    ) -> "list[Membership]":
        """Ask people in, by profile or by e-mail address; whoever is asked or in already stays as they are."""
        from models.organisation.invitation import invite

        return await invite(self, by=by, profile_ids=profile_ids, emails=emails, role=role)

    async def held_for(self, deed: "Deed", by: "Account") -> Self:
        """The row, locked; raises `Refused` unless the role of `by` allows the deed."""
        from models.organisation.membership import Membership

        organisation = await type(self).select_for_update(no_key=True).get_or_none(id=self.id)
        if organisation is None:
            raise not_found("organisation", "organisationId")
        await Membership.must_allow(deed, self.id, by)
        return organisation
