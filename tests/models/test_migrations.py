"""The migrations agree with the models, run once, and change a database that is in use without loss."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

import migrations
from models import clock
from models.base import _content_hash
from models.database import connect
from models.database import migrate as module
from models.database.connection import configuration
from models.database.migrate import BrokenReferences, drift, migrate
from models.goal import Goal
from models.meeting import Meeting, MeetingKind
from models.profile import Profile
from models.refusal import RefusalCode
from models.video import VideoSession
from tests.models.expect import refused
from tests.people import Pair, pair, person
from tests.postgres import create_database, drop_database

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
        ops.RemoveField("Profile", "headline"),
        ops.AddField("Profile", "pronouns", fields.CharField(max_length=40, null=True)),
        ops.AlterField("Conversation", "last_number", fields.IntField(default=0)),
"""
BREAKING = 'ops.RunSQL("DELETE FROM mentorship")'
FINE = 'ops.AddField("Skill", "colour", fields.CharField(max_length=40, null=True))'
UNLIMITED = """ops.RunSQL('''DO $$ BEGIN
    IF current_setting('lock_timeout') <> '0' OR current_setting('statement_timeout') <> '0'
        OR current_setting('idle_in_transaction_session_timeout') <> '0' THEN RAISE 'a migration has a limit';
    END IF; END $$''')"""
HALF_BROKEN = FINE + ', ops.RunSQL("DROP TABLE there_is_no_such_table")'


