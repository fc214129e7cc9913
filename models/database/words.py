"""The words of messages and profiles, as each database keeps them to be found by: GIN over a tsvector, and FTS5.

Both leave accents and capitals away, and know no language's endings: people of one organisation write several. Beside
its words a message is kept under its conversation: so a search meets the searcher's own messages only, however many
others hold the same word. The tables are of the migrations 0006 and 0016; here are the triggers that keep SQLite's up
to date.
"""

PROFILE = ("name", "headline", "industry", "skill_names", "experience", "goals")


def _forget(table: str, letter: str) -> str:
    return (
        f"DELETE FROM {table} WHERE rowid IN"  # noqa: S608
        f" (SELECT rowid FROM {table} WHERE {table} MATCH 'keys:{letter}' || replace(OLD.id, '-', ''));"
    )


def _triggers(of: str, forget: str, learn: str, columns: str) -> tuple[str, ...]:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {of}_words_learn AFTER INSERT ON {of} BEGIN {learn} END",
        f"CREATE TRIGGER IF NOT EXISTS {of}_words_change AFTER UPDATE OF {columns} ON {of} BEGIN {forget} {learn} END",
        f"CREATE TRIGGER IF NOT EXISTS {of}_words_forget AFTER DELETE ON {of} BEGIN {forget} END",
    )


_LEARN_MESSAGE = (
    "INSERT INTO message_words (message_id, keys, body) VALUES (NEW.id,"
    " 'm' || replace(NEW.id, '-', '') || ' c' || replace(NEW.conversation_id, '-', ''), NEW.body);"
)
_LEARN_PROFILE = (
    f"INSERT INTO profile_words (profile_id, keys, {', '.join(PROFILE)}) VALUES (NEW.id,"  # noqa: S608
    f" 'p' || replace(NEW.id, '-', ''), {', '.join(f'NEW.{column}' for column in PROFILE)});"
)

# By the table of the words. They go with the table that they watch when the ORM makes it anew, so every migration makes
# them again.
TRIGGERS = {
    "message_words": _triggers("message", _forget("message_words", "m"), _LEARN_MESSAGE, "body"),
    "profile_words": _triggers("profile", _forget("profile_words", "p"), _LEARN_PROFILE, ", ".join(PROFILE)),
}
