"""Facets in a statement: what a search finds is found once, and counted by each facet that is selected."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphql import FieldNode, GraphQLObjectType

from models.facet import Facets
from schema.plan.json import Json, record
from schema.plan.pages import object_type
from schema.plan.sql import Sql, query

if TYPE_CHECKING:
    from schema.plan.compiler import Compiler


class Counts:
    """Compiles facets."""

    def __init__(self, compiler: "Compiler") -> None:
        self.compiler = compiler
        self.dialect = compiler.dialect
        self.selections = compiler.selections

    def select(self, facets: Facets, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Sql:
        """The statement of what is selected."""
        below = self.selections.below(kind, nodes)
        members = [(key, self._facet(facets, kind, same)) for key, same in below.items()]
        found = query(facets.rows.only("id"), self.compiler.meanings)
        answer = Sql("WITH found AS MATERIALIZED (", found, ") SELECT ", record(members).sql)
        return self.compiler.pages.guarded(facets.guard, answer)

    def _facet(self, facets: Facets, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Json:
        name = nodes[0].name.value
        if name == "__typename":
            return Json(f'"{kind.name}"')
        one = object_type(kind.fields[name].type)
        parts = {
            "__typename": Json(f'"{one.name}"'),
            "name": Json(Sql(self.dialect.string("facet.name"))),
            "count": Json(self.dialect.number("facet.many")),
        }
        selected = [(key, parts[same[0].name.value]) for key, same in self.selections.below(one, nodes).items()]
        rows = facets.statement(name, "SELECT id FROM found")
        array = self.dialect.array(record(selected), f"facet.many DESC, facet.name COLLATE {self.dialect.by_code_point}")
        return Json(Sql("(SELECT ", array.sql, " FROM (", rows, ") facet)"))
