"""Profiles."""

import strawberry

import models.profile
from models.mentorship import MeetingKind
from models.visibility import Visibility
from schema.context import Info, viewer
from schema.node import Node, as_node, lookup, members, node
from schema.plan.read import METADATA, Expression
from schema.refusal import mutation
from schema.skill import Skill

strawberry.enum(MeetingKind, description="How the two meet.")
strawberry.enum(
    Visibility,
    description="To whom a profile shows. Whoever talks with you or has a request open with you sees it in any case.",
)


@strawberry.type(description="A stretch of a weekday in which a person can meet, in the wall time of their zone.")
class Window:
    """A stretch of a weekday."""

    weekday: int = strawberry.field(description="0 is Monday, 6 is Sunday.")
    start: int = strawberry.field(description="Minutes after midnight.")
    end: int = strawberry.field(description="Minutes after midnight; at most 1440. Before `start`: on the next day.")


@strawberry.input
class WindowInput:
    """A stretch of a weekday."""

    weekday: int
    start: int
    end: int


@node(models.profile.Profile, "How a person shows.")
class Profile(Node):
    """How a person shows."""

    name: str
    headline: str
    experience: str
    years_of_experience: int
    industry: str
    languages: list[str] = strawberry.field(description="BCP 47 tags, such as en or pt-BR.")
    time_zone: str = strawberry.field(description="An IANA name, such as Europe/Lisbon.")
    goals: str = strawberry.field(description="What the person wants to reach.")
    formats: list[MeetingKind] = strawberry.field(description="In which ways they like to meet.")
    seeking: bool = strawberry.field(description="Do they look for a mentor? Then they are among the `mentees`.")
    visibility: Visibility = strawberry.field(description="To whom the profile shows.")
    capacity: int = strawberry.field(description="How many mentees at a time; 0 for somebody who does not mentor.")
    skills_offered: list[Skill] = members("name", "id")
    skills_wanted: list[Skill] = members("name", "id")

    @strawberry.field(description="When the person can meet, week by week.")
    def availability(root: models.profile.Profile) -> list[Window]:
        """The stretches of a week."""
        return [Window(**window) for window in root.availability]

    @strawberry.field(
        description="How many mentees could still be taken.",
        metadata={METADATA: Expression("CASE WHEN {capacity} > {mentees} THEN {capacity} - {mentees} ELSE 0 END")},
    )
    def places_free(root: models.profile.Profile) -> int:
        """What is left of the capacity."""
        return max(0, root.capacity - root.mentees)


@strawberry.input
class UpdateProfileInput:
    """What is left out stays as it is."""

    name: str | None = strawberry.UNSET
    headline: str | None = strawberry.UNSET
    experience: str | None = strawberry.UNSET
    years_of_experience: int | None = strawberry.UNSET
    industry: str | None = strawberry.UNSET
    languages: list[str] | None = strawberry.UNSET
    time_zone: str | None = strawberry.UNSET
    availability: list[WindowInput] | None = strawberry.UNSET
    capacity: int | None = strawberry.UNSET
    goals: str | None = strawberry.UNSET
    formats: list[MeetingKind] | None = strawberry.UNSET
    seeking: bool | None = strawberry.UNSET
    visibility: Visibility | None = strawberry.UNSET
    skills_offered: list[str] | None = strawberry.UNSET
    skills_wanted: list[str] | None = strawberry.UNSET


@strawberry.type
class UpdateProfilePayload:
    """The profile as it is now."""

    profile: Profile


@strawberry.type
class ProfileQuery:
    """Reads of profiles."""

    @strawberry.field(description="A profile; null where there is none that you may see.")
    def profile(self, info: Info, id: strawberry.ID) -> Profile | None:
        """A profile by its global id."""
        return lookup(models.profile.Profile, id, info)


@strawberry.type
class ProfileMutation:
    """Changes of profiles."""

    @mutation("Change your profile. What the input leaves out, or gives as null, stays as it is.")
    async def update_profile(self, info: Info, input: UpdateProfileInput) -> UpdateProfilePayload:
        """Change the viewer's profile."""
        by = viewer(info)
        changes = {
            name: value for name, value in vars(input).items() if value is not strawberry.UNSET and value is not None
        }
        if "availability" in changes:
            changes["availability"] = [vars(window) for window in changes["availability"]]
        profile = await models.profile.Profile.seen_by(by, by.id, "id")
        return UpdateProfilePayload(profile=as_node(await profile.change(by=by, **changes)))
