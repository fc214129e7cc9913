"""What the pairs of the demo community say and do, as written in `stories.toml`."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.demo.people import Person, counted, spoken
from matching.fit import Side
from models.mentorship import Cadence

_EXPERIENCE: Final = (1, 10)
_SPEAKER: Final = re.compile(r"^(mentee|mentor): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Objective:
    """A goal of a story. The first `done` of its steps are done."""

    title: str
    why: str
    steps: tuple[str, ...]
    done: int


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a story; `later` if some days have passed, else it follows within the hour."""

    by: Side
    body: str
    later: bool


@dataclass(frozen=True, slots=True)
class Story:
    """A mentorship from its request on.

    `mentors` and `mentees` are the careers that it fits (none for all), `experience` the least and most years of its
    mentee. `farewell` is why it ended; None while it goes on.
    """

    skills: tuple[str, ...]
    mentors: tuple[str, ...]
    mentees: tuple[str, ...]
    experience: tuple[int, int]
    cadence: Cadence
    months: int
    ask: str
    agenda: str
    farewell: str | None
    talk: tuple[Line, ...]
    goals: tuple[Objective, ...]

    def suits(self, mentor: Person, mentee: Person) -> bool:
        """Could this be the story of these two?"""
        return (
            (not self.mentors or mentor.career in self.mentors)
            and (not self.mentees or mentee.career in self.mentees)
            and self.experience[0] <= mentee.years <= self.experience[1]
        )


@dataclass(frozen=True, slots=True)
class Approach:
    """A request that made no pair: pending, unless it was withdrawn, or declined for a `reason`.

    So many `further` mentors would be asked after the first.
    """

    message: str
    reason: str | None
    withdrawn: bool
    further: int


def told(text: str, mentor: Person, mentee: Person, skill: str = "") -> str:
    """The text of a story, about these two."""
    return text.format(
        mentor=mentor.first,
        mentee=mentee.first,
        mentor_city=mentor.city,
        mentee_city=mentee.city,
        years=counted(mentor.years),
        skill=spoken(skill) if skill else "",
    )


def _story(source: dict[str, Any]) -> Story:
    return Story(
        skills=tuple(source["skills"]),
        mentors=tuple(source.get("mentors", ())),
        mentees=tuple(source.get("mentees", ())),
        experience=tuple(source.get("experience", _EXPERIENCE)),
        cadence=Cadence(source["cadence"]),
        months=source["months"],
        ask=source["ask"],
        agenda=source["agenda"],
        farewell=source.get("farewell"),
        talk=_talk(source["talk"]),
        goals=tuple(
            Objective(goal["title"], goal["why"], tuple(goal["steps"]), goal["done"]) for goal in source["goals"]
        ),
    )


def _talk(text: str) -> tuple[Line, ...]:
    # What comes before the first speaker, then speakers and what they say by turns.
    start, *parts = _SPEAKER.split(text)
    before = [start, *parts[1::2]]
    return tuple(
        Line(Side(side), " ".join(body.split()), before[number].endswith("\n\n"))
        for number, (side, body) in enumerate(zip(parts[::2], parts[1::2], strict=True))
    )


_SOURCE: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("stories.toml").read_text("utf-8"))

STORIES: Final = tuple(_story(source) for source in _SOURCE["story"])
APPROACHES: Final = tuple(
    Approach(source["message"], source.get("reason"), source.get("withdrawn", False), source.get("further", 0))
    for source in _SOURCE["request"]
)
