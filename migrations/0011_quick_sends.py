from tortoise import migrations
from tortoise.migrations import operations as ops

# What `Inbox.record` does. The accounts are locked in the order of their ids, as everybody does; only then are their
# positions read, by a statement that begins after it. The ids of events are of the millisecond of `near`, a UUIDv7.
RECORD_EVENT = """
CREATE FUNCTION record_event(the_kind text, the_subject uuid, near uuid, moment timestamptz, people uuid[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM inbox WHERE id = ANY(people) ORDER BY id FOR NO KEY UPDATE;
    WITH moved AS (
        UPDATE inbox SET position = inbox.position + 1 WHERE id = ANY(people) RETURNING inbox.id, inbox.position
    )
    INSERT INTO inbox_event (id, created_at, account_id, position, kind, subject_id)
    SELECT (left(near::text, 15) || substr(gen_random_uuid()::text, 16))::uuid, moment, moved.id, moved.position,
        the_kind, the_subject
    FROM moved;
END $$
"""

# What `Conversation.send_in_steps` does, in its order.
SEND_MESSAGE = """
CREATE FUNCTION send_message(
    the_conversation uuid, the_author uuid, the_key text, the_hash text, the_id uuid, moment timestamptz,
    the_body text, the_html text, the_reply uuid, OUT outcome text, OUT written message, OUT told uuid[]
) LANGUAGE plpgsql AS $$
DECLARE
    held conversation;
    first message;
    people uuid[];
BEGIN
    SELECT * INTO held FROM conversation WHERE id = the_conversation FOR NO KEY UPDATE;
    people := ARRAY(SELECT profile_id FROM participant WHERE conversation_id = the_conversation);
    IF NOT the_author = ANY(people) THEN
        outcome := 'NO_CONVERSATION';
        RETURN;
    END IF;
    SELECT * INTO first FROM message WHERE author_id = the_author AND client_id = the_key;
    IF FOUND AND first.content_hash = the_hash THEN
        outcome := 'MADE_BEFORE';
        written := first;
    ELSIF FOUND THEN
        outcome := 'KEY_REUSED';
    ELSIF held.closed_at IS NOT NULL THEN
        outcome := 'CLOSED';
    ELSIF held.blocks <> 0 THEN
        outcome := 'BLOCKED';
    ELSIF the_reply IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM message WHERE id = the_reply AND conversation_id = the_conversation) THEN
        outcome := 'NO_SUCH_REPLY';
    ELSE
        outcome := 'DONE';
        told := people;
        UPDATE conversation SET last_number = held.last_number + 1, last_activity_at = moment
        WHERE id = the_conversation;
        INSERT INTO message (id, created_at, author_id, client_id, content_hash, conversation_id, number, body, html,
            reply_to_id)
        VALUES (the_id, moment, the_author, the_key, the_hash, the_conversation, held.last_number + 1, the_body,
            the_html, the_reply)
        RETURNING * INTO written;
        UPDATE participant SET archived_at = NULL,
            read_number = CASE WHEN profile_id = the_author THEN written.number ELSE read_number END
        WHERE conversation_id = the_conversation AND (archived_at IS NOT NULL OR profile_id = the_author);
        PERFORM record_event('MESSAGE_CREATED', the_id, the_id, moment, people);
    END IF;
END $$
"""

# What `Conversation.mark_read_in_steps` does.
MARK_READ = """
CREATE FUNCTION mark_read(
    the_conversation uuid, the_reader uuid, the_number bigint, near uuid, moment timestamptz, most_told int,
    OUT outcome text, OUT marked conversation, OUT told uuid[]
) LANGUAGE plpgsql AS $$
DECLARE
    people uuid[];
    showing uuid[];
BEGIN
    SELECT * INTO marked FROM conversation WHERE id = the_conversation FOR NO KEY UPDATE;
    SELECT array_agg(profile_id), array_agg(profile_id) FILTER (WHERE read_receipts) INTO people, showing
    FROM participant JOIN account ON account.id = profile_id WHERE conversation_id = the_conversation;
    IF NOT coalesce(the_reader = ANY(people), false) THEN
        outcome := 'NO_CONVERSATION';
        marked := NULL;
        RETURN;
    END IF;
    IF NOT the_number BETWEEN 0 AND marked.last_number THEN
        outcome := 'NO_SUCH_NUMBER';
        RETURN;
    END IF;
    -- Of a later migration; nothing calls this before.
    IF EXISTS (
        SELECT 1 FROM notification JOIN message ON message.id = message_id
        WHERE account_id = the_reader AND read_at IS NULL
            AND message.conversation_id = the_conversation AND message.number <= the_number
    ) THEN
        outcome := 'IN_STEPS';
        RETURN;
    END IF;
    UPDATE participant SET read_number = the_number
    WHERE conversation_id = the_conversation AND profile_id = the_reader AND read_number < the_number;
    IF NOT FOUND THEN
        outcome := 'NOTHING_NEW';
        RETURN;
    END IF;
    outcome := 'DONE';
    told := CASE
        WHEN marked.closed_at IS NULL AND marked.blocks = 0 AND the_reader = ANY(showing)
            AND cardinality(people) <= most_told THEN showing
        ELSE ARRAY[the_reader] END;
    PERFORM record_event('READ_MARKER_MOVED', the_conversation, near, moment, told);
END $$
"""


class OnPostgres(ops.RunSQL):
    """SQLite has no functions: what these do is written in Python there."""

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None and state_editor.DIALECT != "sqlite":
            await super().database_forward(app_label, old_state, new_state, state_editor)

    async def database_backward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None and state_editor.DIALECT != "sqlite":
            await super().database_backward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [('models', '0010_circles')]

    initial = False

    operations = [
        OnPostgres(
            [RECORD_EVENT, SEND_MESSAGE, MARK_READ],
            reverse_sql=["DROP FUNCTION mark_read", "DROP FUNCTION send_message", "DROP FUNCTION record_event"],
        ),
    ]
