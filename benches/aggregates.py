"""A hand-written endpoint whose answer is made by the database: one statement of JSON for each query."""

from typing import Any
from uuid import UUID

import aiosqlite
import asyncpg

POSTGRES = {
    "mentors": """SELECT json_build_object('data', json_build_object('mentors', json_build_object('edges', coalesce(
  json_agg(json_build_object('node', json_build_object('id', 'Profile:' || p.id, 'name', p.name,
    'headline', p.headline, 'experience', p.experience, 'yearsOfExperience', p.years_of_experience,
    'industry', p.industry, 'timeZone', p.time_zone, 'capacity', p.capacity, 'skillsOffered', (
      SELECT coalesce(json_agg(json_build_object('name', s.name) ORDER BY s.name, s.id), '[]') FROM skill s
      JOIN profile_skill_offered o ON o.skill_id = s.id WHERE o.profile_id = p.id))) ORDER BY p.name, p.id), '[]'))))
  FROM (SELECT * FROM profile WHERE capacity > 0 AND id <> $1 ORDER BY name, id LIMIT $2) p""",
    "inbox": """SELECT json_build_object('data', json_build_object('conversations', json_build_object('edges', coalesce(
  json_agg(json_build_object('node', json_build_object('id', 'Conversation:' || c.id,
    'lastActivityAt', {c.last_activity_at}, 'unreadCount', c.unread,
    'counterpart', CASE WHEN p.id IS NOT NULL THEN json_build_object('id', 'Profile:' || p.id, 'name', p.name) END,
    'lastMessage', CASE WHEN m.id IS NOT NULL THEN json_build_object('id', 'Message:' || m.id, 'body', m.body,
      'createdAt', {m.created_at}, 'author', json_build_object('name', a.name)) END))
    ORDER BY c.last_activity_at DESC, c.id DESC), '[]'))))
  FROM (SELECT c.*, c.last_number - me.read_number AS unread FROM participant me
    JOIN conversation c ON c.id = me.conversation_id
    WHERE me.profile_id = $1 ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $2) c
  LEFT JOIN participant other ON other.conversation_id = c.id AND other.profile_id <> $1
  LEFT JOIN profile p ON p.id = other.profile_id
  LEFT JOIN message m ON m.conversation_id = c.id AND m.number = c.last_number
  LEFT JOIN profile a ON a.id = m.author_id""",
    "dashboard": """SELECT json_build_object('data', json_build_object('mentorship', (
  SELECT json_build_object('id', 'Mentorship:' || m.id, 'status', m.status, 'cadence', m.cadence,
    'createdAt', {m.created_at}, 'endsOn', m.ends_on,
    'mentor', json_build_object('id', 'Profile:' || a.id, 'name', a.name, 'headline', a.headline,
      'timeZone', a.time_zone),
    'mentee', json_build_object('id', 'Profile:' || b.id, 'name', b.name, 'headline', b.headline,
      'timeZone', b.time_zone),
    'goals', json_build_object('edges', (SELECT coalesce(json_agg(json_build_object('node', json_build_object(
      'id', 'Goal:' || g.id, 'title', g.title, 'description', g.description, 'dueOn', g.due_on, 'status', g.status,
      'milestones', (SELECT coalesce(json_agg(json_build_object('id', 'Milestone:' || s.id, 'title', s.title,
        'position', s.position, 'completedAt', {s.completed_at}) ORDER BY s.position), '[]')
        FROM milestone s WHERE s.goal_id = g.id))) ORDER BY g.created_at, g.id), '[]')
      FROM (SELECT * FROM goal WHERE mentorship_id = m.id ORDER BY created_at, id LIMIT $3) g)))
  FROM mentorship m JOIN profile a ON a.id = m.mentor_id JOIN profile b ON b.id = m.mentee_id
  WHERE m.id = $2 AND (m.mentor_id = $1 OR m.mentee_id = $1))))""",
}

