"""What matching knows of people, read from their rows: one JSON text for each, in the same form from both databases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from tortoise.connection import get_connection

from matching.availability import Window, week_mask
from matching.fit import Person
from models.database import dialect
from models.database.changes import CHANGES, FOREIGN

# Read at once when everybody is.
PAGE: Final = 500


def _skills(relation: str) -> str:
    return f"""{{json}}((SELECT {{group}}(s.name) FROM profile_skill_{relation} r JOIN skill s ON s.id = r.skill_id
        WHERE r.profile_id = p.id))"""  # noqa: S608


_OF_EACH: Final = f"""CASE WHEN p.id IS NOT NULL THEN CAST({{array}}(
    p.id, p.headline, p.experience, p.years_of_experience, p.industry, {{json}}(p.languages), p.time_zone,
    {{json}}(p.availability), p.capacity, p.mentees, {_skills("offered")}, {_skills("wanted")}) AS TEXT) END"""

_WORDS: Final = {
    "postgres": {"array": "json_build_array", "group": "json_agg", "json": "", "slot": "$1"},
    "sqlite": {"array": "json_array", "group": "json_group_array", "json": "json", "slot": "?1"},
}

_CHANGES: Final = {name: text.format(of_each=_OF_EACH, old="{slot}") for name, text in CHANGES.items()}
_EVERYBODY: Final = f"SELECT p.id, {_OF_EACH} FROM profile p WHERE p.id > {{slot}} ORDER BY p.id LIMIT {PAGE}"  # noqa: S608
_OF_ZONE: Final = f"SELECT {_OF_EACH} FROM profile p WHERE p.time_zone = {{slot}}"  # noqa: S608
_WAITING: Final = """SELECT mentor_id, count(*) FROM mentorship_request
    WHERE status = 'PENDING' AND author_id = mentee_id GROUP BY mentor_id"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be suggested: what is known of them, and how many mentees they could still take."""

    person: Person
    places: int
    time_zone: str

    @property
    def seeks(self) -> bool:
        """Do they say what they want help with?"""
        return bool(self.person.skills_wanted or self.person.goals)


class Change(NamedTuple):
    """Somebody who has changed, the number of that, and the text of what they are now; None where they are gone."""

    id: UUID
    number: int
    text: bytes | str | None


class Changes(NamedTuple):
    """What has changed since a mark, and the new mark."""

    mark: int
    changed: list[Change]


async def changes(since: int) -> Changes:
    """What was committed since the mark, and perhaps a little of what was before."""
    rows = await read(_CHANGES[dialect()], since)
    return Changes(rows[0][0], [Change(UUID(str(key)), *rest) for _, key, *rest in rows if key is not None])


async def everybody() -> list[bytes | str]:
    """The texts of all of them, read by pages: others have their turn meanwhile."""
    found: list[bytes | str] = []
    last = UUID(int=0)
    while True:
        rows = await read(_EVERYBODY, last)
        found += [text for _, text in rows]
        if len(rows) < PAGE:
            return found
        last = UUID(str(rows[-1][0]))


async def those_in(time_zone: str) -> list[bytes | str]:
    """The texts of those who live by this zone."""
    return [row[0] for row in await read(_OF_ZONE, time_zone)]


async def waiting() -> dict[UUID, int]:
    """How many mentees wait for the answer of each mentor; who is not named has none."""
    return {UUID(str(mentor)): count for mentor, count in await read(_WAITING)}


async def forget_foreign_numbers() -> None:
    """Forget the numbers of changes that another server of PostgreSQL has given, if there are any."""
    if dialect() == "postgres":
        await get_connection(dialect()).execute_query(FOREIGN)


def decode(text: bytes | str, on: date) -> Candidate:
    """The candidate that a text stands for, with the week as clocks show it on this day."""
    key, headline, experience, years, industry, languages, zone, windows, capacity, mentees, offered, wanted = (
        orjson.loads(text)
    )
    return Candidate(
        Person(
            id=UUID(key),
            skills_offered=frozenset(offered or ()),
            skills_wanted=frozenset(wanted or ()),
            languages=frozenset(languages),
            week=_week(tuple(Window(**window) for window in windows), zone, on),
            years_of_experience=years,
            industry=industry,
            about="\n".join(filter(None, (headline, experience))),
            utc_offset_minutes=offset(zone, on),
        ),
        places=max(0, capacity - mentees),
        time_zone=zone,
    )


@lru_cache(maxsize=1_024)
def offset(zone: str, on: date) -> int:
    """How many minutes clocks there are ahead of UTC at noon of this day."""
    ahead = datetime.combine(on, time(12), tzinfo=ZoneInfo(zone)).utcoffset()
    return 0 if ahead is None else round(ahead.total_seconds() / 60)


@lru_cache(maxsize=4_096)
def _week(windows: tuple[Window, ...], zone: str, on: date) -> int:
    return week_mask(windows, ZoneInfo(zone), on)


async def read(text: str, *values: Any) -> Sequence[Sequence[Any]]:
    """The rows of a statement whose slots are written $1 or ?1 by `{slot}`."""
    connection: Any = get_connection(dialect())
    given = [str(value) if isinstance(value, UUID) and dialect() == "sqlite" else value for value in values]
    rows: Sequence[Sequence[Any]] = await connection.read_rows(_written(dialect(), text), given)
    return rows


@lru_cache(maxsize=64)
def _written(engine: str, text: str) -> str:
    return text.format(**_WORDS[engine])
