"""A community to measure on: the same rows every time, written in bulk to a migrated and empty database."""

import argparse
import asyncio
import gc
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from models.database.migrate import migrate
from models.mentorship import pair_of
from models.session import digest

PEOPLE, MENTORSHIPS, MESSAGES, SKILLS = 10_000, 5_000, 100_000, 300
# Each viewer mentors so many people, and has so many messages with each: that many whatever the scale.
VIEWERS, MENTEES_OF_A_VIEWER, MESSAGES_OF_A_VIEWER = 8, 25, 30
GOALS, MILESTONES = 6, 4

START = datetime(2026, 1, 1, tzinfo=UTC)
GIVEN = ["Ada", "Bo", "Chidi", "Dana", "Élise", "Farid", "Grace", "Hana", "Ivo", "Jun", "Kofi", "Lena", "Noor", "Théo"]
FAMILY = [
    "Abebe",
    "Brandt",
    "Costa",
    "Diallo",
    "Eriksen",
    "Gupta",
    "Haddad",
    "Ito",
    "Kovač",
    "Moreau",
    "Nowak",
    "O'Neil",
]
INDUSTRIES = ["Software", "Health", "Education", "Finance", "Research", "Public service", "Design", "Energy"]
ZONES = ["Europe/Lisbon", "Europe/Berlin", "America/Sao_Paulo", "Asia/Tokyo", "Africa/Accra", "UTC"]
LANGUAGES = ["en", "de", "fr", "pt-BR", "ja", "ar", "es", "zh-Hant"]
SAYINGS = [
    "Thanks for today; I wrote down the three things we said I should try before we talk again.",
    'She asked "why now?" and I had no good answer. How would you have put it?',
    "Friday at five suits me. Shall we use the first half for the plan and the rest for the interview?",
    "I have read the chapter. My notes are below; tell me where you would disagree with them.",
    "Good news: they said yes! 🙂",
]

# From one message to the next; a third of the moments have no fraction of a second.
STEPS = [timedelta(seconds=1 + step, microseconds=(0, 120, 345_678)[step % 3]) for step in range(1024)]

Row = tuple[Any, ...]


@dataclass
class Table:
    """The rows of a table, under its columns."""

    columns: str
    rows: list[Row] = field(default_factory=list)

    def add(self, *values: Any) -> None:
        """One more row."""
        self.rows.append(values)


def tables() -> dict[str, Table]:
    """The tables that are filled, in the order of their foreign keys."""
    return {
        "account": Table("id created_at email password_hash"),
        "inbox": Table("id created_at position epoch"),
        "session": Table("id created_at token_hash device expires_at account_id"),
        "skill": Table("id created_at name key"),
        "profile": Table(
            "id created_at account_id name headline experience years_of_experience industry languages time_zone"
            " availability capacity mentees"
        ),
        "profile_skill_offered": Table("profile_id skill_id"),
        "profile_skill_wanted": Table("profile_id skill_id"),
        "mentorship_request": Table(
            "id created_at author_id mentor_id mentee_id message months cadence status reason expires_at decided_at"
        ),
        "mentorship": Table(
            "id created_at request_id mentor_id mentee_id status cadence ends_on end_reason active_pair"
        ),
        "conversation": Table("id created_at mentorship_id last_number last_activity_at"),
        "participant": Table("id created_at conversation_id profile_id read_number"),
        "message": Table("id created_at author_id client_id conversation_id number body"),
        "goal": Table("id created_at author_id mentorship_id title description due_on status closed_at"),
        "milestone": Table("id created_at author_id goal_id title position due_on completed_at"),
    }


def token(viewer: int) -> str:
    """The token of a viewer's sign-in."""
    return f"bench-viewer-{viewer}-00000000000000000000000000"


@dataclass(frozen=True)
class Key:
    """What a benchmark asks for."""

    viewer: UUID
    mentorship: UUID


