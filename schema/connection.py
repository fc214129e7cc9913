"""Connections: lists by pages (the Relay specification), over a keyset and never an offset.

A cursor holds the sort key and the id of its row, so a page costs what it returns, however deep it lies, and rows that
come or go meanwhile neither repeat nor skip others. It also names its list: a cursor of another list is refused.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
from tortoise.expressions import Q
from tortoise.fields.base import Field
from tortoise.queryset import QuerySet

from models.base import Base
from models.condition import Guard
from models.refusal import Refused, invalid
from schema.context import Info, viewer
from schema.plan.read import METADATA, CursorText, Paged, Rows, relation

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
    """How a list is sorted: by a column (with `-` before it, falling), then by id in the same direction."""

    name: str
    column: str
    # Where the column is computed by the queryset, and none of the table: its kind.
    computed: Field[Any] | None = None

    def kind(self, model: type[Base]) -> Field[Any]:
        """What the column holds."""
        return self.computed or model._meta.fields_map[self.key]

    @property
    def key(self) -> str:
        """The column's name."""
        return self.column.lstrip("-")

    @property
    def falls(self) -> bool:
        """Do the greatest come first?"""
        return self.column.startswith("-")

    def columns(self, *, back: bool = False) -> tuple[str, str]:
        """What to sort by; in the opposite direction, if `back`."""
        sign = "-" if self.falls is not back else ""
        return f"{sign}{self.key}", f"{sign}id"

    def cursor(self, row: Any) -> str:
        """The place of a row. A database can build it as it builds the answer."""
        key = getattr(row, self.key)
        return f"{self.name}:{row.id}:{key.isoformat() if isinstance(key, date) else key}"

    def beyond(self, place: tuple[Any, UUID], *, back: bool = False) -> Q:
        """The rows that come after a place; before it, if `back`."""
        key, row_id = place
        than = "lt" if self.falls is not back else "gt"
        same_key = Q(**{self.key: key, f"id__{than}": row_id})
        # The first condition follows from the second, but it is what a database can walk an index with.
        return Q(**{f"{self.key}__{than}e": key}) & (Q(**{f"{self.key}__{than}": key}) | same_key)

    def place(self, model: type[Base], cursor: str, field: str) -> tuple[Any, UUID]:
        """The sort key and the id that a cursor holds. Raises `Refused` for anything but a cursor of this list."""
        if isinstance(cursor, CursorText):
            return cursor.place(self, model)
        name, row_id, key = [*cursor.split(":", 2), "", ""][:3]
        try:
            if name != self.name or str(UUID(row_id)) != row_id:
                raise ValueError(cursor)
            return _typed(key, self.kind(model)), UUID(row_id)
        except (ValueError, OverflowError):
            raise foreign_cursor(field) from None


class Page:
    """A page to be read: the rows, and the window on them. Awaited, it becomes a `Connection`.

    `after` and `before` are places in the order. Nothing is read before it is awaited: the planner takes it as it is.
    """

    def __init__(
        self,
        rows: QuerySet[Any],
        order: Order,
        size: int,
        *,
        back: bool = False,
        after: Any = None,
        before: Any = None,
        guard: Guard | None = None,
    ) -> None:
        self.rows = rows
        self.order = order
        self.size = size
        self.back = back
        self.after = after
        self.before = before
        self.guard = guard

    @property
    def window(self) -> QuerySet[Any]:
        """The rows in order, up to one more than the page holds: it tells whether there is another page."""
        window = self.rows
        if self.after is not None:
            window = window.filter(self.order.beyond(self.after))
        if self.before is not None:
            window = window.filter(self.order.beyond(self.before, back=True))
        return window.order_by(*self.order.columns(back=self.back)).limit(self.size + 1)

    def __await__(self) -> Generator[Any, None, Any]:
        return self._read().__await__()

    async def _read(self) -> Any:
        if self.guard is not None:
            await self.guard.refuse()
        found = await self.window
        more = len(found) > self.size
        found = found[: self.size]
        if self.back:
            found.reverse()
        edges = [Edge(node=row, cursor=self.order.cursor(row)) for row in found]
        info = page_info(
            [edge.cursor for edge in edges],
            more=self.before is not None if self.back else more,
            less=more if self.back else self.after is not None,
        )
        return Connection(edges=edges, page_info=info, counted=self.rows)


