"""Changes of organisations and of who belongs to them."""

import strawberry

import models.organisation
import models.profile
from models.organisation import ContactRule, OrganisationRole
from schema.context import Info, viewer
from schema.node import as_node, find, global_id, id_of
from schema.organisation.organisation import Membership, Organisation
from schema.refusal import mutation


@strawberry.input
class CreateOrganisationInput:
    """A new organisation, which you own."""

    name: str
    client_id: strawberry.ID | None = None


@strawberry.input
class UpdateOrganisationInput:
    """What is left out stays as it is."""

    organisation_id: strawberry.ID
    name: str | None = None
    contact: ContactRule | None = None


@strawberry.input
class InviteMembersInput:
    """Whom to invite to an organisation, and as what."""

    organisation_id: strawberry.ID
    profile_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    emails: list[str] = strawberry.field(default_factory=list)
    role: OrganisationRole = OrganisationRole.PARTICIPANT


@strawberry.input
class AcceptInvitationInput:
    """The invitation that you accept."""

    membership_id: strawberry.ID


@strawberry.input
class SetMemberRoleInput:
    """What a member is there for, from now on."""

    membership_id: strawberry.ID
    role: OrganisationRole


@strawberry.input
class EndMembershipInput:
    """The membership that ends: somebody's, an invitation, or your own."""

    membership_id: strawberry.ID


@strawberry.type
class CreateOrganisationPayload:
    """The organisation, founded."""

    organisation: Organisation


@strawberry.type
class UpdateOrganisationPayload:
    """The organisation as it is now."""

    organisation: Organisation


@strawberry.type
class InviteMembersPayload:
    """The memberships and invitations of all whom the input names."""

    memberships: list[Membership]


@strawberry.type
class AcceptInvitationPayload:
    """You are in."""

    membership: Membership


@strawberry.type
class SetMemberRolePayload:
    """The member in the new role."""

    membership: Membership


@strawberry.type
class EndMembershipPayload:
    """What has ended."""

    membership_id: strawberry.ID


@strawberry.type
class OrganisationMutation:
    """Changes of organisations."""

    @mutation("Found an organisation, and own it.")
    async def create_organisation(self, info: Info, input: CreateOrganisationInput) -> CreateOrganisationPayload:
        """Found an organisation."""
        made = await models.organisation.Organisation.found(input.name, by=viewer(info), client_id=input.client_id)
        return CreateOrganisationPayload(organisation=as_node(made))

    @mutation("Change an organisation. Its owners may.")
    async def update_organisation(self, info: Info, input: UpdateOrganisationInput) -> UpdateOrganisationPayload:
        """Change an organisation."""
        found = await find(models.organisation.Organisation, input.organisation_id, "organisationId", info)
        changed = await found.change(by=viewer(info), name=input.name, contact=input.contact)
        return UpdateOrganisationPayload(organisation=as_node(changed))

    @mutation(
        "Invite up to 500 people, by profile or e-mail address. They belong to the organisation once they accept. "
        "Organisers invite participants, owners anybody."
    )
    async def invite_members(self, info: Info, input: InviteMembersInput) -> InviteMembersPayload:
        """Invite people."""
        found = await find(models.organisation.Organisation, input.organisation_id, "organisationId", info)
        people = [id_of(models.profile.Profile, one, "profileIds") for one in input.profile_ids]
        invited = await found.invite(by=viewer(info), profile_ids=people, emails=input.emails, role=input.role)
        return InviteMembersPayload(memberships=[as_node(one) for one in invited])

    @mutation("Accept an invitation: from now on you belong to the organisation.")
    async def accept_invitation(self, info: Info, input: AcceptInvitationInput) -> AcceptInvitationPayload:
        """Come in."""
        found = await find(models.organisation.Membership, input.membership_id, "membershipId", info)
        return AcceptInvitationPayload(membership=as_node(await found.accept(by=viewer(info))))

    @mutation("Give a member another role. Owners may, and one owner stays.")
    async def set_member_role(self, info: Info, input: SetMemberRoleInput) -> SetMemberRolePayload:
        """Give somebody a role."""
        found = await find(models.organisation.Membership, input.membership_id, "membershipId", info)
        return SetMemberRolePayload(membership=as_node(await found.give(input.role, by=viewer(info))))

    @mutation(
        "Leave an organisation, decline its invitation, or put somebody out, with all that they take part in there. "
        "Mentorships stay."
    )
    async def end_membership(self, info: Info, input: EndMembershipInput) -> EndMembershipPayload:
        """End a membership."""
        found = await find(models.organisation.Membership, input.membership_id, "membershipId", info)
        await found.end(by=viewer(info))
        return EndMembershipPayload(membership_id=global_id(found))
