"""Discovery: mentors, and people who look for one, found by what they say of themselves.

Every condition is one of the database, so that a list is read page by page. The texts of a search reach its statement
prepared (`PREPARED`), each as one parameter, a list of them as JSON: so one plan serves all searches of a shape.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import orjson
from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from matching.availability import HOURS_A_WEEK
from models.condition import Guard, Holds, Written
from models.database import dialect
from models.profile import Profile, camel
from models.refusal import Refused, invalid
from models.saved_search import SearchFor
from models.skill import MOST_PER_PERSON, Skill, key_of
from models.sought import prepared

if TYPE_CHECKING:
    from models.account import Account

MOST_VALUES = MOST_PER_PERSON
LONGEST_VALUE = 200
MOST_YEARS = 80

# How many skills are looked through for one that is spelt nearly so.
MOST_COMPARED = 500


@dataclass(frozen=True, slots=True)
class Criteria:
    """What somebody looks for; what is empty or None is not asked.

    Skills are those that a mentor offers, or that somebody who looks for a mentor wants. A language is meant with its
    regions: `pt` finds `pt-BR` (basic filtering, RFC 4647). Industries are as people spell them, as facets list them.
    `overlap_hours` are hours of the week in which both are free, who looks and who is found.
    """

    skills_any: Sequence[str] = ()
    skills_all: Sequence[str] = ()
    languages: Sequence[str] = ()
    industries: Sequence[str] = ()
    formats: Sequence[str] = ()
    years_at_least: int | None = None
    years_at_most: int | None = None
    overlap_hours: int | None = None
    places_free: bool | None = None
    text: str | None = None

    def must_be_possible(self, looks_for: SearchFor, at: str = "") -> None:
        """Raise `Refused` for what cannot be, naming the criterion within `at`."""
        if self.places_free is not None and looks_for is SearchFor.MENTEES:
            raise invalid("Only mentors have places.", f"{at}placesFree")
        for name, most in (
            ("years_at_least", MOST_YEARS),
            ("years_at_most", MOST_YEARS),
            ("overlap_hours", HOURS_A_WEEK),
        ):
            number = getattr(self, name)
            if number is not None and not 0 <= number <= most:
                raise invalid(f"Use a whole number from 0 to {most}.", at + camel(name))
        for name, prepare in PREPARED.items():
            value = getattr(self, name)
            if value is not None and value != () and value != []:
                prepare(value, at + camel(name))

    async def must_be_known(self, at: str = "") -> None:
        """Raise `Refused` for a skill that is not in the vocabulary, with those that are spelt nearly so."""
        for name in ("skills_any", "skills_all"):
            keys = {key_of(value): value for value in getattr(self, name)}
            known = await Skill.filter(key__in=list(keys)).values_list("key", flat=True)
            for key in keys.keys() - set(known):
                raise await _unknown(keys[key], key, at + camel(name))

    @property
    def given(self) -> dict[str, Any]:
        """Those that are asked, as they can be stored. Of criteria that are possible."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        asked = {name: value for name, value in values.items() if value is not None and value not in ((), [])}
        return {name: _kept(value) for name, value in asked.items()}


async def _unknown(name: str, key: str, field: str) -> Refused:
    similar = await Skill.filter(key__startswith=key[:1]).order_by("key").limit(MOST_COMPARED)
    names = {skill.key: skill.name for skill in similar}
    near = [names[match] for match in get_close_matches(key, names, n=3)]
    hint = f" Did you mean {' or '.join(near)}?" if near else " See `skills` for those that there are."
    return invalid(f"No skill is called {name[:60]!r}.{hint}", field)


def _list(of: Callable[[str], str]) -> Callable[..., str]:
    def prepare(values: Sequence[str], field: str = "") -> str:
        if len(values) > MOST_VALUES:
            raise invalid(f"At most {MOST_VALUES}, please.", field)
        if any(len(value) > LONGEST_VALUE for value in values):
            raise invalid(f"At most {LONGEST_VALUE} characters each, please.", field)
        return orjson.dumps(list(dict.fromkeys(map(of, values)))).decode()

    return prepare


def _storable(value: str) -> str:
    # What cannot be stored finds nobody, instead of an error.
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _kept(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_storable(str(one)) for one in value]
    # As it is looked for: what is around words and between them does not matter.
    return normalize("NFC", " ".join(_storable(value).split())) if isinstance(value, str) else value


def _tag(value: str) -> str:
    return _storable(value).lower()


# How a text, or a list of them, goes into the statement. Each takes the value and the field that it stands in.
PREPARED: dict[str, Callable[..., str]] = {
    "skills_any": _list(key_of),
    "skills_all": _list(key_of),
    "languages": _list(_tag),
    "industries": _list(_storable),
    "text": prepared,
}

# A table of the texts of a list, in its one column.
EACH = {
    "sqlite": "SELECT value FROM json_each({})",
    "postgres": "SELECT value FROM jsonb_array_elements_text({}::jsonb) AS each(value)",
}
HAD = {
    "sqlite": "json_each(profile.{column}) AS had",
    "postgres": "jsonb_array_elements_text(profile.{column}) AS had(value)",
}
MY_WEEK = "SELECT mine.week FROM profile AS mine WHERE mine.id = {}"
OVERLAP = {
    "sqlite": f"overlap_hours(profile.week, ({MY_WEEK})) >= {{}}",
    "postgres": f"bit_count(('x' || profile.week)::bit(168) & ('x' || ({MY_WEEK}))::bit(168)) >= {{}}",
}

# All that is searched; and in two parts of it, those in which it counts for more.
SEARCHED = ("name", "headline", "industry", "skill_names", "experience", "goals")
NAME, HEAD = ("name",), ("headline", "industry", "skill_names")


