"""What differs between the databases when an answer is built as JSON."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.fields.base import Field

from schema.plan.sql import Piece, Sql, join

# PostgreSQL passes at most 100 arguments to a function; each member of an object takes two.
MOST_MEMBERS = 50


class Unplannable(Exception):
    """The planner does not know this; ordinary execution does."""


class Dialect:
    """JSON in SQL, as PostgreSQL writes it."""

    name = "postgres"
    object = "json_build_object"
    empty = "'[]'::json"
    has_arrays = True

    def record(self, members: Sequence[tuple[str, Piece]]) -> Sql:
        """An object with these members. Their names are GraphQL names, so they need no quoting."""
        if len(members) > MOST_MEMBERS:
            raise Unplannable(f"more than {MOST_MEMBERS} fields in one selection")
        return Sql(f"{self.object}(", join([Sql(f"'{name}', ", value) for name, value in members]), ")")

    def array(self, value: Piece, order: str, only: Piece | None = None) -> Sql:
        """An array of a value for each row, in the order of a column. `only` chooses among the rows."""
        chosen = Sql(" FILTER (WHERE ", only, ")") if only is not None else Sql()
        return Sql("coalesce(json_agg(", value, f" ORDER BY {order})", chosen, f", {self.empty})")

    def nested(self, select: Piece) -> Sql:
        """A statement whose one value is JSON, as a value."""
        return Sql("(", select, ")")

    def json(self, text: str) -> str:
        """A JSON string of plain characters."""
        return f"'\"{text}\"'::json"

    def number(self, value: str) -> str:
        """A number, beside which there may be a JSON string in its place."""
        return f"to_json({value})"

    def boolean(self, condition: Piece) -> Sql:
        """A condition, as a JSON boolean."""
        return Sql("(", condition, ")")

    def slot(self, meanings: Mapping[Any, Piece], standin: UUID) -> Piece:
        """The slot of a UUID, as the database keeps it."""
        return meanings[standin]

    def list_of(self, ids: Sequence[UUID]) -> Any:
        """Ids, as the one parameter that `each_of` takes apart."""
        return list(ids)

    def each_of(self, ids: Piece) -> Sql:
        """A statement whose rows are the ids of a parameter."""
        return Sql("SELECT unnest(", ids, "::uuid[])")

    def column(self, field: Field[Any], name: str) -> str:
        """The JSON value of a column."""
        if isinstance(field, fields.DatetimeField):
            # As Python's isoformat: no fraction where it is zero, else six digits.
            text = f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
            return f"replace({text}, '.000000', '') || '+00:00'"
        if isinstance(field, fields.DateField):
            # The driver keeps Python's first and last day as infinities, which no format can write.
            ends = f"WHEN '-infinity' THEN '{date.min}' WHEN 'infinity' THEN '{date.max}'"
            return f"CASE {name} {ends} ELSE to_char({name}, 'YYYY-MM-DD') END"
        return name

    def text(self, field: Field[Any], name: str) -> str:
        """The text of a column, for a cursor."""
        value = self.column(field, name)
        return value if value != name else f"{name}::text"


class Sqlite(Dialect):
    """JSON in SQL, as SQLite writes it. It forgets that a value is JSON on its way out of a subquery."""

    name = "sqlite"
    object = "json_object"
    has_arrays = False

    def array(self, value: Piece, order: str, only: Piece | None = None) -> Sql:
        """An array. SQLite before 3.44 has no order inside an aggregate: it takes that of the rows it reads."""
        chosen = Sql(" FILTER (WHERE ", only, ")") if only is not None else Sql()
        return Sql("json_group_array(", value, ")", chosen)

    def nested(self, select: Piece) -> Sql:
        """A statement whose one value is JSON, as a value."""
        return Sql("json((", select, "))")

    def json(self, text: str) -> str:
        """A JSON string of plain characters."""
        return f"json('\"{text}\"')"

    def number(self, value: str) -> str:
        """A number, beside which there may be a JSON string in its place."""
        return value

    def boolean(self, condition: Piece) -> Sql:
        """A condition, as a JSON boolean."""
        return Sql("json(CASE WHEN ", condition, " THEN 'true' ELSE 'false' END)")

    def slot(self, meanings: Mapping[Any, Piece], standin: UUID) -> Piece:
        """The slot of a UUID, as the database keeps it: as text."""
        return meanings[str(standin)]

    def list_of(self, ids: Sequence[UUID]) -> Any:
        """Ids, as a JSON array."""
        return orjson.dumps(list(ids)).decode()

    def each_of(self, ids: Piece) -> Sql:
        """A statement whose rows are the ids of a parameter."""
        return Sql("SELECT value FROM json_each(", ids, ")")

    def column(self, field: Field[Any], name: str) -> str:
        """The JSON value of a column."""
        if isinstance(field, fields.DatetimeField):
            return f"replace({name}, ' ', 'T')"
        if isinstance(field, fields.BooleanField):
            return f"json(CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
        if isinstance(field, fields.JSONField):
            return f"json({name})"
        return name

    def text(self, field: Field[Any], name: str) -> str:
        """The text of a column, for a cursor."""
        return self.column(field, name)


DIALECTS: dict[str, Dialect] = {"postgres": Dialect(), "sqlite": Sqlite()}
