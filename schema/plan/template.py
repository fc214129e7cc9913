"""Templates: pieces of SQL over a row's columns, as fields declare them."""

from schema.plan.dialect import Dialect
from schema.plan.json import Json
from schema.plan.read import Condition, Expression
from schema.plan.sql import Piece, Sql
from schema.plan.standin import Meanings, Row, Viewer


class Templates:
    """Puts the columns of rows, the viewer and the moment in their places."""

    def __init__(self, viewer: Viewer, meanings: Meanings, dialect: Dialect) -> None:
        self.viewer = viewer
        self.meanings = meanings
        self.dialect = dialect

    def expression(self, how: Expression, row: Row) -> Json:
        """The JSON of a value."""
        return self.dialect.quoted(self.filled(how.template, row))

    def condition(self, how: Condition, row: Row) -> Json:
        """True or false."""
        return Json(Sql("CASE WHEN ", self.filled(how.template, row), " THEN 'true' ELSE 'false' END"))

    def filled(self, template: str, row: Row) -> Sql:
        """The template as SQL."""
        pieces: list[Piece] = []
        for index, part in enumerate(template.replace("}", "{").split("{")):
            if index % 2 == 0:
                pieces.append(part)
            elif part == "viewer":
                pieces.append(self.dialect.slot(self.meanings, self.viewer.viewer.id))
            elif part == "now":
                pieces.append(self.meanings[self.viewer.now])
            else:
                pieces.append(row.column(part))
        return Sql(*pieces)
