"""What matching knows of people, read from their rows: one JSON text for each, in the same form from both databases."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from tortoise.connection import get_connection

from matching.fit import Person
from models.database import dialect
from models.database.changes import CHANGES, FOREIGN
from models.profile import Profile

# Read at once when everybody is.
PAGE: Final = 500


def _skills(relation: str) -> str:
    return f"""{{json}}((SELECT {{group}}(s.name) FROM profile_skill_{relation} r JOIN skill s ON s.id = r.skill_id
        WHERE r.profile_id = p.id))"""  # noqa: S608


_OF_EACH: Final = f"""CASE WHEN p.id IS NOT NULL THEN CAST({{array}}(
    p.id, p.headline, p.experience, p.goals, p.years_of_experience, p.industry, {{json}}(p.languages),
    {{json}}(p.formats), p.week, p.week_offset, p.capacity - p.mentees, p.seeking, {_skills("offered")},
    {_skills("wanted")}) AS TEXT) END"""

_WORDS: Final = {
    "postgres": {"array": "json_build_array", "group": "json_agg", "json": "", "slot": "$1"},
    "sqlite": {"array": "json_array", "group": "json_group_array", "json": "json", "slot": "?1"},
}

_CHANGES: Final = {name: text.format(of_each=_OF_EACH, old="{slot}") for name, text in CHANGES.items()}
_EVERYBODY: Final = f"SELECT p.id, {_OF_EACH} FROM profile p WHERE p.id > {{slot}} ORDER BY p.id LIMIT {PAGE}"  # noqa: S608
_WAITING: Final = """SELECT mentor_id, count(*) FROM mentorship_request
    WHERE status = 'PENDING' AND author_id = mentee_id GROUP BY mentor_id"""


class Candidate(NamedTuple):
    """Somebody who may be suggested: what is known of them, their free places, and whether they look for a mentor."""

    person: Person
    places: int
    seeking: bool


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


async def waiting() -> dict[UUID, int]:
    """How many mentees wait for the answer of each mentor; who is not named has none."""
    return {UUID(str(mentor)): count for mentor, count in await read(_WAITING)}


async def forget_foreign_numbers() -> None:
    """Forget the numbers of changes that another server of PostgreSQL has given, if there are any."""
    if dialect() == "postgres":
        await get_connection(dialect()).execute_query(FOREIGN)


def decode(text: bytes | str) -> Candidate:
    """The candidate that a text stands for."""
    key, headline, experience, goals, years, industry, languages, formats, *rest = orjson.loads(text)
    week, ahead, places, seeking, offered, wanted = rest
    person = Person(
        id=UUID(key),
        skills_offered=frozenset(offered or ()),
        skills_wanted=frozenset(wanted or ()),
        languages=frozenset(languages),
        week=int(week, 16),
        years_of_experience=years,
        industry=industry,
        goals=goals,
        about="\n".join(filter(None, (headline, experience))),
        formats=frozenset(formats),
        utc_offset_minutes=ahead,
    )
    return Candidate(person, max(0, places), bool(seeking))


def person_of(profile: Profile) -> Person:
    """What matching knows of somebody, from a row that came with its skills."""
    return Person(
        id=profile.id,
        skills_offered=frozenset(skill.name for skill in profile.skills_offered),
        skills_wanted=frozenset(skill.name for skill in profile.skills_wanted),
        languages=frozenset(profile.languages),
        week=int(profile.week, 16),
        years_of_experience=profile.years_of_experience,
        industry=profile.industry,
        goals=profile.goals,
        about="\n".join(filter(None, (profile.headline, profile.experience))),
        formats=frozenset(profile.formats),
        utc_offset_minutes=profile.week_offset,
    )


async def read(text: str, *values: Any) -> Sequence[Sequence[Any]]:
    """The rows of a statement whose slots are written $1 or ?1 by `{slot}`."""
    connection: Any = get_connection(dialect())
    given = [str(value) if isinstance(value, UUID) and dialect() == "sqlite" else value for value in values]
    rows: Sequence[Sequence[Any]] = await connection.read_rows(_written(dialect(), text), given)
    return rows


@lru_cache(maxsize=64)
def _written(engine: str, text: str) -> str:
    return text.format(**_WORDS[engine])
