"""A made-up community, as programmes have them: a few skills that everybody wants, many that few offer, hard rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from matching.fit import Person
from matching.population import Population
from matching.programme import Market
from matching.rules import Differ, Rule, Share

SKILLS: Final = 300
INDUSTRIES: Final = 12
TEAMS: Final = 200

# Hours ahead of UTC, and how many live there.
_ZONES: Final = {-5: 20, 0: 25, 1: 35, 5: 12, 8: 8}
_LANGUAGES: Final = {"en": 80, "de": 20, "fr": 15, "es": 15, "pt": 8, "hi": 6, "zh": 6}
ROOTS: Final = [
    *("research", "team", "budget", "negotiation", "python", "statistics", "teaching", "data", "science", "marketing"),
    *("pricing", "contracts", "manager", "feedback", "delegate", "coach", "career", "design", "writing", "sales"),
    *("hiring", "product", "finance", "health", "engineering", "cloud", "security", "architecture", "speaking"),
    *("strategy", "law", "operations", "quality", "logistics", "energy", "biology", "chemistry", "policy", "media"),
]


@dataclass(frozen=True, slots=True)
class Community:
    """People, who of them look for a mentor, how many places the others have, and the rules."""

    population: Population
    mentees: list[int]
    capacity: dict[int, int]
    rules: list[Rule]

    def market(self) -> Market:
        """All of it to be matched."""
        return Market(self.population, self.mentees, self.capacity, rules=self.rules)


def community(mentees: int, mentors: int, *, seed: int = 1, texts: bool = True) -> Community:
    """So many of each; equal seeds make equal communities. Every mentor has one to three places."""
    random = Random(seed)
    people = list(_people(random, mentees, mentors, texts))
    ids = [person.id for person in people]
    teams = {number: random.randrange(TEAMS) for number in range(mentees + mentors)}
    needed = {
        number: {random.choices(list(_LANGUAGES), list(_LANGUAGES.values()))[0]} for number in range(0, mentees, 5)
    }
    rules: list[Rule] = [
        Differ("same team", teams, teams),
        Share("required language", needed, {person.id: person.languages for person in people[mentees:]}),
    ]
    capacity = {number: random.choices((1, 2, 3), (40, 35, 25))[0] for number in range(mentees, len(ids))}
    return Community(Population(people), list(range(mentees)), capacity, rules)


def _people(random: Random, mentees: int, mentors: int, texts: bool) -> Iterator[Person]:
    popular = [1 / (rank + 1) for rank in range(SKILLS)]
    for number in range(mentees + mentors):
        is_mentor = number >= mentees
        skills = frozenset(f"skill {one}" for one in random.choices(range(SKILLS), popular, k=random.randint(2, 6)))
        zone = random.choices(list(_ZONES), list(_ZONES.values()))[0]
        spoken = random.choices(list(_LANGUAGES), list(_LANGUAGES.values()), k=random.choice((1, 2, 2)))
        text = " ".join(random.choices(ROOTS, k=random.randint(8, 40))) if texts and random.random() < 0.7 else ""
        yield Person(
            id=number,
            skills_offered=skills if is_mentor else frozenset(),
            skills_wanted=frozenset() if is_mentor else skills,
            languages=frozenset(spoken),
            week=_week(random, zone),
            years_of_experience=random.randint(5, 35) if is_mentor else random.randint(0, 15),
            industry=f"industry {min(random.randrange(INDUSTRIES), random.randrange(INDUSTRIES))}",
            goals="" if is_mentor else text,
            about=text if is_mentor else "",
            formats=frozenset(random.sample(("VIDEO", "PHONE", "IN_PERSON"), k=random.randint(0, 2))),
            utc_offset_minutes=60 * zone,
        )


def _week(random: Random, zone: int) -> int:
    """Some stretches of one to four hours between eight and nine, on weekdays mostly."""
    mask = 0
    for _ in range(random.randint(0, 6)):
        start = 24 * random.choices(range(7), (5, 5, 5, 5, 5, 1, 1))[0] + random.randint(8, 18) - zone
        for hour in range(start, start + random.randint(1, 4)):
            mask |= 1 << hour % 168
    return mask
