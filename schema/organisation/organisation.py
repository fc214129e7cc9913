"""Organisations and who belongs to them, as rows; and the reads of them."""

from datetime import date, datetime

import strawberry

import models.organisation
from models.organisation import ContactRule, OrganisationRole, ProgrammeMode, ProgrammeSide, PublishAs
from models.organisation.pair_rule import PairRuleKind
from schema.connection import Connection, Order, children, page
from schema.context import Info, viewer
from schema.node import Node, id_if_given, id_of, lookup, node, related
from schema.profile import Profile

OLDEST_FIRST = Order("organisations", "created_at")
BY_START = Order("programmes", "-starts_on")
BY_MEMBERSHIP = Order("memberships", "created_at")
BY_COHORT = Order("cohorts", "created_at")
BY_ENROLMENT = Order("participations", "created_at")
BY_RULE = Order("pairRules", "created_at")

strawberry.enum(ContactRule, description="Who may write to somebody first: nobody, people of one programme, everyone.")
strawberry.enum(OrganisationRole, description="What a member is there for. Observers see, and change nothing.")
strawberry.enum(ProgrammeMode, description="Who makes the pairs: the people themselves, the organisers, or both.")
strawberry.enum(PublishAs, description="What a published draft makes of its pairs.")
strawberry.enum(ProgrammeSide, description="What somebody is in a programme.")
strawberry.enum(PairRuleKind, description="Whether two people must be paired, or never.")


@strawberry.type(description="A question that a programme asks its people, and what somebody answers.")
class Answer:
    """A question and its answer."""

    question: str
    text: str


@strawberry.type(description="How much a component of a score counts, beside the others.")
class ComponentWeight:
    """The weight of a component."""

    name: str
    weight: float


@node(models.organisation.Cohort, "An intake of a programme.")
class Cohort(Node):
    """An intake."""

    name: str
    starts_on: date | None
    ends_on: date | None


@node(models.organisation.Participation, "That somebody takes part in a programme, and as what.")
class Participation(Node):
    """Somebody takes part."""

    profile: Profile = related()
    cohort: Cohort | None = related()
    side: ProgrammeSide
    capacity: int | None = strawberry.field(description="How many mentees here; null: as many as the profile says.")
    team: str
    site: str
    staff_key: str = strawberry.field(description="What the organisation calls the person by, such as a staff number.")
    manager: str = strawberry.field(description="The staff key of their line manager.")
    created_at: datetime

    @strawberry.field(description="What they were asked for this programme.")
    def answers(root: models.organisation.Participation) -> list[Answer]:
        """The questions, answered."""
        return [Answer(question=question, text=text) for question, text in root.answers or ()]


@node(models.organisation.PairRule, "That two people of a programme must be paired, or never.")
class PairRule(Node):
    """What holds for two people."""

    mentee: Profile = related()
    mentor: Profile = related()
    kind: PairRuleKind
    created_at: datetime


@node(models.organisation.Programme, "A run of mentoring with a start and an end.")
class Programme(Node):
    """A run of mentoring."""

    name: str
    purpose: str
    starts_on: date
    ends_on: date
    mode: ProgrammeMode
    publish_as: PublishAs
    reply_days: int | None = strawberry.field(
        description="How many days there are to answer a request in it; null for the usual fourteen."
    )
    different_team: bool = strawberry.field(description="Nobody is paired within a team.")
    no_line_manager: bool = strawberry.field(description="Nobody is paired with their line manager, or under the same.")
    shared_language: bool = strawberry.field(description="Whoever is paired has a language in common.")
    same_site: bool = strawberry.field(description="Whoever is paired is at one site.")
    participation_weight: float = strawberry.field(
        description="What a further pair is worth beside its score: 0 for the best scores, much for the most people."
    )
    organisation: "Organisation" = related()
    cohorts: Connection[Cohort] = children(BY_COHORT, "The intakes, the first first.")
    participations: Connection[Participation] = children(
        BY_ENROLMENT, "Who takes part; yourself alone, unless you help to run the organisation."
    )
    pair_rules: Connection[PairRule] = children(BY_RULE, "For those who run the organisation; else empty.")

    @strawberry.field(description="Empty: the usual weights.")
    def weights(root: models.organisation.Programme) -> list[ComponentWeight]:
        """How much each component counts."""
        return [ComponentWeight(name=name, weight=weight) for name, weight in (root.weights or {}).items()]


@node(models.organisation.Membership, "That somebody belongs to an organisation, or is invited to.")
class Membership(Node):
    """Somebody belongs to an organisation."""

    organisation: "Organisation" = related()
    profile: Profile | None = related("Null while an invitation by e-mail waits.")
    email: str | None = strawberry.field(description="Whom an invitation went to, while it waits.")
    role: OrganisationRole
    created_at: datetime
    joined_at: datetime | None = strawberry.field(description="Null while the invitation waits.")


@node(models.organisation.Organisation, "Who runs mentoring.")
class Organisation(Node):
    """Who runs mentoring."""

    name: str
    contact: ContactRule = strawberry.field(description="Who may write to whom first, of all its people.")
    memberships: Connection[Membership] = children(
        BY_MEMBERSHIP, "Its people and who is invited; your own alone, unless you help to run it."
    )
    programmes: Connection[Programme] = children(BY_START, "For its members: the latest first.")


@strawberry.type
class OrganisationQuery:
    """Reads of organisations and programmes."""

    @strawberry.field(description="The organisations that you belong to or are invited to, the oldest first.")
    def organisations(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Organisation]:
        """The viewer's organisations."""
        found = models.organisation.Organisation.visible_to(viewer(info))
        return page(found, OLDEST_FIRST, first=first, after=after)

    @strawberry.field(description="An organisation; null where there is none that you may see.")
    def organisation(self, info: Info, id: strawberry.ID) -> Organisation | None:
        """An organisation by its global id."""
        return lookup(models.organisation.Organisation, id, info)

    @strawberry.field(description="The programmes of your organisations, the latest first.")
    def programmes(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Programme]:
        """The viewer's programmes."""
        return page(models.organisation.Programme.visible_to(viewer(info)), BY_START, first=first, after=after)

    @strawberry.field(description="A programme; null where there is none that you may see.")
    def programme(self, info: Info, id: strawberry.ID) -> Programme | None:
        """A programme by its global id."""
        return lookup(models.organisation.Programme, id, info)

    @strawberry.field(
        description="Who takes part in a programme: all, those on a side, those of a cohort. Yourself alone, unless "
        "you help to run the organisation."
    )
    def participations(
        self,
        info: Info,
        programme_id: strawberry.ID,
        side: ProgrammeSide | None = None,
        cohort_id: strawberry.ID | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[Participation]:
        """The people of a programme."""
        key = id_of(models.organisation.Programme, programme_id, "programmeId")
        found = models.organisation.Participation.visible_to(viewer(info)).filter(programme_id=key)
        if side is not None:
            found = found.filter(side=side)
        if (cohort := id_if_given(models.organisation.Cohort, cohort_id, "cohortId")) is not None:
            found = found.filter(cohort_id=cohort)
        return page(found, BY_ENROLMENT, first=first, after=after)
