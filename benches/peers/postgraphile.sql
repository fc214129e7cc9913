-- What PostGraphile offers as fields: lists by a rule, relations over a table without a key, and computed columns.
CREATE FUNCTION mentors(viewer uuid) RETURNS SETOF profile LANGUAGE sql STABLE AS
  'SELECT * FROM profile WHERE capacity > 0 AND id <> viewer ORDER BY name, id';
CREATE FUNCTION profile_skills(person profile) RETURNS SETOF skill LANGUAGE sql STABLE AS
  'SELECT s.* FROM skill s JOIN profile_skill_offered o ON o.skill_id = s.id WHERE o.profile_id = person.id
   ORDER BY s.name, s.id';
CREATE FUNCTION inbox_of(viewer uuid) RETURNS SETOF conversation LANGUAGE sql STABLE AS
  'SELECT c.* FROM participant me JOIN conversation c ON c.id = me.conversation_id WHERE me.profile_id = viewer
   ORDER BY c.last_activity_at DESC, c.id DESC';
CREATE FUNCTION conversation_unread(talk conversation, viewer uuid) RETURNS int LANGUAGE sql STABLE AS
  'SELECT (talk.last_number - read_number)::int FROM participant
   WHERE conversation_id = talk.id AND profile_id = viewer';
CREATE FUNCTION conversation_counterpart(talk conversation, viewer uuid) RETURNS profile LANGUAGE sql STABLE AS
  'SELECT p.* FROM participant o JOIN profile p ON p.id = o.profile_id
   WHERE o.conversation_id = talk.id AND o.profile_id <> viewer LIMIT 1';
CREATE FUNCTION conversation_last_message(talk conversation) RETURNS message LANGUAGE sql STABLE AS
  'SELECT * FROM message WHERE conversation_id = talk.id AND number = talk.last_number';
CREATE FUNCTION mentorship_of(viewer uuid, mentorship uuid) RETURNS mentorship LANGUAGE sql STABLE AS
  'SELECT * FROM mentorship m WHERE m.id = mentorship AND (m.mentor_id = viewer OR m.mentee_id = viewer)';