class Community:
    """Makes the rows. `scale` multiplies everything but what the viewers see."""

    def __init__(self, scale: int = 1) -> None:
        self.random = Random(7)
        self.scale = scale
        self.tables = tables()
        self._milliseconds = int(START.timestamp() * 1000)

    def id(self) -> UUID:
        """A UUIDv7: each is later than the one before."""
        self._milliseconds += 1
        drawn = self.random.getrandbits(74)
        low = drawn & ((1 << 62) - 1)
        return UUID(int=self._milliseconds << 80 | 0x7 << 76 | drawn >> 62 << 64 | 0b10 << 62 | low)

    def fill(self) -> Key:
        """All the rows. Returns the first viewer, and a mentorship of theirs with goals."""
        people = self._people(PEOPLE * self.scale)
        mentorships = list(self._mentorships(people, MENTORSHIPS * self.scale))
        for (mentorship, mentor, mentee), length in zip(mentorships, self._lengths(), strict=True):
            self._conversation(mentorship, mentor, mentee, length)
        for mentorship, mentor, mentee in mentorships[: len(mentorships) // 5]:
            self._goals(mentorship, mentor, mentee)
        return Key(people[0], mentorships[0][0])

    def _people(self, number: int) -> list[UUID]:
        skills = [self.id() for _ in range(SKILLS)]
        for index, skill in enumerate(skills):
            self.tables["skill"].add(skill, START, f"Skill {index}", f"skill {index}")
        people = [self.id() for _ in range(number)]
        for index, person in enumerate(people):
            self._person(index, person, skills)
        for viewer in range(VIEWERS):
            self.tables["session"].add(
                self.id(), START, digest(token(viewer)), "bench", START + timedelta(days=36_500), people[viewer]
            )
        return people

    def _person(self, index: int, person: UUID, skills: list[UUID]) -> None:
        some = self.random
        name = f"{some.choice(GIVEN)} {some.choice(FAMILY)}"
        years, industry = some.randrange(40), some.choice(INDUSTRIES)
        capacity = 50 if index < VIEWERS else some.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 5))
        languages = '["' + '", "'.join(some.sample(LANGUAGES, some.randint(1, 3))) + '"]'
        self.tables["account"].add(person, START, f"person-{index}@bench.example", "no password")
        self.tables["inbox"].add(person, START, 0, f"{index:08x}")
        self.tables["profile"].add(
            person, START, person, name, f"{industry}: {years} years, \"still curious\"",
            f"{name} has worked in {industry.lower()} for {years} years, in teams of all sizes.", years, industry,
            languages, some.choice(ZONES), '[{"weekday": 1, "start": 1020, "end": 1140}]', capacity, 0,
        )  # fmt: skip
        for relation in ("profile_skill_offered", "profile_skill_wanted"):
            for skill in some.sample(skills, some.randint(3, 7)):
                self.tables[relation].add(person, skill)

    def _mentorships(self, people: list[UUID], number: int) -> Iterator[tuple[UUID, UUID, UUID]]:
        mentees = iter(people[VIEWERS:])
        pairs = [(people[viewer], next(mentees)) for viewer in range(VIEWERS) for _ in range(MENTEES_OF_A_VIEWER)]
        known = set(pairs)
        while len(pairs) < number:
            mentor, mentee = self.random.sample(people[VIEWERS:], 2)
            if (mentor, mentee) not in known:
                known.add((mentor, mentee))
                pairs.append((mentor, mentee))
        for index, (mentor, mentee) in enumerate(pairs):
            moment, request, mentorship = START + timedelta(minutes=index), self.id(), self.id()
            self.tables["mentorship_request"].add(
                request, moment, mentee, mentor, mentee, "Will you?", 6, "MONTHLY", "ACCEPTED", "", moment, moment
            )
            self.tables["mentorship"].add(
                mentorship, moment, request, mentor, mentee, "ACTIVE", "MONTHLY", date(2026, 12, 1), "",
                pair_of(mentor, mentee),
            )  # fmt: skip
            yield mentorship, mentor, mentee

    def _lengths(self) -> list[int]:
        """How many messages each conversation has: Zipf's law, but for those of the viewers."""
        viewers = [MESSAGES_OF_A_VIEWER] * (VIEWERS * MENTEES_OF_A_VIEWER)
        others, left = MENTORSHIPS * self.scale - len(viewers), MESSAGES * self.scale - sum(viewers)
        share = left / sum(1 / rank for rank in range(1, others + 1))
        lengths = [int(share / rank) for rank in range(1, others + 1)]
        # What the rounding lost goes to the longest one.
        lengths[0] += left - sum(lengths)
        self.random.shuffle(lengths)
        return viewers + lengths

    def _conversation(self, mentorship: UUID, mentor: UUID, mentee: UUID, length: int) -> None:
        conversation, begin = self.id(), START + timedelta(seconds=self.random.randrange(10_000_000))
        moment = begin
        messages = self.tables["message"]
        for number in range(1, length + 1):
            # One draw for all that is random here: there are a million messages on the larger scale.
            drawn = self.random.getrandbits(24)
            moment += STEPS[drawn & 1023]
            author = mentor if drawn >> 10 & 1 else mentee
            body = f"{SAYINGS[(drawn >> 11) % len(SAYINGS)]} ({number})"
            messages.add(self.id(), moment, author, f"{conversation}{number}", conversation, number, body)
        self.tables["conversation"].add(conversation, begin, mentorship, length, moment)
        for person in (mentor, mentee):
            self.tables["participant"].add(self.id(), begin, conversation, person, self.random.randint(0, length))

    def _goals(self, mentorship: UUID, mentor: UUID, mentee: UUID) -> None:
        for number in range(GOALS):
            goal, moment = self.id(), START + timedelta(days=number)
            reached = number % 3 == 0
            self.tables["goal"].add(
                goal, moment, self.random.choice((mentor, mentee)), mentorship, f"Goal {number}: give a talk",
                "At the meeting in spring, in front of everybody.", date(2026, 6, 1) if number % 2 else None,
                "REACHED" if reached else "OPEN", moment if reached else None,
            )  # fmt: skip
            for position in range(1, MILESTONES + 1):
                done = moment if reached or position == 1 else None
                self.tables["milestone"].add(
                    self.id(), moment, mentee, goal, f"Step {position} of {MILESTONES}", position, None, done
                )


