"""What operations of a migration are given: models as they were then, made when they are asked for."""

from collections.abc import AsyncIterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from tortoise import fields
from tortoise.backends.base_postgres.client import BasePostgresClient
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from models.database.rendering import Past
from models.skill import Skill
from tests.models.migrating import CHECKED_IN

EDITORS: dict[type[BaseSchemaEditor], Any] = {
    SqliteSchemaEditor: SimpleNamespace(capabilities=SqliteClient.capabilities),
    AsyncpgSchemaEditor: SimpleNamespace(capabilities=BasePostgresClient.capabilities),
}

SKILL = ops.CreateModel("Skill", [("id", fields.UUIDField(primary_key=True)), ("name", fields.CharField(max_length=9))])
LABEL = ops.CreateModel(
    "Label",
    [
        ("skill", fields.OneToOneField("models.Skill", primary_key=True, related_name="label")),
        ("colour", fields.CharField(max_length=9)),
    ],
)
USE = ops.CreateModel(
    "Use",
    [
        ("id", fields.IntField(primary_key=True)),
        ("label", fields.ForeignKeyField("models.Label", to_field="skill_id", related_name="uses")),
        ("after", fields.ForeignKeyField("models.Use", related_name="before", null=True)),
    ],
)


def past(*operations: ops.TortoiseOperation) -> Past:
    state = Past({}, {})
    for operation in operations:
        operation.state_forward("models", state)
    return state


async def statements(state: State) -> AsyncIterator[tuple[str, list[str]]]:
    """What each operation of the checked-in migrations writes, there and back, on both databases."""
    for name in CHECKED_IN:
        for operation in import_module(f"migrations.{name}").Migration(name, "models").operations:
            before = state.clone()
            operation.state_forward("models", state)
            written: list[str] = []
            for editor in (kind(client, atomic=False, collect_sql=True) for kind, client in EDITORS.items()):
                if operation.reduces_to_sql:
                    await operation.database_forward("models", before, state, editor)
                if operation.reduces_to_sql and operation.reversible:
                    await operation.database_backward("models", state, before, editor)
                written += editor.collected_sql
            yield f"{name}: {operation.describe()}", written
        state.validate_relations_initialized()


async def test_every_operation_writes_what_it_writes_when_the_orm_makes_all_models_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # To make filters is half of the ORM's work, and no statement has one.
    monkeypatch.setattr("tortoise.models.get_filters_for_field", lambda **_: {})
    of_all = [one async for one in statements(State({}, StateApps()))]
    assert sum(len(written) for _, written in of_all) > 4 * len(CHECKED_IN)
    assert [one async for one in statements(Past({}, {}))] == of_all


def test_a_model_knows_the_keys_of_those_that_it_refers_to_from_one_to_the_next() -> None:
    use = past(SKILL, LABEL, USE).apps.get_model("models.Use")
    assert set(use._meta.db_fields) == {"id", "label_id", "after_id"}
    assert isinstance(use._meta.fields_map["label_id"], fields.UUIDField)
    assert "colour" not in use._meta.fields_map["label"].related_model._meta.fields  # type: ignore[attr-defined]


def test_a_model_that_was_asked_for_stays_as_it_was_when_its_state_goes_on() -> None:
    state = past(SKILL)
    before = state.clone()
    for change in (ops.AddField("Skill", "rank", fields.IntField()), ops.RemoveField("Skill", "name")):
        change.state_forward("models", state)
    assert set(before.apps.get_model("models.Skill")._meta.fields) == {"id", "name"}
    assert set(state.apps.get_model("models", "Skill")._meta.fields) == {"id", "rank"}


def test_a_state_makes_a_model_once() -> None:
    apps = past(SKILL).apps
    assert apps.get_model("models.Skill") is apps.get_model("models", "Skill")


def test_a_model_may_refer_to_one_that_comes_later_but_not_to_one_that_never_comes() -> None:
    state = past(SKILL, USE)
    with pytest.raises(RuntimeError, match=r"models\.Use.*models\.Label"):
        state.validate_relations_initialized()
    LABEL.state_forward("models", state)
    state.validate_relations_initialized()
    assert "label_id" in state.apps.get_model("models.Use")._meta.db_fields


def test_a_model_that_is_not_there_yet_or_no_more_cannot_be_asked_for() -> None:
    state = past(SKILL)
    with pytest.raises(KeyError):
        state.apps.get_model("models.Label")
    ops.DeleteModel("Skill").state_forward("models", state)
    with pytest.raises(KeyError):
        state.apps.get_model("models.Skill")


def test_models_of_the_past_have_no_filters_and_those_of_the_present_have_theirs() -> None:
    made = past(SKILL).apps.get_model("models.Skill")
    assert made._meta.fields == {"id", "name"}
    assert made._meta._filters == {}
    assert Skill._meta._filters
