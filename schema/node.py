"""Nodes: GraphQL types that stand for rows, under ids that are unique in the whole graph.

A resolver returns the row itself, and the type's plain fields are read from it; `related` and `children` follow its
relations, always through `visible_to`. So a type declares its fields and nothing else.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from models.base import Base
from models.refusal import invalid
from schema.context import Info, viewer

T = TypeVar("T")

_models: dict[str, type[Base]] = {}
_names: dict[type[Base], str] = {}


@strawberry.interface(description="Anything with an id: `node(id:)` finds it again, for whoever may see it.")
class Node:
    """Anything with an id."""

    @strawberry.field(description="Opaque; unique in the whole graph.")
    def id(root: Any) -> strawberry.ID:
        """The row's global id."""
        return global_id(root)


def node(model: type[Base], description: str) -> Callable[[type[T]], type[T]]:
    """Declare the GraphQL type that stands for the rows of a model."""

    def declare(declared: type[T]) -> type[T]:
        declared.is_type_of = classmethod(lambda _, value, __: isinstance(value, model))  # type: ignore[attr-defined]
        _models[declared.__name__] = model
        _names[model] = declared.__name__
        return strawberry.type(declared, description=description)

    return declare


def as_node(row: Base | None) -> Any:
    """The row (or none), as the type that stands for it: typed `Any`, as no object of that type is ever made."""
    return row


def global_id(row: Base) -> strawberry.ID:
    """The type's name and the row's UUID. A database can build it as it builds the answer."""
    return strawberry.ID(f"{_names[type(row)]}:{row.id}")


def parse(global_id: str) -> tuple[type[Base], UUID] | None:
    """The model and the row's id behind a global id; None where it is not one."""
    name, _, key = global_id.partition(":")
    model = _models.get(name)
    # UUID() also takes braces and urn: prefixes; one row has one id.
    if model is None or len(key) != 36:
        return None
    try:
        found = UUID(key)
    except ValueError:
        return None
    return (model, found) if str(found) == key else None


def id_of(model: type[Base], global_id: str, field: str) -> UUID:
    """The row's id, where the global id is of this model. Raises `Refused`, naming the input field."""
    match parse(global_id):
        case (found, key) if found is model:
            return key
        case _:
            raise invalid(f"This is not the id of a {_names[model]}.", field)


R = TypeVar("R", bound=Base)


async def find(model: type[R], global_id: str, field: str, info: Info) -> R:
    """The row that an input field means, if the viewer may see it. Raises `Refused`, naming the field."""
    by = viewer(info)
    return await model.seen_by(by, id_of(model, global_id, field), field)


def related(description: str | None = None) -> Any:
    """The one row that this row points to, or that points to it; null where the viewer may not see it."""

    async def resolve(root: Any, info: Info) -> Any:
        relation = root._meta.fields_map[info.python_name]
        model: type[Base] = relation.related_model
        visible = model.visible_to(viewer(info))
        if info.python_name in root._meta.backward_o2o_fields:
            return await visible.get_or_none(**{relation.relation_field: root.id})
        key = getattr(root, relation.source_field)
        return None if key is None else await visible.get_or_none(id=key)

    return strawberry.field(resolver=resolve, description=description)


def members(*order: str, description: str | None = None) -> Any:
    """The rows of a small relation, whose size a rule bounds, as a plain list in this order."""

    async def resolve(root: Any, info: Info) -> Any:
        relation = root._meta.fields_map[info.python_name]
        model: type[Base] = relation.related_model
        if info.python_name in root._meta.m2m_fields:
            return await getattr(root, info.python_name).all().order_by(*order)
        visible = model.visible_to(viewer(info))
        return await visible.filter(**{relation.relation_field: root.id}).order_by(*order)

    return strawberry.field(resolver=resolve, description=description)