async def fill(url: str, scale: int = 1) -> Key:
    """Migrate the empty database at `url` and fill it. Returns what a benchmark asks for."""
    await migrate(url)
    community = Community(scale)
    # Millions of rows come into being and none goes: the collector would look through them again and again.
    gc.disable()
    try:
        key = community.fill()
        if url.startswith("sqlite://"):
            _write_sqlite(url.removeprefix("sqlite://"), community.tables)
        else:
            await _write_postgres(url, community.tables)
    finally:
        gc.enable()
    return key


def _write_sqlite(path: str, tables: dict[str, Table]) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    for name, table in tables.items():
        columns = table.columns.split()
        statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        connection.executemany(statement, _as_text(table.rows))
    connection.commit()
    connection.close()


def _as_text(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows as the ORM stores them on SQLite."""
    for row in rows:
        yield tuple(
            str(value) if isinstance(value, UUID | datetime | date) else value for value in row
        )  # str(datetime) has a space, as the ORM's text has


async def _write_postgres(url: str, tables: dict[str, Table]) -> None:
    connection = await asyncpg.connect(url)
    try:
        with suppress(asyncpg.InsufficientPrivilegeError):
            # No foreign key is checked then: they are all known to hold.
            await connection.execute("SET session_replication_role = replica")
        for name, table in tables.items():
            await connection.copy_records_to_table(name, records=table.rows, columns=table.columns.split())
        # What autovacuum would do in a minute or so; until then the database knows nothing about its tables.
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fill an empty database with the community of the benchmarks.")
    parser.add_argument("url")
    parser.add_argument("--scale", type=int, default=1)
    chosen = parser.parse_args()
    print(asyncio.run(fill(chosen.url, chosen.scale)))
