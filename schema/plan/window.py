"""The window of a page, in a statement."""

from schema.connection import Page
from schema.plan.sql import Constant, Sql, query
from schema.plan.standin import Meanings, Row


class Window:
    """The rows of a page in a statement. `beyond`: with one row more, and each with its number and their count."""

    def __init__(self, page: Page, row: Row, *, beyond: bool) -> None:
        self.page = page
        self.row = row
        self.beyond = beyond

    @property
    def order(self) -> str:
        """By what the rows of the page come in their order."""
        if self.beyond:
            return f"{self.row._alias}.rn{' DESC' if self.page.back else ''}"
        return self._forward(self.row._alias)

    @property
    def inside(self) -> Sql | None:
        """Which of the rows are on the page; None where all are."""
        return Sql(f"{self.row._alias}.rn <= ", Constant(self.page.size)) if self.beyond else None

    def sql(self, meanings: Meanings) -> Sql:
        """The rows, in the order of the page."""
        columns = sorted(self.row._used | {self.page.order.key, "id"})
        if self.beyond:
            # Without an order of its own the window takes the rows as they come.
            numbered = "SELECT w.*, row_number() OVER () AS rn, count(*) OVER () AS n FROM ("
            turn = " DESC" if self.page.back else ""
            return Sql(numbered, query(self.page.window.only(*columns), meanings), f") w ORDER BY rn{turn}")
        rows = query(self.page.window.limit(self.page.size).only(*columns), meanings)
        return Sql("SELECT * FROM (", rows, f") w ORDER BY {self._forward('w')}") if self.page.back else rows

    def _forward(self, alias: str) -> str:
        model = self.page.rows.model
        columns = (Row(model, alias, Meanings()).column(name) for name in (self.page.order.key, "id"))
        return ", ".join(f"{column}{' DESC' if self.page.order.falls else ''}" for column in columns)
