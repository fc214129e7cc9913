"""The words of messages, as each database keeps them to be found by: GIN over a tsvector, and FTS5.

Both leave accents and capitals away, and know no language's endings: people of one organisation write several. Beside
its words a message is kept under its conversation: so a search meets the searcher's own messages only, however many
others hold the same word. The tables are of migration 0006; here are the triggers that keep SQLite's up to date.
"""

_FORGET = (
    "DELETE FROM message_words WHERE rowid IN"
    " (SELECT rowid FROM message_words WHERE message_words MATCH 'keys:m' || replace(OLD.id, '-', ''));"
)
_LEARN = (
    "INSERT INTO message_words (message_id, keys, body) VALUES (NEW.id,"
    " 'm' || replace(NEW.id, '-', '') || ' c' || replace(NEW.conversation_id, '-', ''), NEW.body);"
)

# They go with their table when the ORM makes it anew, so every migration makes them again.
TRIGGERS = (
    f"CREATE TRIGGER IF NOT EXISTS message_words_learn AFTER INSERT ON message BEGIN {_LEARN} END",
    f"CREATE TRIGGER IF NOT EXISTS message_words_change AFTER UPDATE OF body ON message BEGIN {_FORGET} {_LEARN} END",
    f"CREATE TRIGGER IF NOT EXISTS message_words_forget AFTER DELETE ON message BEGIN {_FORGET} END",
)
