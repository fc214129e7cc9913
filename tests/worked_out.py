"""What the ORM works out of the models for a kind of database is the same for every test: it is worked out once.

It takes some 9 ms whenever a database is opened, and the tests open thousands. Servers in processes of their own do
without this, as in production.
"""

from collections.abc import Callable
from typing import Any

from tortoise.apps import Apps

# All that depends on the kind of database.
KEPT = (
    "filters", "basetable", "basequery", "basequery_all_fields",
    "db_native_fields", "db_default_fields", "db_complex_fields",
)  # fmt: skip


def once(real: Callable[[Apps], None]) -> Callable[[Apps], None]:
    """The ORM's own way for models that are new for this kind of database; for others, what was found then."""
    known: dict[Any, list[dict[str, Any]]] = {}

    def build(apps: Apps) -> None:
        models = tuple(apps.get_models_iterable())
        kind = models, tuple(model._meta.db.executor_class for model in models)
        if kind in known:
            for model, found in zip(models, known[kind], strict=True):
                for name, value in found.items():
                    setattr(model._meta, name, apart(value))
        else:
            real(apps)
            known[kind] = [{name: apart(getattr(model._meta, name)) for name in KEPT} for model in models]

    return build


def apart(value: Any) -> Any:
    """A copy of what the ORM writes to when it works something out for another kind."""
    return value.copy() if isinstance(value, (dict, list)) else value
