"""Profiles: how a person shows."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from tortoise import fields
from tortoise.expressions import F, Q, Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from matching.availability import HOURS_A_WEEK, Window, week_mask
from models import clock
from models.base import Base
from models.database import transaction
from models.refusal import RefusalCode, Refused, invalid
from models.skill import Skill, key_of, keyed
from models.text import line, prose
from models.visibility import Visibility, seen_by

if TYPE_CHECKING:
    from models.account import Account

MOST_CAPACITY = 50
MOST_LANGUAGES = 20
MOST_WINDOWS = 50

# Of a mask of the hours of a week, in hexadecimal.
WEEK_DIGITS = HOURS_A_WEEK // 4
NO_HOURS = "0" * WEEK_DIGITS

# How many weeks one unit makes anew, and one round of the sweeper.
WEEKS_TOGETHER, MOST_WEEKS = 200, 4_000

# BCP 47 in the part that people need: a language, and perhaps a script and a region ("pt", "pt-BR", "zh-Hant").
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")

# What each field must satisfy: a function of (value, camel-case field) that returns what to store or raises.
Rule = Any


class Profile(Base):
    """How a person shows. It has its account's id, so the people of a row compare with the viewer as they are."""

    account: fields.OneToOneRelation["Account"] = fields.OneToOneField(
        "models.Account", related_name="profile", on_delete=fields.CASCADE
    )
    account_id: UUID
    name = fields.CharField(max_length=80)
    headline = fields.CharField(max_length=120, default="")
    experience = fields.TextField(default="")
    years_of_experience = fields.SmallIntField(default=0)
    industry = fields.CharField(max_length=60, default="")
    languages: list[str] = fields.JSONField(default=list)
    time_zone = fields.CharField(max_length=64, default="UTC")
    availability: list[dict[str, int]] = fields.JSONField(default=list)
    capacity = fields.SmallIntField(default=0)
    mentees = fields.SmallIntField(default=0)
    goals = fields.TextField(default="", db_default="")
    # Of MeetingKind, which is declared with what has one.
    formats: list[str] = fields.JSONField(default=list, db_default=[])
    # Shall mentors find them? Nobody is listed as looking who has not said so.
    seeking = fields.BooleanField(default=False, db_default=False)
    visibility = fields.CharEnumField(
        Visibility, max_length=16, default=Visibility.EVERYONE, db_default=Visibility.EVERYONE
    )
    # The names of all skills of this person, to be found by their words.
    skill_names = fields.TextField(default="", db_default="")
    # The hours of the UTC week in which the person is free: a mask of `matching.availability`, and the minutes that
    # their clock was ahead of UTC when it was made. Null: it has not been made yet.
    week = fields.CharField(max_length=WEEK_DIGITS, default=NO_HOURS, db_default=NO_HOURS)
    week_offset = fields.SmallIntField(null=True)
    skills_offered: fields.ManyToManyRelation[Skill] = fields.ManyToManyField(
        "models.Skill", through="profile_skill_offered", related_name="offered_by"
    )
    skills_wanted: fields.ManyToManyRelation[Skill] = fields.ManyToManyField(
        "models.Skill", through="profile_skill_wanted", related_name="wanted_by"
    )

    class Meta:
        table = "profile"
        indexes = (
            Index(fields=("name", "id")),
            Index(fields=("capacity",)),
            Index(fields=("seeking",)),
            Index(fields=("created_at", "id")),
            Index(fields=("time_zone", "week_offset")),
        )

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(seen_by(viewer))

    @classmethod
    def pointed_to(cls, viewer: "Account") -> QuerySet[Self]:
        """All: a name does not vanish from what somebody has written, or done together with the viewer."""
        return cls.all()

    @classmethod
    def mentors(cls, viewer: "Account", *, skill: str | None = None) -> QuerySet[Self]:
        """The people who mentor, in a skill if one is named (in any case). Not the viewer."""
        found = cls.visible_to(viewer).filter(Q(capacity__gt=0) & ~Q(id=viewer.id))
        return found if skill is None else cls.offering(found, skill)

    @classmethod
    def offering(cls, rows: QuerySet[Self], skill: str) -> QuerySet[Self]:
        """Those of the rows who offer a skill, named in any case."""
        return rows.filter(id__in=Subquery(Skill.filter(key=key_of(skill)).values("offered_by__id")))

    @classmethod
    async def open(cls, account: "Account", *, name: str, time_zone: str = "UTC") -> Self:
        """The profile of a new account."""
        return await cls.create(
            id=account.id,
            account_id=account.id,
            name=line(name, "name", longest=80),
            time_zone=_time_zone(time_zone, "timeZone"),
            week_offset=offset_of(time_zone),
        )

    @classmethod
    async def hold(cls, ids: Iterable[UUID]) -> None:
        """Lock these people in the one order, the order of their ids, before anything that is decided about them.

        Within a unit: after conversations and mentorships, before requests, calls and inboxes.
        """
        # Whole rows: the ORM locks none where it is asked for their values.
        await cls.filter(id__in=set(ids)).order_by("id").select_for_update(no_key=True)

    @transaction
    async def change(
        self,
        *,
        by: "Account",
        skills_offered: list[str] | None = None,
        skills_wanted: list[str] | None = None,
        **changes: Any,
    ) -> Self:
        """Set the fields that are given; the others stay. Everything is checked before anything is written."""
        if by.id != self.id:
            raise Refused(RefusalCode.NOT_ALLOWED, "A profile is changed by its person only.")
        checked = {name: RULES[name](value, camel(name)) for name, value in changes.items()}
        offered = None if skills_offered is None else keyed(skills_offered, "skillsOffered")
        wanted = None if skills_wanted is None else keyed(skills_wanted, "skillsWanted")
        # Two changes at once come one after the other: each would clear the skills before the other adds its own.
        profile = await self.locked(self.id)
        if checked:
            profile.update_from_dict(checked)
            if not checked.keys().isdisjoint({"availability", "time_zone"}):
                checked |= profile._make_week()
            await profile.store(*checked)
        if offered is not None or wanted is not None:
            await profile._set_skills(offered, wanted)
        return profile

    async def _set_skills(self, offered: dict[str, str] | None, wanted: dict[str, str] | None) -> None:
        skills = await Skill.learnt({**(offered or {}), **(wanted or {})})
        names: set[str] = set()
        for relation, keys in ((self.skills_offered, offered), (self.skills_wanted, wanted)):
            if keys is None:
                names |= {skill.name for skill in await relation.all()}
                continue
            await relation.clear()
            if keys:
                await relation.add(*(skills[key] for key in keys))
            names |= {skills[key].name for key in keys}
        self.skill_names = "\n".join(sorted(names))
        await self.store("skill_names")

    def _make_week(self) -> dict[str, Any]:
        """Set the week as the clocks go now. Returns the columns."""
        self.week_offset = offset_of(self.time_zone)
        mask = week_mask((Window(**one) for one in self.availability), ZoneInfo(self.time_zone), clock.now().date())
        self.week = f"{mask:0{WEEK_DIGITS}x}"
        return {"week": self.week, "week_offset": self.week_offset}

    @classmethod
    async def keep_weeks(cls) -> int:
        """Make the weeks anew of those whose clocks were put forward or back, or whose week was never made.

        Returns how many; at most `MOST_WEEKS`, the others have their turn in the next round.
        """
        made = 0
        places: Any = await cls.all().distinct().values_list("time_zone", "week_offset")
        for zone, offset in places:
            while offset != offset_of(zone) and made < MOST_WEEKS:
                done = await cls._make_weeks(zone, offset)
                made += done
                if done < WEEKS_TOGETHER:
                    break
        return made

    @classmethod
    @transaction
    async def _make_weeks(cls, zone: str, offset: int | None) -> int:
        stale = cls.filter(time_zone=zone, week_offset=offset).order_by("id").limit(WEEKS_TOGETHER)
        rows = await stale.select_for_update(no_key=True)
        for row in rows:
            row._make_week()
        if rows:
            await cls.bulk_update(rows, ["week", "week_offset"])
        return len(rows)

    async def take_mentee(self) -> None:
        """Take one of the mentor's places, or raise `Refused`: the database decides, whatever races."""
        taken = await type(self).filter(id=self.id, mentees__lt=F("capacity")).update(mentees=F("mentees") + 1)
        if not taken:
            raise Refused(RefusalCode.AT_CAPACITY, f"{self.name} has no free place for a mentee now.")

    async def release_mentee(self) -> None:
        """Give a place back."""
        await type(self).filter(id=self.id, mentees__gt=0).update(mentees=F("mentees") - 1)


