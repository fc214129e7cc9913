"""How a field is read, said once: ordinary execution reads it from a row, the planner makes SQL of it.

`rows` is given the viewer and the row that the field is read from. The planner gives a stand-in for the row, whose
columns are values that it finds again in the ORM's statement; so `rows` must pass them on as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from tortoise.queryset import QuerySet

from models.account import Account
from models.base import Base

Rows: TypeAlias = Callable[[Account, Any], QuerySet[Any]]

METADATA = "read"

# Metadata of a root: for its string arguments, the function after which they go into the statement as they are.
PREPARE = "prepare"


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether something holds of a row: in SQL over its columns, written as an `Expression` is; and in Python."""

    template: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class One:
    """At most one row; `unique`: no more can be found, so none need be left out. `where`: else there is none."""

    rows: Rows
    unique: bool = False
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Through:
    """A table of pairs of ids, between two models: the column of this side's row, and that of the other side's."""

    target: type[Base]
    table: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Many:
    """A short list of rows, in an order that ends with the id or is unique. `through`: how a planner reaches them."""

    rows: Rows
    order: tuple[str, ...]
    through: Through | None = None


@dataclass(frozen=True, slots=True)
class Paged:
    """A connection: the rows and their order. What its arguments are for, `schema.connection.page` says."""

    rows: Rows
    order: Any


@dataclass(frozen=True, slots=True)
class Value:
    """What a column holds in the one row that can be found, or what it leaves of a column of this row: the minuend.

    `sql` where it is no column there, but a condition or a number: ordinary execution reads a property of that name.
    """

    rows: Rows
    column: str
    minuend: str | None = None
    sql: "Expression | Condition | None" = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows have each value of a column, and whether the viewer is the `owner` of one of them.

    Its type has the value under the column's name, `count` and `mine`; in the order of who came first.
    """

    rows: Rows
    column: str
    owner: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A SQL expression over this row's columns, each written `{column}`. It must mean the same on both databases.

    `{viewer}` is who asks, `{now}` the moment at which they do.
    """

    template: str


@dataclass(frozen=True, slots=True)
class Afterwards:
    """A text that Python makes of the context and the row's id. `given`: a column; where it is null, there is none."""

    make: Callable[[Any, UUID], str]
    given: str | None = None


class CursorText(str):
    """A cursor that the planner has not seen yet: it knows itself which place it stands for."""

    def place(self, order: Any, model: type[Base]) -> tuple[Any, Any]:
        """The sort key and the id that it stands for."""
        raise NotImplementedError


Read: TypeAlias = One | Many | Paged | Value | Tally | Expression | Afterwards


def relation(model: type[Base], name: str) -> Rows:
    """The rows that a relation of a model leads to, as far as the viewer may see them."""
    field = model._meta.fields_map[name]
    target: type[Base] = field.related_model  # type: ignore[attr-defined]
    if name in model._meta.m2m_fields:
        return lambda viewer, row: target.visible_to(viewer).filter(**{field.related_name: row.id})  # type: ignore[attr-defined]
    if name in model._meta.fk_fields or name in model._meta.o2o_fields:
        key = str(field.source_field)
        return lambda viewer, row: target.pointed_to(viewer).filter(id=getattr(row, key))
    return lambda viewer, row: target.under(viewer, field.relation_field, row.id)  # type: ignore[attr-defined]


def through(model: type[Base], name: str) -> Through | None:
    """The table between the two sides of a many-to-many relation; None for any other."""
    if name not in model._meta.m2m_fields:
        return None
    field: Any = model._meta.fields_map[name]
    return Through(field.related_model, field.through, field.backward_key, field.forward_key)
