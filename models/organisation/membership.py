"""Memberships: who belongs to an organisation, and what their role lets them do in it.

Nobody is made a member by others: they are invited, and are in once they accept. Until then an organisation can do
nothing with them, and its rules do not hold for them.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models import clock
from models.base import Base
from models.database import transaction
from models.organisation.organisation import Organisation
from models.refusal import RefusalCode, Refused, not_found

if TYPE_CHECKING:
    from models.account import Account
    from models.profile import Profile

LONGEST_EMAIL = 254


class OrganisationRole(StrEnum):
    """What a member is there for: who owns it, who runs its programmes, who looks on, who takes part."""

    OWNER = "OWNER"
    ORGANISER = "ORGANISER"
    OBSERVER = "OBSERVER"
    PARTICIPANT = "PARTICIPANT"


class Deed(StrEnum):
    """What can be done in an organisation, beyond taking part."""

    # See all participants of its programmes, and the drafts of their pairs. Never what anybody writes to another.
    LOOK_ON = "LOOK_ON"
    # Set programmes up, enrol people, match and publish.
    ORGANISE = "ORGANISE"
    # Ask participants in, and put them out.
    INVITE = "INVITE"
    # Give and take the other roles, and change the organisation itself.
    GOVERN = "GOVERN"


# Who may do what: the one place where it is said.
PERMISSIONS: dict[OrganisationRole, frozenset[Deed]] = {
    OrganisationRole.OWNER: frozenset(Deed),
    OrganisationRole.ORGANISER: frozenset({Deed.LOOK_ON, Deed.ORGANISE, Deed.INVITE}),
    OrganisationRole.OBSERVER: frozenset({Deed.LOOK_ON}),
    OrganisationRole.PARTICIPANT: frozenset(),
}


class Membership(Base):
    """Somebody belongs to an organisation, or is invited to: by profile, or by an e-mail address that may be nobody's.

    The inviters are not told whether the address has an account.
    """

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "models.Organisation", related_name="memberships", on_delete=fields.CASCADE
    )
    organisation_id: UUID
    profile: fields.ForeignKeyNullableRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name="memberships", null=True, on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID | None
    email = fields.CharField(max_length=LONGEST_EMAIL, null=True, db_index=True)
    role = fields.CharEnumField(OrganisationRole, max_length=16)
    joined_at = fields.DatetimeField(null=True)
    # Null of those that came about before it was asked.
    invited_by: fields.ForeignKeyNullableRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    invited_by_id: UUID | None

    class Meta:
        table = "membership"
        unique_together = (("organisation", "profile"), ("organisation", "email"))
        indexes = (Index(fields=("organisation_id", "created_at", "id")),)

    @classmethod
    def own(cls, viewer: "Account") -> QuerySet[Self]:
        """The viewer's own, and the invitations to them; but of nobody with whom nothing passes."""
        from models.account import Account
        from models.block import Block

        mail = Account.filter(id=viewer.id).values("email")
        blocked = Block.filter(blocker_id=viewer.id).values("blocked_id")
        blockers = Block.filter(blocked_id=viewer.id).values("blocker_id")
        passes = Q(invited_by_id__not_in=Subquery(blocked)) & Q(invited_by_id__not_in=Subquery(blockers))
        shown = Q(joined_at__isnull=False) | Q(invited_by_id__isnull=True) | passes
        return cls.filter(shown & (Q(profile_id=viewer.id) | Q(email__in=Subquery(mail))))

    @classmethod
    def allowing(cls, deed: Deed, viewer: "Account") -> QuerySet[Self]:
        """The memberships by which the viewer may do this."""
        roles = [role for role, deeds in PERMISSIONS.items() if deed in deeds]
        return cls.filter(profile_id=viewer.id, joined_at__isnull=False, role__in=roles)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        looking_on = cls.allowing(Deed.LOOK_ON, viewer).values("organisation_id")
        return cls.filter(
            Q(id__in=Subquery(cls.own(viewer).values("id"))) | Q(organisation_id__in=Subquery(looking_on))
        )

    @classmethod
    async def must_allow(cls, deed: Deed, organisation_id: UUID, by: "Account") -> OrganisationRole:
        """The role of `by`, which allows the deed. Raises `Refused` otherwise."""
        member = await cls.get_or_none(organisation_id=organisation_id, profile_id=by.id, joined_at__isnull=False)
        if member is None or deed not in PERMISSIONS[member.role]:
            raise Refused(RefusalCode.NOT_ALLOWED, "Your role in this organisation does not allow it.")
        return member.role

    @transaction
    async def accept(self, *, by: "Account") -> Self:
        """Whoever is invited comes in. Of two invitations the greater role holds."""
        from models.conversation import Notification

        # Its lock orders all that changes who is in.
        await Organisation.locked(self.organisation_id)
        mine = await type(self).own(by).filter(organisation_id=self.organisation_id).order_by("created_at", "id")
        if self.id not in {one.id for one in mine}:
            raise not_found("invitation", "membershipId")
        kept = next((one for one in mine if one.profile_id == by.id), mine[0])
        if kept.joined_at is None:
            kept.role = min((one.role for one in mine), key=list(OrganisationRole).index)
        await Notification.read_invitation([one.id for one in mine], by)
        await type(self).filter(id__in=[one.id for one in mine if one is not kept]).delete()
        kept.profile_id, kept.email = by.id, None
        kept.joined_at = kept.joined_at or clock.now()
        await kept.store("profile_id", "email", "role", "joined_at")
        return kept

    @transaction
    async def give(self, role: OrganisationRole, *, by: "Account") -> Self:
        """Give the member another role, once it is known who it is. One owner stays."""
        member = await self._held(Deed.GOVERN, by)
        if member.role is not role:
            if member.profile_id is None:
                raise Refused(RefusalCode.WRONG_STATE, "Give the role once they have accepted.", "membershipId")
            await member._must_leave_an_owner()
            member.role = role
            await member.store("role")
        return member

    @transaction
    async def end(self, *, by: "Account") -> None:
        """Put somebody out with all their participations, take an invitation back, or leave. Mentorships stay."""
        from models.organisation.participation import Participation
        from models.organisation.programme import Programme

        mine = self.id in [one.id for one in await type(self).own(by).filter(organisation_id=self.organisation_id)]
        if mine:
            await Organisation.locked(self.organisation_id)
            member = await self._again()
        else:
            deed = Deed.INVITE if self.role is OrganisationRole.PARTICIPANT else Deed.GOVERN
            member = await self._held(deed, by)
            if member.role is not self.role:
                raise Refused(RefusalCode.WRONG_STATE, "This member's role has just been changed; look again.")
        await member._must_leave_an_owner()
        if member.profile_id is not None:
            programmes = await Programme.filter(organisation_id=member.organisation_id).only("id")
            await Participation.end_all(member.profile_id, [one.id for one in programmes])
        await member.delete()

    async def _held(self, deed: Deed, by: "Account") -> Self:
        organisation = await Organisation.get(id=self.organisation_id)
        await organisation.held_for(deed, by)
        return await self._again()

    async def _again(self) -> Self:
        member = await type(self).get_or_none(id=self.id)
        if member is None:
            raise not_found("membership", "membershipId")
        return member

    async def _must_leave_an_owner(self) -> None:
        if self.role is not OrganisationRole.OWNER or self.joined_at is None:
            return
        owners = type(self).filter(organisation_id=self.organisation_id, role=OrganisationRole.OWNER)
        if not await owners.filter(joined_at__isnull=False).exclude(id=self.id).exists():
            message = "An organisation keeps an owner: make somebody else one first."
            raise Refused(RefusalCode.WRONG_STATE, message, "membershipId")
