"""Changes of programmes: their settings, their people, and who must or may not be paired."""

from datetime import date
from typing import Any

import strawberry

import models.organisation
import models.profile
from models.organisation import Enrolment, ProgrammeMode, ProgrammeSide, PublishAs
from models.organisation.pair_rule import PairRuleKind
from schema.context import Info, viewer
from schema.node import as_node, find, global_id, id_if_given, id_of
from schema.organisation.organisation import Cohort, PairRule, Participation, Programme
from schema.refusal import mutation


@strawberry.input
class WeightsInput:
    """How much each component of a score counts beside the others."""

    skills: float = 0
    languages: float = 0
    availability: float = 0
    seniority: float = 0
    industry: float = 0
    goals: float = 0
    format: float = 0


@strawberry.input
class ProgrammeSettingsInput:
    """How a programme goes about it."""

    purpose: str | None = strawberry.UNSET
    mode: ProgrammeMode | None = strawberry.UNSET
    publish_as: PublishAs | None = strawberry.UNSET
    reply_days: int | None = strawberry.UNSET
    different_team: bool | None = strawberry.UNSET
    no_line_manager: bool | None = strawberry.UNSET
    shared_language: bool | None = strawberry.UNSET
    same_site: bool | None = strawberry.UNSET
    participation_weight: float | None = strawberry.UNSET
    weights: WeightsInput | None = strawberry.UNSET

    def settings(self) -> dict[str, Any]:
        """What is set: all that is given, but for what it is set of."""
        given = {name: value for name, value in vars(self).items() if value is not strawberry.UNSET}
        if "weights" in given:
            given["weights"] = given["weights"] and vars(given["weights"])
        return {
            name: value
            for name, value in given.items()
            if name not in ("organisation_id", "programme_id", "client_id")
            and (value is not None or name in ("weights", "reply_days"))
        }


@strawberry.input
class CreateProgrammeInput(ProgrammeSettingsInput):
    """A new programme."""

    organisation_id: strawberry.ID
    name: str
    starts_on: date
    ends_on: date
    client_id: strawberry.ID | None = None


@strawberry.input
class UpdateProgrammeInput(ProgrammeSettingsInput):
    """What is left out stays as it is; null for `weights` or `replyDays` brings back the usual ones."""

    programme_id: strawberry.ID
    name: str | None = strawberry.UNSET
    starts_on: date | None = strawberry.UNSET
    ends_on: date | None = strawberry.UNSET


@strawberry.input
class AddCohortInput:
    """A further intake of a programme."""

    programme_id: strawberry.ID
    name: str
    starts_on: date | None = None
    ends_on: date | None = None
    client_id: strawberry.ID | None = None


@strawberry.input
class AnswerInput:
    """A question of the programme, and its answer."""

    question: str
    text: str


@strawberry.input
class EnrolmentInput:
    """Who takes part, and what is known of them. `manager` is the staff key of their line manager."""

    profile_id: strawberry.ID
    side: ProgrammeSide = ProgrammeSide.BOTH
    capacity: int | None = None
    cohort_id: strawberry.ID | None = None
    team: str = ""
    site: str = ""
    staff_key: str = ""
    manager: str = ""
    answers: list[AnswerInput] = strawberry.field(default_factory=list)


@strawberry.input
class EnrolParticipantsInput:
    """Up to 500 members of the organisation who take part."""

    programme_id: strawberry.ID
    participants: list[EnrolmentInput]


@strawberry.input
class JoinProgrammeInput:
    """As what you take part."""

    programme_id: strawberry.ID
    side: ProgrammeSide = ProgrammeSide.BOTH
    capacity: int | None = None
    answers: list[AnswerInput] = strawberry.field(default_factory=list)


@strawberry.input
class LeaveProgrammeInput:
    """The participation that ends: your own, or somebody's in a programme that you organise."""

    participation_id: strawberry.ID


@strawberry.input
class SetPairRuleInput:
    """What holds for two people of a programme, in these roles; null for `kind`: nothing any more."""

    programme_id: strawberry.ID
    mentee_id: strawberry.ID
    mentor_id: strawberry.ID
    kind: PairRuleKind | None = None


@strawberry.type
class CreateProgrammePayload:
    """The programme, set up."""

    programme: Programme


@strawberry.type
class UpdateProgrammePayload:
    """The programme as it is now."""

    programme: Programme


@strawberry.type
class AddCohortPayload:
    """The new intake."""

    cohort: Cohort