def found(looks_for: SearchFor, criteria: Criteria, viewer: "Account") -> QuerySet[Profile]:
    """The people whom the viewer may see and the criteria hold of. Not the viewer.

    Mentors are those who have said for how many they have time; the others those who say that they look for a mentor.
    """
    listed = Q(capacity__gt=0) if looks_for is SearchFor.MENTORS else Q(seeking=True)
    rows = Profile.visible_to(viewer).filter(listed & ~Q(id=viewer.id))
    return rows.filter(*_conditions(looks_for, criteria, viewer))


def vocabulary(criteria: Criteria, viewer: "Account", at: str = "") -> Guard | None:
    """That every skill of the criteria is in the vocabulary; None where they name none."""
    if not criteria.skills_any and not criteria.skills_all:
        return None
    return Guard(_unknown_skills(criteria, viewer), lambda: criteria.must_be_known(at))


def _unknown_skills(criteria: Criteria, viewer: "Account") -> QuerySet[Profile]:
    # The viewer's row, if one is unknown; otherwise none.
    each = EACH[dialect()]
    named = [
        PREPARED[name](getattr(criteria, name)) for name in ("skills_any", "skills_all") if getattr(criteria, name)
    ]
    there = "SELECT 1 FROM skill WHERE skill.key = named.value"
    missing = f"SELECT 1 FROM ({each}) AS named WHERE NOT EXISTS ({there})"  # noqa: S608
    return Profile.filter(Q(id=viewer.id) & Q(*(Holds(f"EXISTS ({missing})", one) for one in named), join_type=Q.OR))


def _conditions(looks_for: SearchFor, criteria: Criteria, viewer: "Account") -> Iterator[Q]:
    yield from _of_skills(looks_for, criteria)
    yield from _of_lists(criteria)
    if criteria.years_at_least is not None:
        yield Q(years_of_experience__gte=criteria.years_at_least)
    if criteria.years_at_most is not None:
        yield Q(years_of_experience__lte=criteria.years_at_most)
    if criteria.overlap_hours is not None:
        yield Holds(OVERLAP[dialect()], _id(viewer), criteria.overlap_hours)
    if criteria.places_free is not None:
        yield Q(mentees__lt=F("capacity")) if criteria.places_free else Q(mentees__gte=F("capacity"))
    if criteria.text is not None:
        yield Holds(_in(SEARCHED), prepared(criteria.text))


def _of_skills(looks_for: SearchFor, criteria: Criteria) -> Iterator[Q]:
    table = "profile_skill_offered" if looks_for is SearchFor.MENTORS else "profile_skill_wanted"
    each = EACH[dialect()]
    having = (
        f"SELECT had.profile_id FROM {table} AS had WHERE had.skill_id IN"  # noqa: S608
        f" (SELECT skill.id FROM skill WHERE skill.key IN ({each}))"
    )
    if criteria.skills_any:
        yield Holds(f"profile.id IN ({having})", PREPARED["skills_any"](criteria.skills_any))
    if criteria.skills_all:
        many = f"(SELECT count(*) FROM ({each}) AS named)"  # noqa: S608
        every = f"{having} GROUP BY had.profile_id HAVING count(*) = {many}"
        yield Holds(f"profile.id IN ({every})", *[PREPARED["skills_all"](criteria.skills_all)] * 2)


def _of_lists(criteria: Criteria) -> Iterator[Q]:
    each, had = EACH[dialect()], HAD[dialect()]
    if criteria.languages:
        tags = "substr(lower(had.value) || '-', 1, length(one.value) + 1) = one.value || '-'"
        spoken = f"SELECT 1 FROM {had.format(column='languages')}, ({each}) AS one WHERE {tags}"  # noqa: S608
        yield Holds(f"EXISTS ({spoken})", PREPARED["languages"](criteria.languages))
    if criteria.industries:
        yield Holds(f"profile.industry IN ({each})", PREPARED["industries"](criteria.industries))
    if criteria.formats:
        liked = f"SELECT 1 FROM {had.format(column='formats')} WHERE had.value IN ({each})"  # noqa: S608
        yield Holds(f"EXISTS ({liked})", orjson.dumps([str(value) for value in criteria.formats]).decode())


def _id(viewer: "Account") -> Any:
    return viewer.id if dialect() == "postgres" else str(viewer.id)


def _in(columns: Sequence[str]) -> str:
    """That the words of a text are in these columns."""
    if dialect() == "sqlite":
        match = f"'{{{{{' '.join(columns)}}}}} : (' || {{}} || ')'"
        return f"profile.id IN (SELECT profile_id FROM profile_words WHERE profile_words MATCH {match})"  # noqa: S608
    if columns == SEARCHED:
        words = f"profile_words({', '.join(f'profile.{column}' for column in columns)})"
    else:
        # As in `profile_words`, no phrase goes from one into the next.
        words = " || ''' '':2'::tsvector || ".join(f"words_of(profile.{column})" for column in columns)
    return f"{words} @@ websearch_to_tsquery('simple', {{}})"


def ranked(rows: QuerySet[Profile], text: str) -> QuerySet[Profile]:
    """The rows with their `relevance` to a text: 3 where the name has its words, 2 where what heads a profile has."""
    words = prepared(text)
    tiers = f"CASE WHEN {_in(NAME)} THEN 3 WHEN {_in(HEAD)} THEN 2 ELSE 1 END"
    return rows.annotate(relevance=Written(tiers, words, words))


def with_places(rows: QuerySet[Profile]) -> QuerySet[Profile]:
    """The rows with how many mentees could still be taken."""
    free = "CASE WHEN profile.capacity > profile.mentees THEN profile.capacity - profile.mentees ELSE 0 END"
    return rows.annotate(places=Written(free))
