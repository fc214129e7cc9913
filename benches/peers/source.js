// The database: prepared statements over a pool of node-postgres, each for many rows at once.
import pg from "pg";

// Text instead of Date objects, which are slow to make: our own answer has the moment as the database knows it, too.
pg.types.setTypeParser(1184, (text) => text.replace(" ", "T") + ":00");
pg.types.setTypeParser(1082, (text) => text);
pg.types.setTypeParser(20, Number);

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, options: "-c TimeZone=UTC" });
export const viewer = process.env.VIEWER;

const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const profile = `id, name, headline, experience, years_of_experience AS "yearsOfExperience", industry,
  time_zone AS "timeZone", capacity`;

const grouped = (ids, found, key) => {
  const groups = new Map(ids.map((id) => [id, []]));
  for (const row of found) groups.get(row[key]).push(row);
  return ids.map((id) => groups.get(id));
};

const single = (ids, found, key) => {
  const known = new Map(found.map((row) => [row[key], row]));
  return ids.map((id) => known.get(id) ?? null);
};

const connection = (found) => ({ edges: found.map((node) => ({ node })) });

export const mentors = async (first) =>
  connection(
    await rows("mentors", `SELECT ${profile} FROM profile WHERE capacity > 0 AND id <> $1 ORDER BY name, id LIMIT $2`, [
      viewer,
      first,
    ]),
  );

export const skills = async (ids) =>
  grouped(
    ids,
    await rows(
      "skills",
      `SELECT o.profile_id AS owner, s.name FROM profile_skill_offered o JOIN skill s ON s.id = o.skill_id
       WHERE o.profile_id = ANY($1) ORDER BY s.name, s.id`,
      [ids],
    ),
    "owner",
  );

export const profiles = async (ids) =>
  single(ids, await rows("profiles", `SELECT ${profile} FROM profile WHERE id = ANY($1)`, [ids]), "id");

export const conversations = async (first) =>
  connection(
    await rows(
      "conversations",
      `SELECT c.id, c.last_activity_at AS "lastActivityAt", c.last_number AS "lastNumber"
       FROM participant me JOIN conversation c ON c.id = me.conversation_id
       WHERE me.profile_id = $1 ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $2`,
      [viewer, first],
    ),
  );

// Both participants of each conversation: who the other one is, and how far the viewer has read.
export const participants = async (ids) =>
  grouped(
    ids,
    await rows(
      "participants",
      `SELECT conversation_id AS conversation, profile_id AS person, read_number AS read FROM participant
       WHERE conversation_id = ANY($1)`,
      [ids],
    ),
    "conversation",
  );

export const lastMessages = async (ids) =>
  single(
    ids,
    await rows(
      "lastMessages",
      `SELECT m.conversation_id AS conversation, m.id, m.body, m.created_at AS "createdAt", m.author_id AS "authorId"
       FROM conversation c JOIN message m ON m.conversation_id = c.id AND m.number = c.last_number
       WHERE c.id = ANY($1)`,
      [ids],
    ),
    "conversation",
  );

export const mentorship = async (id) =>
  (
    await rows(
      "mentorship",
      `SELECT id, status, cadence, created_at AS "createdAt", ends_on AS "endsOn", mentor_id AS "mentorId",
         mentee_id AS "menteeId"
       FROM mentorship WHERE id = $1 AND (mentor_id = $2 OR mentee_id = $2)`,
      [id, viewer],
    )
  )[0];

export const goals = async (id, first) =>
  connection(
    await rows(
      "goals",
      `SELECT id, title, description, due_on AS "dueOn", status FROM goal WHERE mentorship_id = $1
       ORDER BY created_at, id LIMIT $2`,
      [id, first],
    ),
  );

export const milestones = async (ids) =>
  grouped(
    ids,
    await rows(
      "milestones",
      `SELECT goal_id AS goal, id, title, position, completed_at AS "completedAt" FROM milestone
       WHERE goal_id = ANY($1) ORDER BY goal_id, position`,
      [ids],
    ),
    "goal",
  );

export const other = (people) => people.find(({ person }) => person !== viewer)?.person;
export const mine = (people) => people.find(({ person }) => person === viewer);
