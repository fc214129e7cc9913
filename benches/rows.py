"""A hand-written endpoint: two or three statements of rows, put together in Python, and orjson."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import aiosqlite
import asyncpg
import orjson

Answer = Callable[[dict[str, Any]], Awaitable[bytes]]

MENTORS = """SELECT id, name, headline, experience, years_of_experience, industry, time_zone, capacity FROM profile
  WHERE capacity > 0 AND id <> $1 ORDER BY name, id LIMIT $2"""
SKILLS = """SELECT o.profile_id, s.name FROM profile_skill_offered o JOIN skill s ON s.id = o.skill_id
  WHERE o.profile_id {among} ORDER BY s.name, s.id"""
INBOX = """SELECT c.id, c.last_activity_at, c.last_number - me.read_number AS unread, p.id AS person_id,
    p.name AS person, m.id AS message_id, m.body, m.created_at, a.name AS author
  FROM participant me JOIN conversation c ON c.id = me.conversation_id
  LEFT JOIN participant other ON other.conversation_id = c.id AND other.profile_id <> $1
  LEFT JOIN profile p ON p.id = other.profile_id
  LEFT JOIN message m ON m.conversation_id = c.id AND m.number = c.last_number
  LEFT JOIN profile a ON a.id = m.author_id
  WHERE me.profile_id = $1 ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $2"""
MENTORSHIP = """SELECT m.id, m.status, m.cadence, m.created_at, m.ends_on, a.id, a.name, a.headline, a.time_zone,
    b.id, b.name, b.headline, b.time_zone
  FROM mentorship m JOIN profile a ON a.id = m.mentor_id JOIN profile b ON b.id = m.mentee_id
  WHERE m.id = $1 AND (m.mentor_id = $2 OR m.mentee_id = $2)"""
GOALS = """SELECT id, title, description, due_on, status FROM goal
  WHERE mentorship_id = $1 ORDER BY created_at, id LIMIT $2"""
MILESTONES = """SELECT goal_id, id, title, position, completed_at FROM milestone
  WHERE goal_id {among} ORDER BY goal_id, position"""

Fetch = Callable[..., Awaitable[Sequence[Any]]]


class Rows:
    """The endpoint's three answers; a subclass knows its database."""

    def __init__(self, viewer: UUID) -> None:
        self.viewer: Any = viewer

    async def fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        """The rows of a statement."""
        raise NotImplementedError

    async def among(self, statement: str, ids: list[Any]) -> Sequence[Any]:
        """The rows of a statement that belong to any of the ids."""
        raise NotImplementedError

    def key(self, text: str) -> Any:
        """An id as the database keeps it."""
        raise NotImplementedError

    def time(self, value: Any) -> Any:
        """A moment as orjson may write it."""
        return value

    async def mentors(self, parameters: dict[str, Any]) -> bytes:
        """The mentors by name, with their skills."""
        people = await self.fetch(MENTORS, self.viewer, parameters["first"])
        skills: dict[Any, list[dict[str, Any]]] = {person[0]: [] for person in people}
        for person, name in await self.among(SKILLS, list(skills)):
            skills[person].append({"name": name})
        edges = [
            {
                "node": {
                    "id": f"Profile:{key}",
                    "name": name,
                    "headline": headline,
                    "experience": experience,
                    "yearsOfExperience": years,
                    "industry": industry,
                    "timeZone": zone,
                    "capacity": capacity,
                    "skillsOffered": skills[key],
                }
            }
            for key, name, headline, experience, years, industry, zone, capacity in people
        ]
        return orjson.dumps({"data": {"mentors": {"edges": edges}}})

    async def inbox(self, parameters: dict[str, Any]) -> bytes:
        """The conversations, the latest first."""
        rows = await self.fetch(INBOX, self.viewer, parameters["first"])
        edges = []
        for key, active, unread, person_id, person, message_id, body, created, author in rows:
            last = message_id and {
                "id": f"Message:{message_id}",
                "body": body,
                "createdAt": self.time(created),
                "author": {"name": author},
            }
            node = {
                "id": f"Conversation:{key}",
                "lastActivityAt": self.time(active),
                "unreadCount": unread,
                "counterpart": person_id and {"id": f"Profile:{person_id}", "name": person},
                "lastMessage": last,
            }
            edges.append({"node": node})
        return orjson.dumps({"data": {"conversations": {"edges": edges}}})

    async def dashboard(self, parameters: dict[str, Any]) -> bytes:
        """A mentorship with its people, goals and milestones."""
        key = self.key(parameters["id"].partition(":")[2])
        found = await self.fetch(MENTORSHIP, key, self.viewer)
        if not found:
            return b'{"data":{"mentorship":null}}'
        _, status, cadence, created, ends, *people = found[0]
        goals = await self.fetch(GOALS, key, parameters["first"])
        milestones: dict[Any, list[dict[str, Any]]] = {goal[0]: [] for goal in goals}
        for goal, step, title, position, completed in await self.among(MILESTONES, list(milestones)):
            milestones[goal].append(
                {
                    "id": f"Milestone:{step}",
                    "title": title,
                    "position": position,
                    "completedAt": completed and self.time(completed),
                }
            )
        edges = [
            {
                "node": {
                    "id": f"Goal:{goal}",
                    "title": title,
                    "description": description,
                    "dueOn": due,
                    "status": state,
                    "milestones": milestones[goal],
                }
            }
            for goal, title, description, due, state in goals
        ]
        mentorship = {
            "id": f"Mentorship:{key}",
            "status": status,
            "cadence": cadence,
            "createdAt": self.time(created),
            "endsOn": ends,
            "mentor": _person(people[:4]),
            "mentee": _person(people[4:]),
            "goals": {"edges": edges},
        }
        return orjson.dumps({"data": {"mentorship": mentorship}})


def _person(columns: list[Any]) -> dict[str, Any]:
    key, name, headline, zone = columns
    return {"id": f"Profile:{key}", "name": name, "headline": headline, "timeZone": zone}


class PostgresRows(Rows):
    """Over asyncpg, which prepares each statement once for each connection."""

    def __init__(self, viewer: UUID, pool: asyncpg.Pool) -> None:
        super().__init__(viewer)
        self.pool = pool

    async def fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        async with self.pool.acquire() as connection:
            rows: Sequence[Any] = await connection.fetch(statement, *values)
            return rows

    async def among(self, statement: str, ids: list[Any]) -> Sequence[Any]:
        return await self.fetch(statement.format(among="= ANY($1::uuid[])"), ids)

    def key(self, text: str) -> Any:
        return UUID(text)


class SqliteRows(Rows):
    """Over aiosqlite: one connection, in a thread of its own."""

    def __init__(self, viewer: UUID, connection: aiosqlite.Connection) -> None:
        super().__init__(viewer)
        self.viewer = str(viewer)
        self.connection = connection

    async def fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        # SQLite counts ?1 where PostgreSQL has $1.
        return list(await self.connection.execute_fetchall(statement.replace("$", "?"), values))

    async def among(self, statement: str, ids: list[Any]) -> Sequence[Any]:
        return await self.fetch(statement.format(among=f"IN ({', '.join('?' * len(ids))})"), *ids)

    def key(self, text: str) -> Any:
        return text

    def time(self, value: Any) -> Any:
        return value.replace(" ", "T")
