"""Participations: who takes part in a programme, as what, and what the organisers know of them there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from models.base import Base
from models.database import transaction
from models.organisation.membership import Deed, Membership
from models.organisation.organisation import Organisation
from models.organisation.programme import Cohort, Programme, ProgrammeMode
from models.refusal import RefusalCode, Refused, invalid, not_found
from models.text import line, prose

if TYPE_CHECKING:
    from models.account import Account
    from models.profile import Profile

MOST_AT_ONCE = 500
MOST_CAPACITY = 50
MOST_ANSWERS = 30
LONGEST_QUESTION, LONGEST_ANSWER = 200, 2_000
LONGEST_KEY = 80


class ProgrammeSide(StrEnum):
    """What somebody is in a programme."""

    MENTEE = "MENTEE"
    MENTOR = "MENTOR"
    BOTH = "BOTH"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is said of somebody who takes part. `capacity` None: as many mentees as their profile says.

    `team`, `site`, `staff_key` and `manager` are keys of the organisation's own; `manager` is the `staff_key` of the
    person's line manager. `answers` are questions with their answers; without any, those that were given before stay.
    """

    profile_id: UUID
    side: ProgrammeSide = ProgrammeSide.BOTH
    capacity: int | None = None
    team: str = ""
    site: str = ""
    staff_key: str = ""
    manager: str = ""
    answers: Sequence[tuple[str, str]] = ()
    cohort_id: UUID | None = None

    def checked(self, at: str = "") -> Self:
        """As it can be kept. Raises `Refused`, naming the field at fault under the name of the list that it is in."""
        if self.capacity is not None and not 0 <= self.capacity <= MOST_CAPACITY:
            raise invalid(f"A capacity is 0 to {MOST_CAPACITY} mentees.", at or "capacity")
        if len(self.answers) > MOST_ANSWERS:
            raise invalid(f"At most {MOST_ANSWERS} answers, please.", at or "answers")
        answers = [
            (
                line(question, at or "answers", longest=LONGEST_QUESTION),
                prose(text, at or "answers", longest=LONGEST_ANSWER, empty=True),
            )
            for question, text in self.answers
        ]
        if len(dict(answers)) < len(answers):
            raise invalid("Answer each question once.", at or "answers")

        def key(value: str) -> str:
            return line(value, at or "participants", longest=LONGEST_KEY, empty=True)

        return replace(
            self,
            answers=answers,
            team=key(self.team),
            site=key(self.site),
            staff_key=key(self.staff_key),
            manager=key(self.manager),
        )