@strawberry.type
class EnrolParticipantsPayload:
    """The people as they take part, in the order of the input."""

    participations: list[Participation]


@strawberry.type
class JoinProgrammePayload:
    """You take part."""

    participation: Participation


@strawberry.type
class LeaveProgrammePayload:
    """What has ended."""

    participation_id: strawberry.ID


@strawberry.type
class SetPairRulePayload:
    """What holds now; null where nothing does."""

    rule: PairRule | None


@strawberry.type
class ProgrammeMutation:
    """Changes of programmes."""

    @mutation("Set a programme up. Owners and organisers may.")
    async def create_programme(self, info: Info, input: CreateProgrammeInput) -> CreateProgrammePayload:
        """Set a programme up."""
        found = await find(models.organisation.Organisation, input.organisation_id, "organisationId", info)
        made = await models.organisation.Programme.set_up(
            found, by=viewer(info), client_id=input.client_id, **input.settings()
        )
        return CreateProgrammePayload(programme=as_node(made))

    @mutation("Change a programme. Drafts that there are keep the settings that they were made with.")
    async def update_programme(self, info: Info, input: UpdateProgrammeInput) -> UpdateProgrammePayload:
        """Change a programme."""
        found = await find(models.organisation.Programme, input.programme_id, "programmeId", info)
        return UpdateProgrammePayload(programme=as_node(await found.change(by=viewer(info), **input.settings())))

    @mutation("Open a further intake of a programme.")
    async def add_cohort(self, info: Info, input: AddCohortInput) -> AddCohortPayload:
        """Open an intake."""
        found = await find(models.organisation.Programme, input.programme_id, "programmeId", info)
        cohort = await models.organisation.Cohort.open(
            found,
            by=viewer(info),
            name=input.name,
            starts_on=input.starts_on,
            ends_on=input.ends_on,
            client_id=input.client_id,
        )
        return AddCohortPayload(cohort=as_node(cohort))

    @mutation("Enrol up to 500 members of the organisation; of those who take part already, it is said anew.")
    async def enrol_participants(self, info: Info, input: EnrolParticipantsInput) -> EnrolParticipantsPayload:
        """Enrol people."""
        found = await find(models.organisation.Programme, input.programme_id, "programmeId", info)
        said = [_enrolment(one) for one in input.participants]
        enrolled = await models.organisation.Participation.enrol(found, said, by=viewer(info))
        return EnrolParticipantsPayload(participations=[as_node(one) for one in enrolled])

    @mutation("Take part in a programme of your organisation that is open for it, or say anew as what.")
    async def join_programme(self, info: Info, input: JoinProgrammeInput) -> JoinProgrammePayload:
        """Take part."""
        by = viewer(info)
        found = await find(models.organisation.Programme, input.programme_id, "programmeId", info)
        said = Enrolment(by.id, input.side, input.capacity, answers=_answers(input.answers))
        joined = await models.organisation.Participation.join(found, said, by=by)
        return JoinProgrammePayload(participation=as_node(joined))

    @mutation("Take part no more, or take somebody out of a programme. Pairs that are published stay.")
    async def leave_programme(self, info: Info, input: LeaveProgrammeInput) -> LeaveProgrammePayload:
        """Take part no more."""
        found = await find(models.organisation.Participation, input.participation_id, "participationId", info)
        await found.leave(by=viewer(info))
        return LeaveProgrammePayload(participation_id=global_id(found))

    @mutation("Say that two people of a programme must be paired, or never; or nothing of them any more.")
    async def set_pair_rule(self, info: Info, input: SetPairRuleInput) -> SetPairRulePayload:
        """Say what holds for two people."""
        found = await find(models.organisation.Programme, input.programme_id, "programmeId", info)
        rule = await models.organisation.PairRule.put(
            found,
            id_of(models.profile.Profile, input.mentee_id, "menteeId"),
            id_of(models.profile.Profile, input.mentor_id, "mentorId"),
            input.kind,
            by=viewer(info),
        )
        return SetPairRulePayload(rule=as_node(rule))


def _enrolment(input: EnrolmentInput) -> Enrolment:
    return Enrolment(
        id_of(models.profile.Profile, input.profile_id, "participants"),
        input.side,
        input.capacity,
        input.team,
        input.site,
        input.staff_key,
        input.manager,
        _answers(input.answers),
        id_if_given(models.organisation.Cohort, input.cohort_id, "participants"),
    )


def _answers(given: list[AnswerInput]) -> list[tuple[str, str]]:
    return [(answer.question, answer.text) for answer in given]
