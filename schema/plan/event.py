"""Events in SQL: what one operation shows of events of one kind, for all accounts that are told of them together.

Whose event it is, is a column of the statement: so each subject is looked for among what that account may see, and a
field that differs between accounts differs in what they are told. Where nothing that is selected depends on the
account, a subject is written once, and only whether they may see it is asked for each.
"""

from collections.abc import Sequence
from uuid import UUID

from graphql import FieldNode, GraphQLObjectType, get_named_type

from models.account import Account
from models.base import Base
from schema.plan.compiler import Compiler
from schema.plan.dialect import Unplannable
from schema.plan.json import Json, record
from schema.plan.sql import Sql, query
from schema.plan.standin import Meanings, Row, Viewer

VIEWER = 'asked."viewer"'


class EachViewer(Viewer):
    """Stands for the account of each event."""

    def __init__(self, meanings: Meanings) -> None:
        self._meanings = meanings
        self.viewer = Account(id=meanings.column(UUID, VIEWER))
        self.session = self
        self.is_live = True


class EventCompiler(Compiler):
    """Compiles what is selected on events."""

    def _viewer(self) -> Viewer:
        return EachViewer(self.meanings)

    def statement(
        self, model: type[Base], kind: GraphQLObjectType, subject: str, nodes: Sequence[FieldNode], cursor: str
    ) -> Sql:
        """Rows of a number, the number of the event with the same text, and that text; what is not seen has none.

        The text has `cursor` where the event's own cursor belongs. The dialect's `pairs_of` fills the slots.
        """
        row = self.row(model)
        parts = [
            (key, self._shown(model, kind, subject, same, row, cursor))
            for key, same in self.selections.below(kind, nodes).items()
        ]
        name = nodes[0].alias.value if nodes[0].alias else nodes[0].name.value
        shown = Json(f'{{"data":{{"{name}":', record(parts), "}}").sql
        answer = self.dialect.bytes_of(shown)
        seen = model.visible_to(self.viewer.viewer).filter(id=self.meanings.column(UUID, 'asked."id"'))
        text, _ = shown.render(self.dialect.name)
        if VIEWER in text:
            return Sql(self._asked(), "SELECT n, n, (SELECT ", answer, " FROM ", self._from(seen, row), ") FROM asked")
        rows = self._from(model.all().filter(id=self.meanings.column(UUID, 'seen."id"')), row)
        return Sql(
            self._asked(),
            ", seen AS (SELECT n, id, min(n) OVER (PARTITION BY id) AS same FROM asked WHERE EXISTS (",
            query(seen.only("id"), self.meanings),
            ")) SELECT n, same, CASE WHEN n = same THEN (SELECT ", answer, " FROM ", rows, ") END FROM seen ORDER BY n",
        )  # fmt: skip

    def _shown(
        self, model: type[Base], kind: GraphQLObjectType, subject: str, nodes: list[FieldNode], row: Row, cursor: str
    ) -> Json:
        name = nodes[0].name.value
        if name == "__typename":
            return Json(f'"{kind.name}"')
        if name == "cursor":
            return Json(f'"{cursor}"')
        if name == subject and (of := get_named_type(kind.fields[name].type)) is self.selections.type_of(model):
            assert isinstance(of, GraphQLObjectType)
            return self.record(of, row, nodes)
        raise Unplannable(f"{kind.name}.{name} is neither the event's cursor nor its subject")

    def _asked(self) -> Sql:
        return Sql("WITH asked AS (", self.dialect.pairs(), ")")
