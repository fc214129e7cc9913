"""Facets: how many of the people that a search finds have each skill, language, industry, format, and experience."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, Self

from tortoise.connection import get_connection
from tortoise.queryset import QuerySet

from models.condition import Guard
from models.database import dialect
from models.discovery import HAD
from models.profile import Profile
from models.saved_search import SearchFor

MOST_VALUES = 20

# The least years of each band, and its name.
BANDS: Final = ((21, "21+"), (11, "11-20"), (6, "6-10"), (3, "3-5"), (0, "0-2"))
_BAND = " ".join(f"WHEN years_of_experience >= {least} THEN '{name}'" for least, name in BANDS)

NAMES: Final = ("skills", "languages", "industries", "formats", "years")


@dataclass(frozen=True, slots=True)
class Facet:
    """A value, and how many have it."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The facets of these rows; awaited, themselves, if what was asked is possible. Of each those values that most of them have, at most `MOST_VALUES`."""

    rows: QuerySet[Profile]
    looks_for: SearchFor
    guard: Guard | None = None

    def __await__(self) -> Generator[Any, None, Self]:
        return self._guarded().__await__()

    async def _guarded(self) -> Self:
        if self.guard is not None:
            await self.guard.refuse()
        return self

    def statement(self, name: str, found: str = "{found}") -> str:
        """Whose rows are the `name` and `many` of a facet; `found` is a statement of the ids that count."""
        had = HAD[dialect()]
        table = "profile_skill_offered" if self.looks_for is SearchFor.MENTORS else "profile_skill_wanted"
        value, source = {
            "skills": ("skill.name", f"{table} AS had JOIN skill ON skill.id = had.skill_id WHERE had.profile_id"),
            "languages": ("had.value", f"profile, {had.format(column='languages')} WHERE profile.id"),
            "industries": ("industry", "profile WHERE industry <> '' AND id"),
            "formats": ("had.value", f"profile, {had.format(column='formats')} WHERE profile.id"),
            "years": (f"CASE {_BAND} END", "profile WHERE id"),
        }[name]
        counted = f"SELECT {value} AS name, count(*) AS many FROM {source} IN ({found}) GROUP BY 1"  # noqa: S608
        by_code_point = "BINARY" if dialect() == "sqlite" else '"C"'
        order = f"ORDER BY many DESC, name COLLATE {by_code_point} LIMIT {MOST_VALUES}"
        return f"SELECT * FROM ({counted}) AS counted {order}"

    async def of(self, name: str) -> list[Facet]:
        """One facet, by a statement of its own."""
        found = self.rows.only("id")
        found._choose_db_if_not_chosen()
        found._make_query()
        text, values = found.query.get_parameterized_sql()
        rows = await get_connection(dialect()).execute_query_dict(self.statement(name, text), values)
        return [Facet(row["name"], row["many"]) for row in rows]
