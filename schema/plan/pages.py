"""Connections in SQL: a page of a list, its edges, cursors and what lies beyond it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphql import FieldNode, GraphQLObjectType, GraphQLOutputType, get_named_type

from models.condition import Guard
from schema.connection import Page
from schema.plan.dialect import Unplannable
from schema.plan.json import Json, record
from schema.plan.sql import Constant, Piece, Sql, query
from schema.plan.standin import Row
from schema.plan.window import Window

if TYPE_CHECKING:
    from schema.plan.compiler import Compiler


class Pages:
    """Compiles connections; the rows on them are the compiler's."""

    def __init__(self, compiler: "Compiler") -> None:
        self.compiler = compiler
        self.dialect = compiler.dialect
        self.selections = compiler.selections
        self.meanings = compiler.meanings

    def connection(self, page: Page, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Sql:
        row = self.compiler.row(page.rows.model)
        below = self.selections.below(kind, nodes)
        wanted = {same[0].name.value for same in below.values()}
        # Only pageInfo needs to know what lies beyond the page; without it the window is just the page.
        infos = [node for same in below.values() if same[0].name.value == "pageInfo" for node in same]
        told = {
            same[0].name.value
            for same in self.selections.below(object_type(kind.fields["pageInfo"].type), infos).values()
        }
        known = {"__typename", "hasNextPage" if page.back else "hasPreviousPage"}
        window = Window(page, row, beyond=bool(told - known))
        found = record([(key, self._part(window, kind, same)) for key, same in below.items()])
        if "edges" not in wanted and not window.beyond:
            return self.guarded(page.guard, Sql("SELECT ", found.sql))
        return self.guarded(page.guard, Sql("SELECT ", found.sql, " FROM (", window.sql(self.meanings), f") {row._alias}"))

    def guarded(self, guard: Guard | None, select: Sql) -> Sql:
        """The statement, or what sends ordinary execution to say what is wrong."""
        if guard is None:
            return select
        fails = query(guard.fails.only("id"), self.meanings)
        return Sql("SELECT CASE WHEN EXISTS (", fails, f") THEN {self.compiler.nothing} ELSE (", select, ") END")

    def _part(self, window: Window, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Json:
        page, row = window.page, window.row
        match nodes[0].name.value:
            case "__typename":
                return Json(f'"{kind.name}"')
            case "edges":
                edge = object_type(kind.fields["edges"].type)
                members = [
                    (key, self._edge(page, edge, row, same)) for key, same in self.selections.below(edge, nodes).items()
                ]
                return self.dialect.array(record(members), window.order, window.inside)
            case "pageInfo":
                info = object_type(kind.fields["pageInfo"].type)
                return record(
                    [
                        (key, self._page_info(page, row, same[0].name.value))
                        for key, same in self.selections.below(info, nodes).items()
                    ]
                )
            case "totalCount":
                return Json(Sql("(SELECT count(*) FROM (", query(page.rows, self.meanings), ") c)"))
        raise Unplannable(f"{kind.name}.{nodes[0].name.value}")

    def _edge(self, page: Page, kind: GraphQLObjectType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        match nodes[0].name.value:
            case "__typename":
                return Json(f'"{kind.name}"')
            case "cursor":
                return self.dialect.quoted(self._cursor(page, row))
            case "node":
                return self.compiler.record(object_type(kind.fields["node"].type), row, nodes)
        raise Unplannable(f"{kind.name}.{nodes[0].name.value}")

    def _page_info(self, page: Page, row: Row, name: str) -> Json:
        size = Constant(page.size)
        more = Json(Sql("CASE WHEN count(*) > ", size, " THEN 'true' ELSE 'false' END"))
        last = Sql(f"CASE WHEN {row._alias}.n < ", size, f" THEN {row._alias}.n ELSE ", size, " END")
        first_row, last_row = (last, "1") if page.back else ("1", last)

        def cursor_at(place: Piece) -> Json:
            chosen = Sql("max(", self._cursor(page, row), f") FILTER (WHERE {row._alias}.rn = ", place, ")")
            return self.dialect.quoted(chosen)

        parts: Mapping[str, Json] = {
            "__typename": Json('"PageInfo"'),
            "hasNextPage": _truth(page.before is not None) if page.back else more,
            "hasPreviousPage": more if page.back else _truth(page.after is not None),
            "startCursor": cursor_at(first_row),
            "endCursor": cursor_at(last_row),
        }
        return parts[name]

    def _cursor(self, page: Page, row: Row) -> Sql:
        text = self.dialect.text(page.order.kind(row._model), row.column(page.order.key))
        return Sql(f"'{page.order.name}:' || {row.column('id')} || ':' || {text}")


def _truth(value: bool) -> Json:
    return Json("true" if value else "false")


def object_type(of: GraphQLOutputType) -> GraphQLObjectType:
    """The object type of a field. Raises `Unplannable` where it may be of several."""
    named = get_named_type(of)
    if not isinstance(named, GraphQLObjectType):
        raise Unplannable(f"the abstract type {named.name}")
    return named
