"""The compiler: a selection on a type becomes an expression that builds its JSON."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_non_null_type,
)
from strawberry.types.field import StrawberryField
from tortoise.fields import BigIntField
from tortoise.queryset import QuerySet

from models.base import Base
from schema.connection import Page
from schema.connection import page as make_page
from schema.plan.afterwards import Marks
from schema.plan.arguments import Arguments
from schema.plan.dialect import Dialect, Unplannable
from schema.plan.json import Json, literal, record, truth
from schema.plan.read import METADATA, Afterwards, Expression, Many, One, Paged, Tally, Through, Value
from schema.plan.selection import Selections, object_of
from schema.plan.sql import Constant, Piece, Slot, Sql, query
from schema.plan.standin import Row, Viewer
from schema.plan.tally import Counting
from schema.plan.window import Window

LEAVES = {"String", "Int", "Float", "Boolean", "ID", "DateTime", "Date"}


class Compiler:
    """Compiles the root fields of one operation."""

    def __init__(
        self, dialect: Dialect, selections: Selections, arguments: Arguments, missing: str, marks: Marks | None
    ):
        self.dialect = dialect
        self.selections = selections
        self.arguments = arguments
        self.meanings = arguments.meanings
        # What an answer holds where a non-null field would be null: ordinary execution then says where.
        self.missing = missing
        self.marks = marks
        self.viewer = self._viewer()
        self._aliases = (f"t{number}" for number in count())

    def _viewer(self) -> Viewer:
        return Viewer(self.meanings)

    def root(self, found: Any, of: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Sql:
        """The statement of a root field, whose resolver found these rows or this page."""
        if isinstance(found, Page):
            select = self._connection(found, object_of(of), nodes)
        elif isinstance(found, QuerySet) and found._single:
            select = self._selected(found, self._node_type(of, found.model), nodes)
        else:
            raise Unplannable("a root that is neither a row nor a page")
        return Sql("SELECT ", self.dialect.bytes_of(Sql("(", select, ")")))

    def rows(self, model: type[Base], kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Sql:
        """The statement of what is selected on some rows, whose ids each request gives: each id, and its JSON."""
        below = self.selections.below(kind, nodes).values()
        declared = (kind.fields[same[0].name.value] for same in below if same[0].name.value in kind.fields)
        if not any(callable(field.extensions["strawberry-definition"].metadata.get(METADATA)) for field in declared):
            raise Unplannable("the row has all of it")
        key = self.meanings.slot("rows", UUID, lambda request: self.dialect.list_of(request.rows))
        self.meanings[key] = self.meanings[str(key)] = self.dialect.each_of(Slot("rows"))
        row = self._row(model)
        answer = self.dialect.bytes_of(self._record(kind, row, nodes).sql)
        found = self._from(model.visible_to(self.viewer.viewer).filter(id__in=[key]), row)
        return Sql(f"SELECT {row.column('id')}, ", answer, " FROM ", found)

    def _node_type(self, of: GraphQLOutputType, model: type[Base]) -> GraphQLObjectType:
        named = get_named_type(of)
        return named if isinstance(named, GraphQLObjectType) else self.selections.type_of(model)

    def _selected(self, rows: QuerySet[Any], kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Sql:
        row = self._row(rows.model)
        found = self._record(kind, row, nodes)
        return Sql("SELECT ", found.sql, " FROM ", self._from(rows, row))

    def _row(self, model: type[Base]) -> Row:
        return Row(model, next(self._aliases), self.meanings)

    def _from(self, rows: QuerySet[Any], row: Row) -> Sql:
        # With the columns that what stands before FROM has used: a wide row is not carried through the statement.
        return Sql("(", query(rows.only(*sorted(row._used | {"id"})), self.meanings), f") {row._alias}")

    def _record(self, kind: GraphQLObjectType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        return record([(key, self._field(kind, row, same)) for key, same in self.selections.below(kind, nodes).items()])

    def _field(self, kind: GraphQLObjectType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        name = nodes[0].name.value
        if name == "__typename":
            return Json(f'"{kind.name}"')
        definition = kind.fields[name]
        declared: StrawberryField = definition.extensions["strawberry-definition"]
        read = declared.metadata.get(METADATA)
        if read is not None:
            how = read(row._model, declared.python_name) if callable(read) else read
            if isinstance(how, Afterwards):
                if self.marks is None:
                    raise Unplannable(f"{kind.name}.{name} differs between the sockets of an account")
                return self.marks.of(f"{kind.name}.{name}", how, row)
            return self._read(how, definition, row, nodes)
        if name == "id":
            return Json(f'"{kind.name}:', Sql(row.column("id")), '"')
        if declared.is_basic_field:
            return self._column(definition.type, row, declared.python_name)
        raise Unplannable(f"{kind.name}.{name} is computed in Python")

    def _column(self, of: GraphQLOutputType, row: Row, name: str) -> Json:
        field = row._model._meta.fields_map.get(name)
        if field is None or not field.has_db_field:
            raise Unplannable(f"{row._model.__name__}.{name} is no column")
        named = get_named_type(of)
        if isinstance(named, GraphQLEnumType):
            if any(member != value.value for member, value in _values(field).items()):
                raise Unplannable(f"{named.name} is stored under other names")
        elif not is_leaf_type(named) or named.name not in LEAVES:
            raise Unplannable(f"the type {named.name}")
        if isinstance(field, BigIntField) and named.name == "Int":
            number = self._int(row.column(name))
            return Json(Sql("coalesce(", number, ", 'null')") if field.null else number)
        return self.dialect.column(field, row.column(name))

    def _read(self, how: Any, definition: GraphQLField, row: Row, nodes: Sequence[FieldNode]) -> Json:
        of = definition.type
        match how:
            case One():
                return self._one(how, of, row, nodes)
            case Many():
                return self._many(how, of, row, nodes)
            case Paged():
                found = how.rows(self.viewer.viewer, row)
                page = make_page(found, how.order, **self.arguments.of(definition, nodes[0]))
                return Json(Sql("(", self._connection(page, object_of(of), nodes), ")"))
            case Value():
                return self._value(how, of, row)
            case Tally():
                return self._tally(how, of, row, nodes)
            case Expression():
                return self._expression(how, row)
        raise Unplannable(f"a read of the kind {type(how).__name__}")

    def _one(self, how: One, of: GraphQLOutputType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        rows = how.rows(self.viewer.viewer, row)
        return self._nullable(self._selected(rows if how.unique else rows.limit(1), object_of(of), nodes), of)

    def _many(self, how: Many, of: GraphQLOutputType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        rows = how.rows(self.viewer.viewer, row)
        one = self._row(rows.model)
        array = self.dialect.array(self._record(object_of(of), one, nodes), ", ".join(map(one.column, how.order)))
        if how.through is None or not self.dialect.has_arrays:
            found = self._from(rows.order_by(*how.order), one)
        else:
            found = self._through(how.through, row, one)
        return Json(Sql("(SELECT ", array.sql, " FROM ", found, ")"))

    def _through(self, table: Through, row: Row, one: Row) -> Sql:
        # The ids first, then their rows by the primary key. PostgreSQL takes a join of the two for a good part of the
        # table, and reads that whole table again for each row outside.
        seen = self._from(table.target.visible_to(self.viewer.viewer), one)
        pairs = f'SELECT "{table.theirs}" FROM "{table.table}" WHERE "{table.ours}" = {row.column("id")}'
        return Sql(seen, f" WHERE {one.column('id')} = ANY(ARRAY({pairs}))")

    def _value(self, how: Value, of: GraphQLOutputType, row: Row) -> Json:
        rows = how.rows(self.viewer.viewer, row)
        one = self._row(rows.model)
        number = one.column(how.column)
        if how.minuend is not None:
            number = f"({row.column(how.minuend)} - {number})"
        field = rows.model._meta.fields_map[how.column]
        found = self._int(number) if isinstance(field, BigIntField) else self.dialect.column(field, number).sql
        return self._nullable(Sql("SELECT ", found, " FROM ", self._from(rows, one)), of)

    def _tally(self, how: Tally, of: GraphQLOutputType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        rows, kind = how.rows(self.viewer.viewer, row), object_of(of)
        one = self._row(rows.model)
        counting = Counting(how, one, next(self._aliases), self.dialect)
        array = counting.array(kind.name, list(self.selections.below(kind, nodes).items()))
        viewer = self.dialect.slot(self.meanings, self.viewer.viewer.id)
        return Json(Sql("(SELECT ", array.sql, " FROM ", counting.groups(self._from(rows, one), viewer), ")"))

    def _int(self, number: str) -> Sql:
        # Columns have 64 bits and a GraphQL Int 32: ordinary execution then says where.
        beyond = f"{number} NOT BETWEEN -2147483648 AND 2147483647"
        return Sql(f"CASE WHEN {beyond} THEN {self._missing} ELSE {self.dialect.number(number)} END")

    def _expression(self, how: Expression, row: Row) -> Json:
        pieces: list[Piece] = []
        for index, part in enumerate(how.template.replace("}", "{").split("{")):
            if index % 2 == 0:
                pieces.append(part)
            elif part == "viewer":
                pieces.append(self.dialect.slot(self.meanings, self.viewer.viewer.id))
            else:
                pieces.append(row.column(part))
        return self.dialect.quoted(Sql(*pieces))

    def _nullable(self, select: Sql, of: GraphQLOutputType) -> Json:
        otherwise = self._missing if is_non_null_type(of) else "'null'"
        return Json(Sql("coalesce((", select, f"), {otherwise})"))

    @property
    def _missing(self) -> str:
        return literal(f'"{self.missing}"')

    def _connection(self, page: Page, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Sql:
        row = self._row(page.rows.model)
        below = self.selections.below(kind, nodes)
        wanted = {same[0].name.value for same in below.values()}
        # Only pageInfo needs to know what lies beyond the page; without it the window is just the page.
        infos = [node for same in below.values() if same[0].name.value == "pageInfo" for node in same]
        told = {
            same[0].name.value
            for same in self.selections.below(object_of(kind.fields["pageInfo"].type), infos).values()
        }
        known = {"__typename", "hasNextPage" if page.back else "hasPreviousPage"}
        window = Window(page, row, beyond=bool(told - known))
        found = record([(key, self._part(window, kind, same)) for key, same in below.items()])
        if "edges" not in wanted and not window.beyond:
            return Sql("SELECT ", found.sql)
        return Sql("SELECT ", found.sql, " FROM (", window.sql(self.meanings), f") {row._alias}")

    def _part(self, window: Window, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Json:
        page, row = window.page, window.row
        match nodes[0].name.value:
            case "__typename":
                return Json(f'"{kind.name}"')
            case "edges":
                edge = object_of(kind.fields["edges"].type)
                members = [
                    (key, self._edge(page, edge, row, same)) for key, same in self.selections.below(edge, nodes).items()
                ]
                return self.dialect.array(record(members), window.order, window.inside)
            case "pageInfo":
                info = object_of(kind.fields["pageInfo"].type)
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
                return self._record(object_of(kind.fields["node"].type), row, nodes)
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
            "hasNextPage": truth(page.before is not None) if page.back else more,
            "hasPreviousPage": more if page.back else truth(page.after is not None),
            "startCursor": cursor_at(first_row),
            "endCursor": cursor_at(last_row),
        }
        return parts[name]

    def _cursor(self, page: Page, row: Row) -> Sql:
        key = row._model._meta.fields_map[page.order.key]
        text = self.dialect.text(key, row.column(page.order.key))
        return Sql(f"'{page.order.name}:' || {row.column('id')} || ':' || {text}")


def _values(field: Any) -> dict[str, Any]:
    kind = getattr(field, "enum_type", None)
    if kind is None:
        raise Unplannable("an enum in a column of another kind")
    return dict(kind.__members__)
