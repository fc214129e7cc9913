"""One more migration, a database in use, and what is in it."""

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

import migrations
from models import clock
from models.database import connect
from models.database import migrate as module
from models.database.connection import configuration
from models.goal import Goal
from models.meeting import Meeting, MeetingKind
from models.video import VideoSession
from tests.people import Pair, pair, person

# The checked-in migrations, in their order, and one more that tests put behind them.
CHECKED_IN = sorted(path.stem for path in Path(*migrations.__path__).glob("[0-9]*.py"))
FURTHER = "9999_further"

HEAD = f"""
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "{CHECKED_IN[-1]}")]
    operations = [
"""

# Each changes a table that others point to: a column gets longer, one is new, one goes.
ALTERATION = """
        ops.AlterField("Mentorship", "cadence", fields.CharField(max_length=20)),
        ops.AddField("Mentorship", "note", fields.CharField(max_length=40, null=True)),
        ops.RemoveField("Profile", "years_of_experience"),
        ops.AddField("Profile", "pronouns", fields.CharField(max_length=40, null=True)),
        ops.AlterField("Conversation", "last_number", fields.IntField(default=0)),
"""


class Further:
    """Puts one more migration behind the checked-in ones, in a package of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch

    def migration(self, operations: str) -> None:
        """From now on `migrate` knows the checked-in migrations and this one."""
        # A name of its own: imported modules stay in the process.
        name = f"migrations_{uuid4().hex[:12]}"
        shutil.copytree(Path(*migrations.__path__), self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / name / f"{FURTHER}.py").write_text(f"{HEAD}{operations}]\n")
        self.monkeypatch.syspath_prepend(str(self.folder))

        def configured(url: str) -> dict[str, dict[str, dict[str, str]]]:
            config = configuration(url)
            config["apps"]["models"]["migrations"] = name
            return config

        self.monkeypatch.setattr(module, "configuration", configured)


async def a_lived_in_database(url: str, video_key: str | None = "v") -> Pair:
    """Two people with everything that a pair makes, and a third who has asked."""
    async with connect(url):
        return await lived_in(video_key)


async def lived_in(video_key: str | None = "v") -> Pair:
    """The same, in the database that is open."""
    two = await pair(
        await person("Mara", capacity=3, headline="Ask me", skills_offered=["Python", "SQL"], languages=["pt"]),
        await person("Theo", skills_wanted=["SQL"]),
    )
    for number in range(3):
        await two.conversation.send(f"message {number}", by=two.mentor, client_id=f"m{number}")
    await two.conversation.mark_read(2, by=two.mentee)
    await Goal.add(two.mentorship, by=two.mentee, title="Ship it", milestones=["Plan", "Build"], client_id="g")
    meeting = await Meeting.schedule(
        two.mentorship,
        by=two.mentor,
        kind=MeetingKind.VIDEO,
        local_start=f"{clock.now().date() + timedelta(days=3)}T17:00",
        time_zone="Europe/Lisbon",
        minutes=30,
        client_id="k",
    )
    call = await VideoSession.start(two.mentorship, by=two.mentor, meeting=meeting, client_id=video_key)
    await call.join(by=two.mentor, device_id="phone")
    await call.join(by=two.mentee, device_id="laptop")
    return two


LIVED_IN = Path(__file__).parent / "lived_in"


async def a_database_of_then(url: str, name: str) -> None:
    """The rows of `a_lived_in_database`, as the code wrote them when this migration was the last."""
    async with connect(url) as context:
        await context.db().execute_script((LIVED_IN / f"{name}.sql").read_text())


async def tables(db: BaseDBAsyncClient) -> list[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        if db.capabilities.dialect == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    return sorted(row["name"] for row in await db.execute_query_dict(query) if row["name"] != "tortoise_migrations")


async def rows(url: str) -> dict[str, set[str]]:
    """The ids of every table's rows (whole rows, where a table only joins two others)."""
    async with connect(url) as context:
        db = context.db()
        found = {name: await db.execute_query_dict(f'SELECT * FROM "{name}"') for name in await tables(db)}  # noqa: S608
        return {name: {str(row.get("id", row)) for row in of_table} for name, of_table in found.items()}


SQLITE_INDEXES = """
SELECT tables.name AS "table", indexes."unique" AS only_one,
    (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(indexes.name) ORDER BY seqno)) AS columns
FROM sqlite_master AS tables, pragma_index_list(tables.name) AS indexes WHERE tables.type = 'table'
"""

POSTGRES_INDEXES = """
SELECT tables.relname AS "table", indisunique AS only_one,
    (SELECT string_agg(attname, ',' ORDER BY place) FROM unnest(indkey) WITH ORDINALITY AS keys (number, place)
     JOIN pg_attribute ON attrelid = indrelid AND attnum = keys.number) AS columns
FROM pg_index JOIN pg_class AS tables ON tables.oid = indrelid
WHERE tables.relnamespace = 'public'::regnamespace
"""


async def indexes(url: str) -> set[tuple[str, str, str]]:
    """Every index as (table, "unique" or "plain", its columns)."""
    async with connect(url) as context:
        db = context.db()
        query = SQLITE_INDEXES if db.capabilities.dialect == "sqlite" else POSTGRES_INDEXES
        found = await db.execute_query_dict(query)
    return {
        (row["table"], "unique" if row["only_one"] else "plain", row["columns"])
        for row in found
        if row["table"] != "tortoise_migrations"
    }


async def columns(url: str, table: str) -> list[str]:
    async with connect(url) as context:
        (row,) = await context.db().execute_query_dict(f'SELECT * FROM "{table}" LIMIT 1')  # noqa: S608
        return list(row)
