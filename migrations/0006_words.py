from tortoise import migrations
from tortoise.migrations import operations as ops

# NFKD, as `unaccent` is an extension that not every server has.
POSTGRES = [
    "CREATE FUNCTION message_words(body text, conversation_id uuid) RETURNS tsvector"
    " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$"
    " SELECT to_tsvector('pg_catalog.simple', regexp_replace(normalize(body, NFKD), '[\u0300-\u036f]', '', 'g'))"
    " || array_to_tsvector(ARRAY['c' || replace(conversation_id::text, '-', '')]) $$",
    "CREATE INDEX message_words ON message USING gin (message_words(body, conversation_id))",
]
# `keys` are the ids of message and conversation without dashes, each one token.
SQLITE = [
    "CREATE VIRTUAL TABLE message_words USING fts5("
    "message_id UNINDEXED, keys, body, tokenize = 'unicode61 remove_diacritics 2')",
    "INSERT INTO message_words (message_id, keys, body) SELECT id,"
    " 'm' || replace(id, '-', '') || ' c' || replace(conversation_id, '-', ''), body FROM message",
]


class RunSQL(ops.RunSQL):
    """Each database has its own."""

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None:
            await self._run_sql(state_editor, SQLITE if state_editor.DIALECT == "sqlite" else POSTGRES)


class Migration(migrations.Migration):
    dependencies = [('models', '0005_messenger')]

    initial = False

    operations = [RunSQL("")]