def page(
    rows: QuerySet[Any],
    order: Order,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    guard: Guard | None = None,
) -> Any:
    """A page of the rows: the `first` ones after a cursor, or the `last` ones before one. Raises `Refused`."""
    if first is not None and last is not None:
        raise invalid("Give first or last, not both.", "last")
    back = last is not None
    return Page(
        rows,
        order,
        size(last, "last") if back else size(first, "first"),
        back=back,
        after=None if after is None else order.place(rows.model, after, "after"),
        before=None if before is None else order.place(rows.model, before, "before"),
        guard=guard,
    )


def page_around(rows: QuerySet[Any], order: Order, number: int, *, first: int | None = None) -> Any:
    """The page of a dense list, numbered from 1, in the middle of which this number is. Raises `Refused`."""
    if not 1 <= number < 2**31:
        raise invalid("around is the number of a message, from 1.", "around")
    many = size(first, "first")
    before = number - (many - 1) // 2 - 1
    # The last id that there can be: the page begins with the next number.
    after = (before, UUID(int=2**128 - 1)) if before > 0 else None
    return Page(rows, order, many, after=after)


def page_info(cursors: Sequence[str], *, more: bool, less: bool) -> PageInfo:
    """Where a page with these cursors lies: is there more beyond it, and is there something before it?"""
    return PageInfo(
        has_next_page=more,
        has_previous_page=less,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def children(order: Order, description: str | None = None) -> Any:
    """The rows that point to this row, by pages."""

    def resolve(root: Any, info: Info, first: int | None = None, after: str | None = None) -> Any:
        rows = relation(type(root), info.python_name)(viewer(info), root)
        return page(rows, order, first=first, after=after)

    return _paged(resolve, order, description)


def chosen(rows: Rows, order: Order, description: str) -> Any:
    """The rows that `rows` leaves, by pages."""

    def resolve(root: Any, info: Info, first: int | None = None, after: str | None = None) -> Any:
        return page(rows(viewer(info), root), order, first=first, after=after)

    return strawberry.field(resolver=resolve, description=description, metadata={METADATA: Paged(rows, order)})


def both_ways(order: Order, description: str | None = None) -> Any:
    """The rows that point to this row, by pages from either end."""

    def resolve(
        root: Any,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Any:
        rows = relation(type(root), info.python_name)(viewer(info), root)
        return page(rows, order, first=first, after=after, last=last, before=before)

    return _paged(resolve, order, description)


def _paged(resolver: Any, order: Order, description: str | None) -> Any:
    def read(model: type[Base], name: str) -> Paged:
        return Paged(relation(model, name), order)

    return strawberry.field(resolver=resolver, description=description, metadata={METADATA: read})


def size(asked: int | None, field: str) -> int:
    """How many rows a page has: what was asked for, within the limits. Raises `Refused`."""
    if asked is None:
        return DEFAULT_PAGE
    if not 1 <= asked <= LARGEST_PAGE:
        raise invalid(f"{field} must be between 1 and {LARGEST_PAGE}.", field)
    return asked


def foreign_cursor(field: str) -> Refused:
    """What to raise for a cursor of another list, or for none at all."""
    return invalid("This is not a cursor of this list; use one that an edge or pageInfo carried.", field)


def _typed(key: str, column: Field[Any]) -> Any:
    kind = column.field_type
    if issubclass(kind, datetime):
        moment = datetime.fromisoformat(key)
        # At the ends of the calendar, no database can convert a time to another zone.
        if moment.tzinfo is None or not 1000 <= moment.year <= 9000:
            raise ValueError(key)
        # SQLite compares what is written.
        return moment.astimezone(UTC)
    if issubclass(kind, date):
        return date.fromisoformat(key)
    if issubclass(kind, int):
        if not key.isascii() or len(key) > 19 or not -(2**63) <= int(key) < 2**63:
            raise ValueError(key)
        return int(key)
    # The ORM looks for no text that is longer than its column. PostgreSQL's has no NUL, and UTF-8 no surrogates.
    if (
        len(key) > getattr(column, "max_length", len(key))
        or "\x00" in key
        or any("\ud800" <= character <= "\udfff" for character in key)
    ):
        raise ValueError(key)
    return key
