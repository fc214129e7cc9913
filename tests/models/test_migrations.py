"""The migrations agree with the models, run once, and change a database that is in use without loss."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from uuid import uuid4

import pytest
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from models import clock
from models.account import Account
from models.database import connect
from models.database import migrate as module
from models.database.migrate import BrokenReferences, drift, migrate
from models.profile import Profile
from tests.models.migrating import (
    ALTERATION,
    CHECKED_IN,
    FURTHER,
    Further,
    a_lived_in_database,
    columns,
    indexes,
    lived_in,
    rows,
)
from tests.people import Pair, person
from tests.templates import Templates

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


async def two_and_one_more() -> tuple[Pair, Account]:
    return await lived_in(), await person("Nia")


@dataclass(frozen=True)
class Altered:
    """A database that people lived in, after one more migration, and what was in it before."""

    url: str
    applied: list[str]
    two: Pair
    alone: Account
    rows: dict[str, set[str]]
    indexes: set[tuple[str, str, str]]


@pytest.fixture(scope="module")
def altering(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Altered]]:
    """One such database an engine, for all the tests that leave it as it is."""
    with ExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())

        @cache
        def altered(engine: str) -> Altered:
            url = stack.enter_context(templates.copy(engine, two_and_one_more))
            before = asyncio.run(rows(url)), asyncio.run(indexes(url))
            with monkeypatch.context() as patched:
                Further(tmp_path_factory.mktemp("further"), patched).migration(ALTERATION)
                applied = asyncio.run(migrate(url))
            return Altered(url, applied, *templates.of(engine, two_and_one_more).what, *before)

        yield altered


@pytest.fixture
def altered(engine: str, altering: Callable[[str], Altered]) -> Altered:
    return altering(engine)


async def test_a_migration_of_a_lived_in_database_loses_no_row(altered: Altered) -> None:
    assert altered.applied == [FURTHER]
    assert len(altered.rows["message"]) == 3
    assert len(altered.rows["video_participant"]) == 2
    assert altered.rows["profile_skill_offered"]
    assert await rows(altered.url) == altered.rows
    assert {"note"} <= set(await columns(altered.url, "mentorship"))
    assert "years_of_experience" not in await columns(altered.url, "profile")


async def test_after_a_migration_every_unique_constraint_and_index_still_stands(altered: Altered) -> None:
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
    } <= altered.indexes
    assert sorted(altered.indexes - await indexes(altered.url)) == []


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


async def test_after_a_migration_a_pair_still_cannot_have_a_second_conversation(altered: Altered) -> None:
    named = "id, created_at, mentorship_id, last_number, last_activity_at"
    values = f"'{uuid4()}', '{clock.now()}', '{altered.two.mentorship.id}', 0, '{clock.now()}'"
    async with connect(altered.url) as context:
        with pytest.raises(IntegrityError):
            await context.db().execute_query(f"INSERT INTO conversation ({named}) VALUES ({values})")  # noqa: S608


async def test_after_a_migration_foreign_keys_are_still_enforced(altered: Altered) -> None:
    nobody = uuid4()
    async with connect(altered.url) as context:
        for table, column in (("goal", "mentorship_id"), ("mentorship", "mentor_id"), ("message", "conversation_id")):
            with pytest.raises(IntegrityError):
                await context.db().execute_query(f'UPDATE "{table}" SET "{column}" = \'{nobody}\'')  # noqa: S608


async def test_after_a_migration_deleting_an_account_still_takes_its_profile_along(altered: Altered) -> None:
    class Undone(Exception):
        """The database stays as the other tests expect it."""

    async def left() -> None:
        nia = altered.alone.id
        async with in_transaction() as unit:
            await unit.execute_query(f"DELETE FROM account WHERE id = '{nia}'")  # noqa: S608
            raise Undone(await unit.execute_query_dict(f"SELECT 1 FROM profile WHERE id = '{nia}'"))  # noqa: S608

    async with connect(altered.url):
        with pytest.raises(Undone) as undone:
            await left()
    assert undone.value.args == ([],)


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
