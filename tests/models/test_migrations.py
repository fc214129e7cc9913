"""The migrations agree with the models, run once, and change a database that is in use without loss."""

import asyncio
from uuid import uuid4

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from models import clock
from models.database import connect
from models.database import migrate as module
from models.database.migrate import BrokenReferences, drift, migrate
from models.profile import Profile
from tests.models.migrating import ALTERATION, CHECKED_IN, FURTHER, Further, a_lived_in_database, columns, indexes, rows
from tests.people import person

BREAKING = 'ops.RunSQL("DELETE FROM mentorship")'
FINE = 'ops.AddField("Skill", "colour", fields.CharField(max_length=40, null=True))'
UNLIMITED = """ops.RunSQL('''DO $$ BEGIN
    IF current_setting('lock_timeout') <> '0' OR current_setting('statement_timeout') <> '0'
        OR current_setting('idle_in_transaction_session_timeout') <> '0' THEN RAISE 'a migration has a limit';
    END IF; END $$''')"""
HALF_BROKEN = FINE + ', ops.RunSQL("DROP TABLE there_is_no_such_table")'


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
