"""Connections: lists by pages (the Relay specification), over a keyset and never an offset.

A cursor holds the sort keys of its row, so a page costs what it returns, however deep it lies, and rows that come
or go meanwhile neither repeat nor skip others. It also names its list: a cursor of another list is refused.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
import strawberry
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models.base import Base
from models.refusal import invalid
from schema.context import Info, viewer

N = TypeVar("N")

LARGEST_PAGE = 100
DEFAULT_PAGE = 20


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="A place in a list.")
class Edge(Generic[N]):
    """A place in a list."""

    node: N
    cursor: str


@strawberry.type(description="A page of a list.")
class Connection(Generic[N]):
    """A page of a list; `counted` is the whole list."""

    edges: list[Edge[N]]
    page_info: PageInfo
    counted: strawberry.Private[Any]

    @strawberry.field(description="How long the whole list is.")
    async def total_count(self) -> int:
        """How long the whole list is. A statement of its own, made only when it is asked for."""
        return int(await self.counted.count())


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: columns, `-` before those that fall. The last is `id`, so that the order is total."""

    name: str
    columns: tuple[str, ...]

    def cursor(self, row: Any) -> str:
        """The place of a row."""
        keys = [_plain(getattr(row, column.lstrip("-"))) for column in self.columns]
        return encode([self.name, *keys])

    def beyond(self, model: type[Base], cursor: str, field: str, *, back: bool = False) -> Q:
        """The rows that come after the cursor's place; before it, if `back`."""
        keys = self._keys(model, cursor, field)
        later: list[Q] = []
        for index, column in enumerate(self.columns):
            falls = column.startswith("-") is not back
            same = {name.lstrip("-"): key for name, key in zip(self.columns[:index], keys, strict=False)}
            later.append(Q(**same, **{f"{column.lstrip('-')}__{'lt' if falls else 'gt'}": keys[index]}))
        first = self.columns[0]
        # Implied by the rest, but it is what a database can walk an index with.
        bound = "lte" if first.startswith("-") is not back else "gte"
        return Q(**{f"{first.lstrip('-')}__{bound}": keys[0]}) & reduce(Q.__or__, later)

    def reversed(self) -> tuple[str, ...]:
        """The columns in the opposite order."""
        return tuple(column[1:] if column.startswith("-") else f"-{column}" for column in self.columns)

    def _keys(self, model: type[Base], cursor: str, field: str) -> list[Any]:
        foreign = invalid("This is not a cursor of this list; use one that an edge or pageInfo carried.", field)
        name, *keys = decode(cursor) or [None]
        if name != self.name or len(keys) != len(self.columns):
            raise foreign
        columns = [model._meta.fields_map[column.lstrip("-")] for column in self.columns]
        try:
            return [_typed(key, column.field_type) for key, column in zip(keys, columns, strict=True)]
        except (ValueError, TypeError, OverflowError):
            raise foreign from None


async def page(
    rows: QuerySet[Any],
    order: Order,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Any:
    """A page of the rows: the `first` ones after a cursor, or the `last` ones before one. Raises `Refused`."""
    if first is not None and last is not None:
        raise invalid("Give first or last, not both.", "last")
    back = last is not None
    asked = size(last if back else first, "last" if back else "first")
    window = rows
    if after is not None:
        window = window.filter(order.beyond(rows.model, after, "after"))
    if before is not None:
        window = window.filter(order.beyond(rows.model, before, "before", back=True))
    # One row more than asked for tells whether there is another page.
    found = await window.order_by(*(order.reversed() if back else order.columns)).limit(asked + 1)
    more = len(found) > asked
    found = found[:asked]
    if back:
        found.reverse()
    edges = [Edge(node=row, cursor=order.cursor(row)) for row in found]
    return connection(edges, rows, more and not back, more if back else after is not None)


def connection(edges: Sequence[Edge[Any]], counted: Any, more: bool, less: bool) -> Any:
    """A page of these edges, with what lies beyond it on both sides."""
    info = PageInfo(
        has_next_page=more,
        has_previous_page=less,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=list(edges), page_info=info, counted=counted)


def children(order: Order, description: str | None = None) -> Any:
    """The rows that point to this row, by pages."""

    async def resolve(root: Any, info: Info, first: int | None = None, after: str | None = None) -> Any:
        relation = root._meta.fields_map[info.python_name]
        model: type[Base] = relation.related_model
        rows = model.visible_to(viewer(info)).filter(**{relation.relation_field: root.id})
        return await page(rows, order, first=first, after=after)

    return strawberry.field(resolver=resolve, description=description)


def encode(keys: list[Any]) -> str:
    """An opaque cursor of these plain values."""
    return base64.urlsafe_b64encode(orjson.dumps(keys)).decode().rstrip("=")


def decode(cursor: str) -> list[Any] | None:
    """The values of a cursor; None where it is not one."""
    try:
        keys = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
    return keys if isinstance(keys, list) and keys else None


def size(asked: int | None, field: str) -> int:
    """How many rows a page has: what was asked for, within the limits. Raises `Refused`."""
    if asked is None:
        return DEFAULT_PAGE
    if not 1 <= asked <= LARGEST_PAGE:
        raise invalid(f"{field} must be between 1 and {LARGEST_PAGE}.", field)
    return asked


def _plain(key: Any) -> Any:
    return key.isoformat() if isinstance(key, datetime) else str(key) if isinstance(key, UUID) else key


def _typed(key: Any, kind: type) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(key)
        if moment.tzinfo is None:
            raise ValueError(key)
        return moment
    if kind is UUID:
        return UUID(key)
    if kind in (int, float, Decimal) and isinstance(key, (int, float)) and not isinstance(key, bool):
        if not -(2**63) <= key < 2**63:
            raise ValueError(key)
        return key
    if kind is str and isinstance(key, str) and "\x00" not in key:
        return key
    raise ValueError(key)
