"""Models of the past: what an operation of a migration is about, as it was then.

The ORM makes all models anew for each operation, twice: as they were before, and as they are after it. An operation
asks for one of them, or for none. So here a state only knows what its models are made of, and one is made when it is
asked for. It knows the keys of those that it refers to, as its columns have their types, and nothing of those that
refer to it. It has no filters (`name__in`, `name__gte` and forty more for each field), which only a query of the ORM's
needs: a migration of ours queries by SQL.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tortoise import models
from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance, OneToOneFieldInstance
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

# The label of an app, and the name of a model.
Key = tuple[str, str]


class Past(State):
    """What the models were made of at one time."""

    def __init__(self, states: dict[Key, ModelState], connections: dict[str, str]) -> None:
        super().__init__(states, Asked(states, connections))
        self.connections = connections

    def clone(self) -> "Past":
        """A state that stays as it is when this one goes on. Fields are replaced, and never changed."""
        copies = {key: replace(one, options={**one.options}, fields={**one.fields}) for key, one in self.models.items()}
        return Past(copies, self.connections)

    def reload_model(self, app_label: str, model_name: str) -> None:
        """From now on whoever asks is given models as they are now. Raises `LookupError` if there is no such model."""
        if (app_label, model_name) not in self.models:
            raise LookupError(f"There is no model {app_label}.{model_name} at this time.")
        self.apps = Asked(self.models, self.connections)

    def reload_models(self, model_tuples: Iterable[Key]) -> None:
        """The same after a change of several models, some of which may be gone."""
        self.apps = Asked(self.models, self.connections)

    def validate_relations_initialized(self) -> None:
        """Raises `RuntimeError` if a model refers to one that is not there."""
        lost = {key: set(_referred(one)) - self.models.keys() for key, one in self.models.items()}
        if found := {".".join(key): sorted(map(".".join, names)) for key, names in lost.items() if names}:
            raise RuntimeError(f"models refer to models that no migration has made: {found}")


class Asked(StateApps):
    """The models of one state, for those who ask for one by its name; it holds those that were asked for."""

    def __init__(self, states: dict[Key, ModelState], connections: dict[str, str]) -> None:
        super().__init__(default_connections=connections)
        self.states = states

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """The model of a label and a name, which may be one text ("models.Skill"). Raises `KeyError`."""
        label, name = (app_label, model_name) if model_name else self.split_reference(app_label)
        held = self.apps.setdefault(label, {})
        if name not in held:
            held[name] = self._made((label, name))
        return held[name]

    def _made(self, key: Key) -> type[Model]:
        alone = StateApps(default_connections=self._default_connections)
        with _without_filters():
            for (label, _), state in self._and_referred(key, self.states[key], set()):
                alone.register_model(label, state.render(alone))
            alone._init_relations()
        model = alone.get_model(*key)
        model._meta.finalise_fields()
        model._meta._resolve_index_expressions()
        return model

    def _and_referred(self, key: Key, state: ModelState, seen: set[Key]) -> Iterator[tuple[Key, ModelState]]:
        """The keys of those that a model refers to, which it takes the types of, and then the model."""
        seen.add(key)
        for one in _referred(state):
            # Those that are not there yet are left out, as the ORM does.
            if one in self.states and one not in seen:
                yield from self._and_referred(one, _keys(self.states[one]), seen)
        yield key, state


def _referred(state: ModelState) -> Iterator[Key]:
    for field in state.fields.values():
        if isinstance(field, ForeignKeyFieldInstance | ManyToManyFieldInstance):
            label, _, name = str(field.model_name).partition(".")
            yield label, name


def _keys(state: ModelState) -> ModelState:
    """The model with those of its fields only that others may refer to it by."""
    fields = {name: one for name, one in state.fields.items() if not isinstance(one, ManyToManyFieldInstance)}
    keys = {name: one for name, one in fields.items() if one.unique or isinstance(one, OneToOneFieldInstance)}
    return replace(state, fields=keys)


@contextmanager
def _without_filters() -> Iterator[None]:
    # It waits for nothing meanwhile, so nobody else sees this.
    found = vars(models)["get_filters_for_field"]
    setattr(models, "get_filters_for_field", _none)  # noqa: B010 - the ORM does not export it
    try:
        yield
    finally:
        setattr(models, "get_filters_for_field", found)  # noqa: B010


def _none(*_: object, **__: object) -> dict[str, Any]:
    return {}
