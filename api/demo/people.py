"""The people of the demo community: names from many places, careers, skills and hours, all drawn from a seed."""

import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any, Final, Self

from matching.availability import Window

MENTORS: Final = 20
MENTEES: Final = 35
BOTH: Final = 5

SOURCE: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("people.toml").read_text("utf-8"))
SKILLS: Final[list[str]] = SOURCE["skills"]

# Zipf's law: the n-th skill is drawn one n-th as often as the first.
_POPULARITY: Final = [1 / rank for rank in range(1, len(SKILLS) + 1)]

# When people like to meet, in minutes of a working day.
_HABITS: Final = ((450, 540), (720, 810), (840, 1020), (1050, 1170), (1200, 1290))
_SATURDAY: Final = Window(5, 570, 750)

# Letters that are no letter with a mark, so that taking the marks off leaves them.
_PLAIN: Final = str.maketrans({"\N{LATIN SMALL LETTER DOTLESS I}": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class _Role:
    career: str
    skills: tuple[str, ...]
    headline: str
    industry: str
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo community. `first` is what others call them; a mentor has a capacity of 1 or more."""

    name: str
    first: str
    email: str
    city: str
    time_zone: str
    languages: tuple[str, ...]
    career: str
    headline: str
    experience: str
    years: int
    industry: str
    availability: tuple[Window, ...]
    offered: tuple[str, ...]
    wanted: tuple[str, ...]
    capacity: int

    def teaching(self, skill: str) -> Self:
        """The same person, who offers this skill and does not want it."""
        return self._with(offered=(*self.offered, skill), wanted=_without(self.wanted, skill))

    def learning(self, skill: str) -> Self:
        """The same person, who wants this skill and does not offer it."""
        return self._with(wanted=(*self.wanted, skill), offered=_without(self.offered, skill))

    def without(self, language: str) -> Self:
        """The same person, who does not speak this language."""
        return replace(self, languages=_without(self.languages, language))

    def _with(self, *, offered: Iterable[str], wanted: Iterable[str]) -> Self:
        return replace(self, offered=tuple(dict.fromkeys(offered)), wanted=tuple(dict.fromkeys(wanted)))


def people(random: Random) -> list[Person]:
    """Sixty people: 20 who mentor, 5 who mentor and look for a mentor, and 35 who look for one."""
    identities = _identities(random)
    guides = islice(_roles(random, "mentor"), MENTORS + BOTH)
    seekers = islice(_roles(random, "mentee"), MENTEES)
    return [
        *(_mentor(random, next(identities), role, learns=number >= MENTORS) for number, role in enumerate(guides)),
        *(_mentee(random, next(identities), role) for role in seekers),
    ]


def counted(years: int) -> str:
    """`1 year`, `12 years`."""
    return "1 year" if years == 1 else f"{years} years"


def spoken(skill: str) -> str:
    """A skill in the middle of a sentence: `public speaking`, but `SQL` and `CV writing`."""
    return skill if skill[1].isupper() else skill[0].lower() + skill[1:]


def _without(words: Iterable[str], word: str) -> tuple[str, ...]:
    return tuple(each for each in words if each != word)


def _identities(random: Random) -> Iterator[dict[str, Any]]:
    """Names, homes and languages from as many cultures as there are. No first name comes twice."""
    cultures = random.sample(SOURCE["culture"], len(SOURCE["culture"]))
    firsts = [iter(random.sample(culture["given"], len(culture["given"]))) for culture in cultures]
    for culture, names in cycle(zip(cultures, firsts, strict=True)):
        first, family = next(names), random.choice(culture["family"])
        city, time_zone = random.choice(list(culture["homes"].items()))
        yield {
            "name": f"{family} {first}" if culture.get("family_first") else f"{first} {family}",
            "first": first,
            "email": f"{_plain(first)}.{_plain(family)}@example.org",
            "city": city,
            "time_zone": time_zone,
            "languages": tuple(culture["languages"]),
        }


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.translate(_PLAIN)).lower()
    return "".join(letter for letter in letters if letter.isascii() and (letter.isalpha() or letter == "-"))


def _roles(random: Random, side: str) -> Iterator[_Role]:
    """The roles of a side: one of each career, then the next of each."""
    careers = [
        [
            _Role(career["name"], tuple(career["skills"]), **role)
            for role in random.sample(career[side], len(career[side]))
        ]
        for career in SOURCE["career"]
    ]
    for turn in zip(*careers, strict=True):
        yield from random.sample(turn, len(turn))


def _mentor(random: Random, identity: dict[str, Any], role: _Role, *, learns: bool) -> Person:
    offered = _drawn(random, random.sample(role.skills, random.randint(2, 3)), random.randint(2, 3))
    wanted = _drawn(random, [], random.randint(2, 3) if learns else random.choice((0, 0, 1)), besides=offered)
    return _person(
        random,
        identity,
        role,
        years=random.randint(11, 16 if learns else 28),
        closing=random.choice(SOURCE["mentor_closings"]).format(skill=spoken(offered[0])),
        offered=tuple(offered),
        wanted=tuple(wanted),
        capacity=random.randint(1, 2) if learns else random.choice((1, 2, 2, 3, 4)),
    )


def _mentee(random: Random, identity: dict[str, Any], role: _Role) -> Person:
    own, *others = random.sample(role.skills, len(role.skills))
    wanted = _drawn(random, others[: random.randint(1, 2)], random.randint(2, 3), besides=[own])
    return _person(
        random,
        identity,
        role,
        # Who says how long must have something to say.
        years=random.randint(3, 8) if "{years}" in role.text else random.randint(1, 6),
        closing=random.choice(SOURCE["mentee_closings"]).format(skill=spoken(wanted[0])),
        offered=(own,),
        wanted=tuple(wanted),
        capacity=0,
    )


def _person(
    random: Random, identity: dict[str, Any], role: _Role, *, years: int, closing: str, **others: Any
) -> Person:
    return Person(
        **identity,
        career=role.career,
        headline=role.headline,
        experience=f"{role.text.format(years=counted(years), city=identity['city'])} {closing}",
        years=years,
        industry=role.industry,
        availability=_hours(random),
        **others,
    )


def _drawn(random: Random, skills: list[str], more: int, besides: Collection[str] = ()) -> list[str]:
    """The skills, and some more by their popularity."""
    drawn = dict.fromkeys(skills)
    while len(drawn) < len(skills) + more:
        (skill,) = random.choices(SKILLS, _POPULARITY)
        if skill not in besides:
            drawn[skill] = None
    return list(drawn)


def _hours(random: Random) -> tuple[Window, ...]:
    windows = [
        Window(weekday, start, end)
        for start, end in random.sample(_HABITS, random.choice((1, 2, 2)))
        for weekday in random.sample(range(5), random.randint(2, 4))
    ]
    if random.random() < 0.2:
        windows.append(_SATURDAY)
    return tuple(sorted(windows, key=lambda window: (window.weekday, window.start)))
