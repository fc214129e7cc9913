"""Nodes: GraphQL types that stand for rows, under ids that are unique in the whole graph.

A resolver returns the row itself, and the type's plain fields are read from it; `related` and `children` follow its
relations, always through `visible_to`. So a type declares its fields and nothing else.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import strawberry

from models.base import Base
from models.refusal import invalid
from schema.context import Info, viewer
from schema.plan.read import METADATA, Condition, Expression, Many, One, Rows, Value, relation, through

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


def as_node(row: Any) -> Any:
    """The row, or a query for it, as the type that stands for it: `Any`, as no object of that type is ever made."""
    return row


def global_id(row: Base) -> strawberry.ID:
    """The row's id in the whole graph."""
    return global_id_of(type(row), row.id)


def global_id_of(model: type[Base], id: UUID) -> strawberry.ID:
    """The type's name and the row's UUID. A database can build it as it builds the answer."""
    return strawberry.ID(f"{_names[model]}:{id}")


def name_of(model: type[Base]) -> str:
    """The name of the type that stands for the model's rows."""
    return _names[model]


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


def id_if_given(model: type[Base], global_id: str | None, field: str) -> UUID | None:
    """The same, where there is a global id."""
    return None if global_id is None else id_of(model, global_id, field)


R = TypeVar("R", bound=Base)


async def find(model: type[R], global_id: str, field: str, info: Info) -> R:
    """The row that an input field means, if the viewer may see it. Raises `Refused`, naming the field."""
    by = viewer(info)
    return await model.seen_by(by, id_of(model, global_id, field), field)


def lookup(model: type[Base], global_id: str, info: Info) -> Any:
    """The row with this global id, to be awaited; none where the viewer may not see it. Raises `Refused`."""
    return as_node(model.visible_to(viewer(info)).get_or_none(id=id_of(model, global_id, "id")))


def related(description: str | None = None) -> Any:
    """The one row that this row points to, or that points to it; null where the viewer may not see it."""
    return _field(lambda model, name: One(relation(model, name), unique=True), _read_one, description)


def members(*order: str, description: str | None = None) -> Any:
    """The rows of a small relation, whose size a rule bounds, as a plain list in this order."""

    def follow(model: type[Base], name: str) -> Many:
        return Many(relation(model, name), order, through(model, name))

    return _field(follow, _read_many, description)


def one(rows: Rows, description: str, *, unique: bool = False, where: Condition | None = None) -> Any:
    """The one row that `rows` leaves; null where there is none that the viewer may see. `unique`: never several."""
    return _field(lambda *_: One(rows, unique, where), _read_one, description)


def value(
    rows: Rows, column: str, description: str, *, minuend: str | None = None, sql: Expression | Condition | None = None
) -> Any:
    """A column of the one row that `rows` leaves; or what it leaves of a column of this row; or what `sql` says."""
    return _field(lambda *_: Value(rows, column, minuend, sql), _read_value, description)


# How a field is read, for the type's model and the field's name there.
Reading: TypeAlias = Callable[[type[Base], str], Any]


def _field(reading: Reading, resolver: Callable[..., Any], description: str | None) -> Any:
    return strawberry.field(resolver=resolver, description=description, metadata={METADATA: reading})


def reading(root: Base, info: Info) -> Any:
    """How the field that is being resolved is read."""
    return info._field.metadata[METADATA](type(root), info.python_name)


async def _read_one(root: Any, info: Info) -> Any:
    how = reading(root, info)
    if how.where is not None and not how.where.holds(root):
        return None
    return await how.rows(viewer(info), root).first()


async def _read_many(root: Any, info: Info) -> Any:
    how = reading(root, info)
    return await how.rows(viewer(info), root).order_by(*how.order)


async def _read_value(root: Any, info: Info) -> Any:
    how = reading(root, info)
    found = await how.rows(viewer(info), root).first()
    if found is None:
        return None
    if isinstance(how.sql, Condition):
        return how.sql.holds(found)
    column = getattr(found, how.column)
    return column if how.minuend is None else getattr(root, how.minuend) - column