SQLITE = {
    "mentors": """SELECT json_object('data', json_object('mentors', json_object('edges',
  json_group_array(json_object('node', json_object('id', 'Profile:' || p.id, 'name', p.name,
    'headline', p.headline, 'experience', p.experience, 'yearsOfExperience', p.years_of_experience,
    'industry', p.industry, 'timeZone', p.time_zone, 'capacity', p.capacity, 'skillsOffered', json((
      SELECT json_group_array(json_object('name', name)) FROM (SELECT s.name FROM profile_skill_offered o
      JOIN skill s ON o.skill_id = s.id WHERE o.profile_id = p.id ORDER BY s.name, s.id)))))))))
  FROM (SELECT * FROM profile WHERE capacity > 0 AND id <> ?1 ORDER BY name, id LIMIT ?2) p""",
    "inbox": """SELECT json_object('data', json_object('conversations', json_object('edges',
  json_group_array(json_object('node', json_object('id', 'Conversation:' || id,
    'lastActivityAt', {last_activity_at}, 'unreadCount', unread,
    'counterpart', json(CASE WHEN person_id IS NOT NULL THEN
      json_object('id', 'Profile:' || person_id, 'name', person) END),
    'lastMessage', json(CASE WHEN message_id IS NOT NULL THEN json_object('id', 'Message:' || message_id,
      'body', body, 'createdAt', {created_at}, 'author', json_object('name', author)) END)))))))
  FROM (SELECT c.id, c.last_activity_at, c.last_number - me.read_number AS unread, p.id AS person_id,
      p.name AS person, m.id AS message_id, m.body, m.created_at, a.name AS author
    FROM participant me JOIN conversation c ON c.id = me.conversation_id
    LEFT JOIN participant other ON other.conversation_id = c.id AND other.profile_id <> ?1
    LEFT JOIN profile p ON p.id = other.profile_id
    LEFT JOIN message m ON m.conversation_id = c.id AND m.number = c.last_number
    LEFT JOIN profile a ON a.id = m.author_id
    WHERE me.profile_id = ?1 ORDER BY c.last_activity_at DESC, c.id DESC LIMIT ?2)""",
    "dashboard": """SELECT json_object('data', json_object('mentorship', json((
  SELECT json_object('id', 'Mentorship:' || m.id, 'status', m.status, 'cadence', m.cadence,
    'createdAt', {m.created_at}, 'endsOn', m.ends_on,
    'mentor', json_object('id', 'Profile:' || a.id, 'name', a.name, 'headline', a.headline, 'timeZone', a.time_zone),
    'mentee', json_object('id', 'Profile:' || b.id, 'name', b.name, 'headline', b.headline, 'timeZone', b.time_zone),
    'goals', json_object('edges', json((SELECT json_group_array(json_object('node', json_object(
      'id', 'Goal:' || g.id, 'title', g.title, 'description', g.description, 'dueOn', g.due_on, 'status', g.status,
      'milestones', json((SELECT json_group_array(json_object('id', 'Milestone:' || id, 'title', title,
        'position', position, 'completedAt', {completed_at}))
        FROM (SELECT * FROM milestone s WHERE s.goal_id = g.id ORDER BY position))))))
      FROM (SELECT * FROM goal WHERE mentorship_id = m.id ORDER BY created_at, id LIMIT ?3) g))))
  FROM mentorship m JOIN profile a ON a.id = m.mentor_id JOIN profile b ON b.id = m.mentee_id
  WHERE m.id = ?2 AND (m.mentor_id = ?1 OR m.mentee_id = ?1)))))""",
}


def _timed(statements: dict[str, str], before: str, after: str) -> dict[str, str]:
    """The statements, with each moment in braces written as Python's isoformat does."""
    return {name: text.replace("{", before).replace("}", after) for name, text in statements.items()}


POSTGRES = _timed(
    POSTGRES, "replace(to_char(", " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || '+00:00'"
)
SQLITE = _timed(SQLITE, "replace(", ", ' ', 'T')")


class PostgresAggregates:
    """Over asyncpg."""

    def __init__(self, viewer: UUID, pool: asyncpg.Pool) -> None:
        self.viewer = viewer
        self.pool = pool

    async def mentors(self, parameters: dict[str, Any]) -> bytes:
        """The mentors by name, with their skills."""
        return await self._fetch("mentors", parameters["first"])

    async def inbox(self, parameters: dict[str, Any]) -> bytes:
        """The conversations, the latest first."""
        return await self._fetch("inbox", parameters["first"])

    async def dashboard(self, parameters: dict[str, Any]) -> bytes:
        """A mentorship with its people, goals and milestones."""
        return await self._fetch("dashboard", UUID(parameters["id"].partition(":")[2]), parameters["first"])

    async def _fetch(self, name: str, *values: Any) -> bytes:
        async with self.pool.acquire() as connection:
            text: str = await connection.fetchval(POSTGRES[name], self.viewer, *values)
            return text.encode()


class SqliteAggregates(PostgresAggregates):
    """Over aiosqlite."""

    def __init__(self, viewer: UUID, connection: aiosqlite.Connection) -> None:
        self.connection = connection
        self._viewer = str(viewer)

    async def _fetch(self, name: str, *values: Any) -> bytes:
        asked = [self._viewer, *(str(value) if isinstance(value, UUID) else value for value in values)]
        ((text,),) = await self.connection.execute_fetchall(SQLITE[name], asked)
        return bytes(text.encode())