class Participation(Base):
    """A person takes part in a programme. They see this of themselves, and those who run the programme of everybody."""

    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name="participations", on_delete=fields.CASCADE
    )
    programme_id: UUID
    profile: fields.ForeignKeyRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name="participations", on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    cohort: fields.ForeignKeyNullableRelation[Cohort] = fields.ForeignKeyField(
        "models.Cohort", related_name="participations", null=True, on_delete=fields.SET_NULL, db_index=True
    )
    cohort_id: UUID | None
    side = fields.CharEnumField(ProgrammeSide, max_length=16, default=ProgrammeSide.BOTH, db_default=ProgrammeSide.BOTH)
    capacity = fields.SmallIntField(null=True)
    team = fields.CharField(max_length=LONGEST_KEY, default="", db_default="")
    site = fields.CharField(max_length=LONGEST_KEY, default="", db_default="")
    staff_key = fields.CharField(max_length=LONGEST_KEY, default="", db_default="")
    manager = fields.CharField(max_length=LONGEST_KEY, default="", db_default="")
    # Question and answer, in their order.
    answers: list[list[str]] | None = fields.JSONField(null=True)

    class Meta:
        table = "participation"
        unique_together = (("programme", "profile"),)
        indexes = (Index(fields=("programme_id", "created_at", "id")),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        looking_on = Programme.allowing(Deed.LOOK_ON, viewer).values("id")
        return cls.filter(Q(profile_id=viewer.id) | Q(programme_id__in=Subquery(looking_on)))

    @classmethod
    @transaction
    async def enrol(cls, programme: Programme, enrolments: Sequence[Enrolment], *, by: "Account") -> list[Self]:
        """Members of the organisation take part, as is said of each; of those who do already, it is said anew."""
        if not 1 <= len(enrolments) <= MOST_AT_ONCE:
            raise invalid(f"Enrol 1 to {MOST_AT_ONCE} people at a time.", "participants")
        said = [one.checked("participants") for one in enrolments]
        people = {one.profile_id for one in said}
        if len(people) < len(said):
            raise invalid("Name each person once.", "participants")
        # Before the programme, as whoever is put out has it: nobody leaves while it is asked who is in.
        await Organisation.locked(programme.organisation_id)
        await programme.held_for(Deed.ORGANISE, by)
        members = Membership.filter(organisation_id=programme.organisation_id, joined_at__isnull=False)
        if await members.filter(profile_id__in=list(people)).count() < len(people):
            raise not_found("member of this organisation", "participants")
        await _must_be_cohorts_of(programme, {one.cohort_id for one in said if one.cohort_id})
        return await cls._put(programme, said)

    @classmethod
    @transaction
    async def join(cls, programme: Programme, enrolment: Enrolment, *, by: "Account") -> Self:
        """A member takes part by themselves, where the programme is open for that; or says anew as what.

        Of the keys of the organisation they set none: what its organisers said stays, also while somebody has left.
        Where organisers make the pairs, they say who is there as what, too.
        """
        said = enrolment.checked()
        # With the organisers, who enrol under the same locks.
        await Organisation.locked(programme.organisation_id)
        programme = await Programme.locked(programme.id)
        if not await Programme.visible_to(by).filter(id=programme.id).exists():
            raise not_found("programme", "programmeId")
        before = await cls.get_or_none(programme_id=programme.id, profile_id=by.id)
        known = before or await Departure.get_or_none(programme_id=programme.id, profile_id=by.id)
        if known is not None:
            said = replace(said, **{name: getattr(known, name) for name in KEYS})
        if before is not None:
            said = replace(said, cohort_id=before.cohort_id)
        if programme.mode is ProgrammeMode.ORGANISER:
            if before is None:
                raise Refused(RefusalCode.NOT_ALLOWED, "The organisers of this programme enrol its people; ask them.")
            said = replace(said, side=before.side, capacity=before.capacity)
        (joined,) = await cls._put(programme, [replace(said, profile_id=by.id)])
        return joined

    @transaction
    async def leave(self, *, by: "Account") -> None:
        """Take part no more: said by the person, or by an organiser. Pairs that are published stay."""
        if by.id != self.profile_id:
            await (await Programme.get(id=self.programme_id)).held_for(Deed.ORGANISE, by)
        await self.end_all(self.profile_id, [self.programme_id])

    @classmethod
    async def end_all(cls, profile_id: UUID, programme_ids: Collection[UUID]) -> None:
        """Take somebody out of these programmes. What organisers said of them and others stays. Within a unit."""
        theirs = cls.filter(profile_id=profile_id, programme_id__in=list(programme_ids))
        # Pair rules are put, and pairs published, of people who take part under this lock.
        programmes = Programme.filter(id__in=Subquery(theirs.values("programme_id")))
        await programmes.order_by("id").select_for_update(no_key=True)
        await Departure.keep(await theirs)
        await theirs.delete()

    @classmethod
    async def _put(cls, programme: Programme, said: Sequence[Enrolment]) -> list[Self]:
        there = cls.filter(programme_id=programme.id, profile_id__in=[one.profile_id for one in said])
        before = {one.profile_id: one.answers for one in await there}
        rows = [
            cls(
                programme_id=programme.id,
                profile_id=one.profile_id,
                cohort_id=one.cohort_id,
                side=one.side,
                capacity=one.capacity,
                team=one.team,
                site=one.site,
                staff_key=one.staff_key,
                manager=one.manager,
                answers=[list(answer) for answer in one.answers] or before.get(one.profile_id),
            )
            for one in said
        ]
        of = ("programme_id", "profile_id")
        await cls.bulk_create(rows, on_conflict=of, update_fields=SAID)
        await Departure.filter(programme_id=programme.id, profile_id__in=[one.profile_id for one in said]).delete()
        found = {one.profile_id: one for one in await there}
        return [found[one.profile_id] for one in said]


# What an organisation calls somebody, and those about them.
KEYS = ("team", "site", "staff_key", "manager")
SAID = ("cohort_id", "side", "capacity", *KEYS, "answers")


class Departure(Base):
    """What organisers knew of somebody who has left a programme: it holds again when they come back by themselves."""

    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name=False, on_delete=fields.CASCADE
    )
    programme_id: UUID
    profile: fields.ForeignKeyRelation["Profile"] = fields.ForeignKeyField(
        "models.Profile", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    profile_id: UUID
    team = fields.CharField(max_length=LONGEST_KEY)
    site = fields.CharField(max_length=LONGEST_KEY)
    staff_key = fields.CharField(max_length=LONGEST_KEY)
    manager = fields.CharField(max_length=LONGEST_KEY)

    class Meta:
        table = "departure"
        unique_together = (("programme", "profile"),)

    @classmethod
    async def keep(cls, leaving: Sequence[Participation]) -> None:
        """Remember it of those who leave. Within the unit in which they do."""
        kept = ("programme_id", "profile_id", *KEYS)
        rows = [cls(**{name: getattr(one, name) for name in kept}) for one in leaving]
        await cls.bulk_create(rows, on_conflict=("programme_id", "profile_id"), update_fields=KEYS)


async def _must_be_cohorts_of(programme: Programme, cohorts: Collection[UUID]) -> None:
    if cohorts and await Cohort.filter(programme_id=programme.id, id__in=list(cohorts)).count() < len(cohorts):
        raise not_found("cohort of this programme", "participants")
