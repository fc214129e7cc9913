"""Tallies, in a statement: the rows below a row, counted by what is in a column."""

from collections.abc import Sequence

from graphql import FieldNode

from schema.plan.dialect import Dialect
from schema.plan.json import Json, record
from schema.plan.read import Tally
from schema.plan.sql import Piece, Sql
from schema.plan.standin import Row


class Counting:
    """The rows of a tally, grouped. `alias` names the groups, `one` the rows in them."""

    def __init__(self, how: Tally, one: Row, alias: str, dialect: Dialect) -> None:
        self.how = how
        self.dialect = dialect
        self.alias = alias
        self.value, self.owner, self.born = map(one.column, (how.column, how.owner, "created_at"))

    @property
    def order(self) -> str:
        """Whatever came first; at one moment, by code points, as Python sorts."""
        return f"{self.alias}.born, {self.alias}.v COLLATE {self.dialect.by_code_point}"

    def array(self, kind: str, wanted: Sequence[tuple[str, Sequence[FieldNode]]]) -> Json:
        """The JSON of what is wanted of each group."""
        parts = {
            "__typename": Json(f'"{kind}"'),
            self.how.column: Json(Sql(self.dialect.string(f"{self.alias}.v"))),
            "count": Json(Sql(self.dialect.number(f"{self.alias}.many"))),
            "mine": Json(Sql(f"CASE WHEN {self.alias}.mine = 1 THEN 'true' ELSE 'false' END")),
        }
        return self.dialect.array(record([(key, parts[same[0].name.value]) for key, same in wanted]), self.order)

    def groups(self, rows: Sql, viewer: Piece) -> Sql:
        """The groups, in their order."""
        mine = Sql(f"max(CASE WHEN {self.owner} = ", viewer, " THEN 1 ELSE 0 END)")
        counted = Sql(
            f"SELECT {self.value} AS v, count(*) AS many, ", mine, f" AS mine, min({self.born}) AS born FROM "
        )
        grouped = Sql(counted, rows, f" GROUP BY {self.value}")
        return Sql("(SELECT * FROM (", grouped, f") {self.alias} ORDER BY {self.order}) {self.alias}")
