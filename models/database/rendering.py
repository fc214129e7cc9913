"""Models of the past, as a migration renders them, without the filters that nobody asks them by.

For each step of a migration the ORM makes all models anew, twice. Nearly half of that went into the filters of every
field (`name__in`, `name__gte` and forty more), which only a query needs; a migration of ours queries by SQL.
"""

from collections.abc import Callable
from typing import Any

from tortoise import models
from tortoise.migrations.schema_generator.state import ModelState
from tortoise.migrations.schema_generator.state_apps import StateApps


def render_without_filters() -> None:
    """From now on models of the past get no filters. Those of the present get theirs, also those made meanwhile."""
    for owner, name in ((ModelState, "render"), (StateApps, "_init_relations")):
        if not hasattr(deed := getattr(owner, name), "is_bare"):
            setattr(owner, name, _bare(deed))


def _bare(deed: Callable[..., Any]) -> Callable[..., Any]:
    def bare(*args: Any, **options: Any) -> Any:
        # It waits for nothing, so nobody else sees this.
        found = vars(models)["get_filters_for_field"]
        setattr(models, "get_filters_for_field", _none)  # noqa: B010 - the ORM does not export it
        try:
            return deed(*args, **options)
        finally:
            setattr(models, "get_filters_for_field", found)  # noqa: B010

    bare.is_bare = True  # type: ignore[attr-defined]
    return bare


def _none(*_: object, **__: object) -> dict[str, Any]:
    return {}
