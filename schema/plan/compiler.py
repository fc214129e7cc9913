"""The compiler: a selection on a type becomes an expression that builds its JSON."""

from collections.abc import Sequence
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
from tortoise.fields import BigIntField, JSONField
from tortoise.queryset import QuerySet

from models.base import Base
from models.facet import Facets
from schema.connection import Page
from schema.connection import page as make_page
from schema.plan.afterwards import Marks
from schema.plan.arguments import Arguments
from schema.plan.counts import Counts
from schema.plan.dialect import Dialect, Unplannable
from schema.plan.json import Json, literal, record
from schema.plan.pages import Pages, object_type
from schema.plan.read import METADATA, Afterwards, Condition, Expression, Many, One, Paged, Tally, Through, Value
from schema.plan.selection import Selections
from schema.plan.sql import Piece, Slot, Sql, query
from schema.plan.standin import Row, Viewer
from schema.plan.tally import Counting
from schema.plan.template import Templates

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
        self.templates = Templates(self.viewer, self.meanings, dialect)
        self.pages = Pages(self)
        self._aliases = (f"t{number}" for number in count())

    def _viewer(self) -> Viewer:
        return Viewer(self.meanings)

    def root(self, found: Any, of: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Sql:
        """The statement of a root field, whose resolver found these rows or this page."""
        if isinstance(found, Page):
            select = self.pages.connection(found, object_type(of), nodes)
        elif isinstance(found, Facets):
            select = Counts(self).select(found, object_type(of), nodes)
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
        row = self.row(model)
        answer = self.dialect.bytes_of(self.record(kind, row, nodes).sql)
        found = self._from(model.visible_to(self.viewer.viewer).filter(id__in=[key]), row)
        return Sql(f"SELECT {row.column('id')}, ", answer, " FROM ", found)

    def _node_type(self, of: GraphQLOutputType, model: type[Base]) -> GraphQLObjectType:
        named = get_named_type(of)
        return named if isinstance(named, GraphQLObjectType) else self.selections.type_of(model)

    def _selected(self, rows: QuerySet[Any], kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Sql:
        row = self.row(rows.model)
        found = self.record(kind, row, nodes)
        return Sql("SELECT ", found.sql, " FROM ", self._from(rows, row))

    def row(self, model: type[Base]) -> Row:
        return Row(model, next(self._aliases), self.meanings)

    def _from(self, rows: QuerySet[Any], row: Row) -> Sql:
        # With the columns that what stands before FROM has used: a wide row is not carried through the statement.
        return Sql("(", query(rows.only(*sorted(row._used | {"id"})), self.meanings), f") {row._alias}")

    def record(self, kind: GraphQLObjectType, row: Row, nodes: Sequence[FieldNode]) -> Json:
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
        if isinstance(named, GraphQLEnumType) and not isinstance(field, JSONField):
            if any(member != value.value for member, value in _values(field).items()):
                raise Unplannable(f"{named.name} is stored under other names")
        elif not isinstance(named, GraphQLEnumType) and (not is_leaf_type(named) or named.name not in LEAVES):
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
                return Json(Sql("(", self.pages.connection(page, object_type(of), nodes), ")"))
            case Value():
                return self._value(how, of, row)
            case Tally():
                return self._tally(how, of, row, nodes)
            case Expression():
                return self.templates.expression(how, row)
            case Condition():
                return self.templates.condition(how, row)
        raise Unplannable(f"a read of the kind {type(how).__name__}")

    def _one(self, how: One, of: GraphQLOutputType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        rows = how.rows(self.viewer.viewer, row)
        found = self._nullable(self._selected(rows if how.unique else rows.limit(1), object_type(of), nodes), of)
        if how.where is None:
            return found
        where = self.templates.filled(how.where.template, row)
        return Json(Sql("CASE WHEN ", where, " THEN ", found.sql, " ELSE 'null' END"))

    def _many(self, how: Many, of: GraphQLOutputType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        rows = how.rows(self.viewer.viewer, row)
        one = self.row(rows.model)
        array = self.dialect.array(self.record(object_type(of), one, nodes), ", ".join(map(one.column, how.order)))
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
        one = self.row(rows.model)
        if how.minuend is not None:
            found = self._int(f"({row.column(how.minuend)} - {one.column(how.column)})")
        elif how.sql is not None:
            found = self._computed(how.sql, one)
        else:
            found = self._column(of, one, how.column).sql
        return self._nullable(Sql("SELECT ", found, " FROM ", self._from(rows, one)), of)

    def _tally(self, how: Tally, of: GraphQLOutputType, row: Row, nodes: Sequence[FieldNode]) -> Json:
        rows, kind = how.rows(self.viewer.viewer, row), object_type(of)
        one = self.row(rows.model)
        counting = Counting(how, one, next(self._aliases), self.dialect)
        array = counting.array(kind.name, list(self.selections.below(kind, nodes).items()))
        viewer = self.dialect.slot(self.meanings, self.viewer.viewer.id)
        return Json(Sql("(SELECT ", array.sql, " FROM ", counting.groups(self._from(rows, one), viewer), ")"))

    def _computed(self, how: Expression | Condition, row: Row) -> Sql:
        if isinstance(how, Condition):
            return self.templates.condition(how, row).sql
        return self._int(Sql("(", self.templates.filled(how.template, row), ")"))

    def _int(self, number: Piece) -> Sql:
        # Columns have 64 bits and a GraphQL Int 32: ordinary execution then says where.
        beyond = Sql(number, " NOT BETWEEN -2147483648 AND 2147483647")
        return Sql("CASE WHEN ", beyond, f" THEN {self.nothing} ELSE ", self.dialect.number(number), " END")

    def _nullable(self, select: Sql, of: GraphQLOutputType) -> Json:
        otherwise = self.nothing if is_non_null_type(of) else "'null'"
        return Json(Sql("coalesce((", select, f"), {otherwise})"))

    @property
    def nothing(self) -> str:
        """What stands where there must be something: ordinary execution then says what is wrong."""
        return literal(f'"{self.missing}"')


def _values(field: Any) -> dict[str, Any]:
    kind = getattr(field, "enum_type", None)
    if kind is None:
        raise Unplannable("an enum in a column of another kind")
    return dict(kind.__members__)