@pytest.fixture
def empty_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without a single table."""
    if engine == "sqlite":
        yield f"sqlite://{tmp_path / 'empty.sqlite3'}"
        return
    server: str = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex[:12]}"
    yield asyncio.run(create_database(server, name))
    asyncio.run(drop_database(server, name))


@pytest.fixture
def further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Further":
    return Further(tmp_path, monkeypatch)


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


async def test_the_models_and_the_migrations_agree(database_url: str) -> None:
    assert await drift(database_url) == []


async def test_a_model_that_no_migration_knows_is_told(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Profile._meta.fields_map["headline"], "null", True)
    (told,) = await drift(database_url)
    assert "AlterField" in told


async def test_migrating_an_empty_database_applies_everything_and_a_second_time_nothing(empty_url: str) -> None:
    assert await migrate(empty_url) == CHECKED_IN
    assert await migrate(empty_url) == []


@pytest.mark.parametrize("engine", ["postgres"])
async def test_migrations_of_one_postgres_at_once_take_turns(empty_url: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_url) for _ in range(3)))
    assert sorted(applied) == [[], [], CHECKED_IN]


@pytest.mark.parametrize("engine", ["postgres"])
async def test_after_a_migration_no_lock_is_held(database_url: str) -> None:
    await migrate(database_url)
    async with connect(database_url) as context:
        held = await context.db().execute_query_dict(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    assert held == []


async def test_a_migration_of_a_lived_in_database_loses_no_row(database_url: str, further: Further) -> None:
    await a_lived_in_database(database_url)
    before = await rows(database_url)
    assert len(before["message"]) == 3
    assert len(before["video_participant"]) == 2
    assert before["profile_skill_offered"]

    further.migration(ALTERATION)
    assert await migrate(database_url) == [FURTHER]

    assert await rows(database_url) == before
    assert {"note"} <= set(await columns(database_url, "mentorship"))
    assert "headline" not in await columns(database_url, "profile")


async def test_after_a_migration_every_unique_constraint_and_index_still_stands(
    database_url: str, further: Further
) -> None:
    await a_lived_in_database(database_url)
    before = await indexes(database_url)
    # What is compared is really there: a pair has one active mentorship, and a mentorship one conversation.
    assert {
        ("mentorship", "unique", "active_pair"),
        ("mentorship", "unique", "request_id"),
        ("conversation", "unique", "mentorship_id"),
        ("profile", "plain", "name,id"),
        ("profile_skill_offered", "unique", "profile_id,skill_id"),
        ("profile_skill_offered", "plain", "skill_id"),
        ("profile_skill_wanted", "plain", "skill_id"),
        ("session", "plain", "expires_at"),
    } <= before
    further.migration(ALTERATION)
    await migrate(database_url)
    assert sorted(before - await indexes(database_url)) == []


async def test_after_all_migrations_every_index_of_the_models_is_there(database_url: str) -> None:
    async with connect(database_url) as context:
        assert context.apps is not None
        wanted = {
            (model._meta.db_table, "unique" if unique else "plain", ",".join(columns))
            for model in context.apps["models"].values()
            for unique, columns in module.declared(model)
        }
    found = await indexes(database_url)
    # A unique index serves as a plain one.
    missing = [index for index in wanted - found if (index[0], "unique", index[2]) not in found]
    assert missing == []


async def test_after_a_migration_a_pair_still_cannot_have_a_second_conversation(
    database_url: str, further: Further
) -> None:
    two = await a_lived_in_database(database_url)
    further.migration(ALTERATION)
    await migrate(database_url)
    named = "id, created_at, mentorship_id, last_number, last_activity_at"
    values = f"'{uuid4()}', '{clock.now()}', '{two.mentorship.id}', 0, '{clock.now()}'"
    async with connect(database_url) as context:
        with pytest.raises(IntegrityError):
            await context.db().execute_query(f"INSERT INTO conversation ({named}) VALUES ({values})")  # noqa: S608


async def test_after_a_migration_foreign_keys_are_still_enforced(database_url: str, further: Further) -> None:
    await a_lived_in_database(database_url)
    further.migration(ALTERATION)
    await migrate(database_url)
    nobody = uuid4()
    async with connect(database_url) as context:
        for table, column in (("goal", "mentorship_id"), ("mentorship", "mentor_id"), ("message", "conversation_id")):
            with pytest.raises(IntegrityError):
                await context.db().execute_query(f'UPDATE "{table}" SET "{column}" = \'{nobody}\'')  # noqa: S608


async def test_after_a_migration_deleting_an_account_still_takes_its_profile_along(
    database_url: str, further: Further
) -> None:
    await a_lived_in_database(database_url)
    async with connect(database_url):
        alone = await person("Nia")
    further.migration(ALTERATION)
    await migrate(database_url)
    async with connect(database_url):
        await alone.delete()
        assert not await Profile.filter(id=alone.id).exists()


async def test_a_migration_that_leaves_rows_without_their_parent_is_told(database_url: str, further: Further) -> None:
    """PostgreSQL deletes the children, as it was told to; on SQLite, where the keys are off, somebody must look."""
    await a_lived_in_database(database_url)
    further.migration(BREAKING)
    if database_url.startswith("sqlite"):
        with pytest.raises(BrokenReferences, match="point to rows that are not there"):
            await migrate(database_url)
    else:
        await migrate(database_url)
        assert (await rows(database_url))["goal"] == set()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_migration_that_breaks_references_is_not_stored(database_url: str, further: Further) -> None:
    await a_lived_in_database(database_url)
    before = await rows(database_url)
    further.migration(BREAKING)
    with pytest.raises(BrokenReferences):
        await migrate(database_url)
    assert await rows(database_url) == before


async def test_a_migration_that_fails_half_way_leaves_nothing_and_can_run_again(
    database_url: str, further: Further
) -> None:
    further.migration(HALF_BROKEN)
    with pytest.raises(OperationalError):
        await migrate(database_url)
    further.migration(FINE)
    assert await migrate(database_url) == [FURTHER]


@pytest.mark.parametrize("engine", ["postgres"])
async def test_a_migration_may_take_its_time(database_url: str, further: Further) -> None:
    further.migration(UNLIMITED)
    assert await migrate(database_url) == [FURTHER]


SKILLS_OF = {("profile_skill_offered", "plain", "skill_id"), ("profile_skill_wanted", "plain", "skill_id")}


async def test_a_lived_in_database_gets_the_indexes_from_the_side_of_the_skills_and_keeps_its_rows(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # As the code was then: it did not miss them.
        patch.setattr(module, "joins", lambda _: [])
        await migrate(empty_url, to="0002_starts_of_calls")
    await a_lived_in_database(empty_url)
    before = await rows(empty_url)
    assert not SKILLS_OF & await indexes(empty_url)
    assert await migrate(empty_url, to="0003_indexes") == ["0003_indexes"]
    assert await indexes(empty_url) >= SKILLS_OF
    assert await rows(empty_url) == before


async def test_who_has_a_skill_is_found_by_an_index(database_url: str) -> None:
    async with connect(database_url) as context:
        db = context.db()
        if db.capabilities.dialect == "postgres":
            # An empty table is scanned in any case, unless that is forbidden.
            await db.execute_script("SET enable_seqscan = off; SET enable_bitmapscan = off")
        plan = "EXPLAIN" if db.capabilities.dialect == "postgres" else "EXPLAIN QUERY PLAN"
        for table in ("profile_skill_offered", "profile_skill_wanted"):
            query = f"SELECT profile_id FROM {table} WHERE skill_id = '{uuid4()}'"  # noqa: S608
            steps = str(await db.execute_query_dict(f"{plan} {query}"))
            assert f"idx_{table}_skill_id" in steps, steps


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_table_between_two_models_that_is_made_anew_gets_its_indexes_back(
    database_url: str, further: Further
) -> None:
    await a_lived_in_database(database_url)
    before = await indexes(database_url)
    anew = [
        "CREATE TABLE anew AS SELECT * FROM profile_skill_wanted",
        "DROP TABLE profile_skill_wanted",
        "ALTER TABLE anew RENAME TO profile_skill_wanted",
    ]
    further.migration(f"ops.RunSQL({anew})")
    await migrate(database_url)
    assert await indexes(database_url) == before


async def test_the_keys_that_calls_were_started_under_still_find_them(empty_url: str) -> None:
    await migrate(empty_url, to="0001_initial")
    two = await a_lived_in_database(empty_url, video_key=None)
    async with connect(empty_url) as context:
        call = await VideoSession.get(open_in=two.mentorship.id)
        # As `make` stored it in the call's own row then.
        kept = _content_hash({"mentorship_id": call.mentorship_id, "meeting_id": call.meeting_id})
        await context.db().execute_query(f"UPDATE video_session SET client_id = 'v', content_hash = '{kept}'")  # noqa: S608
    await migrate(empty_url)
    async with connect(empty_url):
        await call.end(by=two.mentee)
        meeting = await Meeting.get(id=call.meeting_id)
        again = await VideoSession.start(two.mentorship, by=two.mentor, meeting=meeting, client_id="v")
        assert again.id == call.id
        with refused(RefusalCode.CLIENT_ID_REUSED):
            await VideoSession.start(two.mentorship, by=two.mentor, client_id="v")
