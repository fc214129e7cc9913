"""The ORM's runner of migrations, and its search for what they lack, with models of the past made when needed."""

from typing import Any

from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.loader import MigrationLoader
from tortoise.migrations.migration import Migration

from models.database.rendering import Past


class Steps(MigrationExecutor):
    """Runs migrations, forwards and back."""

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> Past:
        before = [key for key in self._full_plan() if key in applied]
        if upto in before:
            before = before[: before.index(upto)]
        return await _after(self.loader, before)

    async def _project_state_cache(self, applied: set[MigrationKey]) -> dict[MigrationKey, Any]:
        return {key: await self._project_state(applied, upto=key) for key in self._full_plan() if key in applied}


class Differences(MigrationAutodetector):
    """Finds what the models have and the migrations do not."""

    async def _project_state(self) -> Past:
        return await _after(self.loader, self._full_plan())


async def _after(loader: MigrationLoader, keys: list[MigrationKey]) -> Past:
    """What the models are made of after these migrations."""
    state = Past({}, {label: app.get("default_connection", "default") for label, app in loader.apps_config.items()})
    for key in keys:
        migration = loader.graph.nodes[key]
        if not isinstance(migration, Migration):
            raise ValueError(f"The migration {key} is missing.")
        await migration.apply(state, dry_run=True)
    return state
