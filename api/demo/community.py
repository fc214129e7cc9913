"""The demo community as a plan: who takes part, and who goes with whom. Nothing here touches a database."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import matching.fit
from api.demo.people import Person, people
from api.demo.stories import APPROACHES, STORIES, Approach, Story
from matching.availability import week_mask
from matching.population import Population
from matching.scoring import explain

# One day for all years, so that the same people meet whether it is summer or winter.
_DAY: Final = date(2026, 1, 15)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people and their story."""

    mentor: Person
    mentee: Person
    story: Story


@dataclass(frozen=True, slots=True)
class Hope:
    """Somebody who asked somebody for help with a skill, and whose request made no pair."""

    mentor: Person
    mentee: Person
    approach: Approach
    skill: str
    further: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Community:
    """Everybody, the pairs, and the requests that made none."""

    people: list[Person]
    pairs: list[Pair]
    hopes: list[Hope]


def community(random: Random) -> Community:
    """A community for this randomness: equal seeds make equal communities."""
    casting = _Casting(random, people(random))
    # The choosy stories choose first.
    for story in sorted(STORIES, key=lambda story: (not story.mentors, not story.mentees)):
        casting.cast(story)
    pairs = [Pair(casting.people[mentor], casting.people[mentee], story) for mentor, mentee, story in casting.cast_as]
    hopes = [casting.hope(approach) for approach in APPROACHES]
    return Community(casting.everybody(), pairs, hopes)


class _Casting:
    """Finds the people of each story: those whom matching would suggest to each other, with some chance in it."""

    def __init__(self, random: Random, everybody: list[Person]) -> None:
        self.people = {person.name: person for person in everybody}
        self.cast_as: list[tuple[str, str, Story]] = []
        self._random = random
        self._taken: set[str] = set()
        self._load: Counter[str] = Counter()
        self._weeks = {
            person.name: week_mask(person.availability, ZoneInfo(person.time_zone), _DAY) for person in everybody
        }
        self._population = Population(self._matchable(person) for person in everybody)

    def cast(self, story: Story) -> None:
        """Give the story to the two whom it suits best, and make its skill theirs."""

        def suits(mentor: Person, mentee: Person) -> float:
            known = any(skill in mentor.offered for skill in story.skills)
            sought = any(skill in mentee.wanted for skill in story.skills)
            return (1 + known + sought) * story.suits(mentor, mentee)

        mentor, mentee = self._best(suits)
        self.people[mentor.name] = mentor.teaching(story.skills[0])
        self.people[mentee.name] = mentee.learning(story.skills[0])
        for name in (mentor.name, mentee.name):
            self._population.put(self._matchable(self.people[name]))
        self.cast_as.append((mentor.name, mentee.name, story))

    def hope(self, approach: Approach) -> Hope:
        """The two of a request that makes no pair."""
        mentor, mentee = self._best(lambda mentor, mentee: bool(_shared(mentor, mentee)))
        skill = _shared(mentor, mentee)[0]
        # By name, and without chance: who is asked first is not changed by who would be asked next.
        others = [one for one in self._mentors() if one not in (mentor, mentee) and skill in one.offered]
        further = sorted(others, key=lambda one: one.name)[: approach.further]
        return Hope(mentor, mentee, approach, skill, tuple(further))

    def everybody(self) -> list[Person]:
        """All people. The stories are told in English, so somebody who is in none may do without it."""
        return [
            person.without("en") if self._is_idle(person) and self._random.random() < 0.3 else person
            for person in self.people.values()
        ]

    def _is_idle(self, person: Person) -> bool:
        return person.name not in self._taken and not self._load[person.name] and person.languages != ("en",)

    def _best(self, suits: Callable[[Person, Person], float]) -> tuple[Person, Person]:
        """The most promising of the pairs that suit at all, who count more the more they suit."""

        def promise(fit: float, mentor: Person, mentee: Person) -> float:
            # Somebody who mentors already is a little less likely to be asked.
            crowd = 0.15 * self._load[mentor.name]
            return fit + 0.1 * suits(mentor, mentee) + 0.1 * self._random.random() - crowd

        mentors, mentees = self._mentors(), self._mentees()
        pairs = [
            (mentor, mentee)
            for mentor in mentors
            for mentee in mentees
            if mentor.years > mentee.years and suits(mentor, mentee)
        ]
        fits = explain(self._population, [mentee.name for _, mentee in pairs], [mentor.name for mentor, _ in pairs])
        promises = [promise(fit, *pair) for fit, pair in zip(fits.scores.tolist(), pairs, strict=True)]
        mentor, mentee = pairs[promises.index(max(promises))]
        self._taken.add(mentee.name)
        self._load[mentor.name] += 1
        return mentor, mentee

    def _mentors(self) -> list[Person]:
        """Who has a free place."""
        return [person for person in self.people.values() if person.capacity > self._load[person.name]]

    def _mentees(self) -> list[Person]:
        """Who looks for a mentor and has not asked one yet."""
        return [person for person in self.people.values() if person.wanted and person.name not in self._taken]

    def _matchable(self, person: Person) -> matching.fit.Person:
        return matching.fit.Person(
            id=person.name,
            skills_offered=frozenset(person.offered),
            skills_wanted=frozenset(person.wanted),
            languages=frozenset(person.languages),
            week=self._weeks[person.name],
            years_of_experience=person.years,
            industry=person.industry,
        )


def _shared(mentor: Person, mentee: Person) -> list[str]:
    return [skill for skill in mentee.wanted if skill in mentor.offered]
