"""Which profiles have changed, for those who keep what they have read of them.

Each profile has at most one row in `profile_change`: the number of its last change, also once the profile is gone.
Triggers write it, so that every way to change a profile, or its skills, is covered; PostgreSQL's are of migration 0017,
as the table is, and SQLite's are here. Whoever has read up to a mark finds in one look all that was committed since:
what has a number from that mark on.

On SQLite, where one unit writes at a time, the numbers count up in the order of commits. On PostgreSQL units commit in
any order: there the number is the unit's own (`pg_current_xact_id`), and the mark is the oldest that was still
running. So what such a unit commits later is found, and what others had committed meanwhile is found again.
"""

# The new mark, and beside it what has changed since the old one, the slot {old}: one row of nulls where nothing has.
# {of_each} are expressions of the profile `p`, which are null where it is gone.
CHANGES = {
    "postgres": """SELECT m.mark, c.id, c.number, {of_each} FROM
        (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS mark) m
        LEFT JOIN profile_change c ON c.number >= {old} LEFT JOIN profile p ON p.id = c.id""",
    "sqlite": """SELECT m.mark, c.id, c.number, {of_each} FROM
        (SELECT coalesce(max(number), 0) + 1 AS mark FROM profile_change) m
        LEFT JOIN profile_change c ON c.number >= {old} LEFT JOIN profile p ON p.id = c.id""",
}

# A dump that is read into another server brings the numbers of the first one's units. What is greater than any number
# here would be found again by everybody for years, and tells nothing to who has read nothing yet. The number is
# compared once more, as a row may be changed while this waits for it.
FOREIGN = """DELETE FROM profile_change c USING profile_change old WHERE c.id = old.id AND c.number = old.number
    AND old.number >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""


def _number(changed: str) -> str:
    # In two statements, as what is to be done on a conflict is said by the statement that the trigger belongs to. No
    # row is ever deleted, or the greatest number might be given again.
    return (
        f"INSERT INTO profile_change (id, number) SELECT {changed}, 0"  # noqa: S608
        f" WHERE NOT EXISTS (SELECT 1 FROM profile_change WHERE id = {changed});"
        " UPDATE profile_change SET number = (SELECT max(number) + 1 FROM profile_change)"
        f" WHERE id = {changed};"
    )


# They go with their table when the ORM makes it anew, so every migration makes them again.
TRIGGERS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{deed.lower()} AFTER {deed} ON {table} BEGIN {_number(f'{row}.{key}')} END"
    for table, key in (
        ("profile", "id"),
        ("profile_skill_offered", "profile_id"),
        ("profile_skill_wanted", "profile_id"),
    )
    for deed, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