def camel(name: str) -> str:
    """`skills_offered` as a client spells it: `skillsOffered`."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _time_zone(value: str, field: str) -> str:
    # available_timezones keeps names such as "../../etc/passwd" away from the file system.
    if value not in _zones():
        raise invalid("Use an IANA time zone, such as Europe/Lisbon.", field)
    return value


@cache
def _zones() -> set[str]:
    return available_timezones()


def offset_of(zone: str) -> int:
    """The minutes that the clocks of a zone are ahead of UTC today, at noon there."""
    noon = datetime.combine(clock.now().date(), time(12), tzinfo=ZoneInfo(zone))
    return (noon.utcoffset() or timedelta()) // timedelta(minutes=1)


def _whole(least: int, most: int) -> Rule:
    def check(value: int, field: str) -> int:
        if not least <= value <= most:
            raise invalid(f"Use a whole number from {least} to {most}.", field)
        return value

    return check


def _languages(values: list[str], field: str) -> list[str]:
    if len(values) > MOST_LANGUAGES:
        raise invalid(f"At most {MOST_LANGUAGES} languages, please.", field)
    for value in values:
        if not LANGUAGE.fullmatch(value):
            raise invalid("Use language tags such as en, pt-BR or zh-Hant.", field)
    return list(dict.fromkeys(values))


def _availability(windows: list[dict[str, int]], field: str) -> list[dict[str, int]]:
    if len(windows) > MOST_WINDOWS:
        raise invalid(f"At most {MOST_WINDOWS} windows, please.", field)
    for window in windows:
        try:
            Window(**window)
        except ValueError as error:
            raise invalid(str(error), field) from None
    return windows


def _formats(values: list[str], field: str) -> list[str]:
    return [str(value) for value in dict.fromkeys(values)]


RULES: dict[str, Rule] = {
    "name": lambda value, field: line(value, field, longest=80),
    "headline": lambda value, field: line(value, field, longest=120, empty=True),
    "experience": lambda value, field: prose(value, field, empty=True),
    "industry": lambda value, field: line(value, field, longest=60, empty=True),
    "years_of_experience": _whole(0, 80),
    "capacity": _whole(0, MOST_CAPACITY),
    "languages": _languages,
    "time_zone": _time_zone,
    "availability": _availability,
    "goals": lambda value, field: prose(value, field, empty=True),
    "formats": _formats,
    "seeking": lambda value, field: value,
    "visibility": lambda value, field: value,
}


def zone(name: str, field: str) -> ZoneInfo:
    """The IANA zone of this name. Raises `Refused`."""
    return ZoneInfo(_time_zone(name, field))
