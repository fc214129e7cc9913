"""What differs between the databases when an answer is built as JSON."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.fields.base import Field

from models.database import array_text
from schema.plan.json import Json
from schema.plan.sql import Piece, Slot, Sql


class Unplannable(Exception):
    """The planner does not know this; ordinary execution does."""


class Dialect:
    """JSON in SQL, as PostgreSQL writes it."""

    name = "postgres"
    has_arrays = True
    by_code_point = '"C"'

    def bytes_of(self, text: Sql) -> Sql:
        """A text as bytes in UTF-8. PostgreSQL's readers hand text on as bytes anyway."""
        return text

    def quoted(self, value: Piece) -> Json:
        """The JSON of a string, a number or null."""
        return Json(Sql("coalesce(to_json(", value, ")::text, 'null')"))

    def column(self, field: Field[Any], name: str) -> Json:
        """The JSON of a column."""
        value = self._value(field, name)
        return Json(Sql("coalesce(", value.sql, ", 'null')")) if field.null else value

    def _value(self, field: Field[Any], name: str) -> Json:
        if isinstance(field, (fields.DatetimeField, fields.DateField)):
            return Json('"', Sql(self.text(field, name)), '"')
        if isinstance(field, fields.BooleanField):
            return Json(Sql(f"CASE WHEN {name} THEN 'true' WHEN NOT {name} THEN 'false' END"))
        if isinstance(field, fields.JSONField):
            return Json(Sql(self.json(name)))
        if isinstance(field, fields.FloatField):
            return Json(Sql(self.floating(name)))
        if isinstance(field, (fields.SmallIntField, fields.IntField, fields.BigIntField)):
            return Json(self.number(name))
        if getattr(field, "enum_type", None) is not None:
            # Names of GraphQL need no escapes.
            return Json('"', Sql(name), '"')
        return Json(Sql(self.string(name)))

    def string(self, value: str) -> str:
        """The JSON of a text that is not null."""
        return f"to_json({value})::text"

    def floating(self, value: str) -> str:
        """The JSON of a floating-point number, also a whole one, with its fraction: as Python writes it."""
        return f"regexp_replace({value}::text, '^-?[0-9]+$', '\\&.0')"

    def number(self, value: Piece) -> Sql:
        """The text of a number."""
        return Sql("(", value, ")::text")

    def json(self, value: str) -> str:
        """The text of a column that holds JSON."""
        return f"{value}::text"

    def array(self, value: Json, order: str, only: Piece | None = None) -> Json:
        """An array of a value for each row, in the order of a column. `only` chooses among the rows."""
        chosen = Sql(" FILTER (WHERE ", only, ")") if only is not None else Sql()
        return Json("[", Sql("coalesce(string_agg(", value.sql, f", ',' ORDER BY {order})", chosen, ", '')"), "]")

    def slot(self, meanings: Mapping[Any, Piece], standin: UUID) -> Piece:
        """The slot of a UUID, as the database keeps it."""
        return meanings[standin]

    def list_of(self, ids: Sequence[UUID]) -> Any:
        """Ids, as the one parameter that `each_of` takes apart."""
        return list(ids)

    def each_of(self, ids: Piece) -> Sql:
        """A statement whose rows are the ids of a parameter."""
        return Sql("SELECT unnest(", ids, "::uuid[])")

    def pairs(self) -> Sql:
        """A statement whose rows are pairs: n, from 0, and the ids viewer and id."""
        ids = Sql("unnest(", Slot("viewers"), "::text::uuid[], ", Slot("subjects"), "::text::uuid[])")
        return Sql("SELECT n::int - 1 AS n, viewer, id FROM ", ids, " WITH ORDINALITY AS p(viewer, id, n)")

    def pairs_of(self, pairs: Sequence[tuple[UUID, UUID]]) -> Mapping[str, Any]:
        """What fills the slots of `pairs`."""
        viewers, subjects = zip(*pairs, strict=True)
        return {"viewers": array_text(viewers), "subjects": array_text(subjects)}

    def text(self, field: Field[Any], name: str) -> str:
        """The text of a column, for a cursor; of a moment or a day, as Python's isoformat."""
        if isinstance(field, fields.DatetimeField):
            # No fraction where it is zero, else six digits.
            text = f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
            return f"replace({text}, '.000000', '') || '+00:00'"
        if isinstance(field, fields.DateField):
            # The driver keeps Python's first and last day as infinities, which no format can write.
            ends = f"WHEN '-infinity' THEN '{date.min}' WHEN 'infinity' THEN '{date.max}'"
            return f"CASE {name} {ends} ELSE to_char({name}, 'YYYY-MM-DD') END"
        return f"{name}::text"


class Sqlite(Dialect):
    """JSON in SQL, as SQLite writes it."""

    name = "sqlite"
    has_arrays = False
    by_code_point = "BINARY"

    def bytes_of(self, text: Sql) -> Sql:
        """A text as bytes in UTF-8."""
        return Sql("CAST(", text, " AS BLOB)")

    def quoted(self, value: Piece) -> Json:
        """The JSON of a string, a number or null."""
        return Json(Sql("json_quote(", value, ")"))

    def string(self, value: str) -> str:
        """The JSON of a text."""
        return f"json_quote({value})"

    def floating(self, value: str) -> str:
        """The JSON of a floating-point number: `json_quote` writes fifteen digits, which are not always enough."""
        short, whole = (f"printf('%!.{digits}g', {value})" for digits in (15, 17))
        return (
            f"CASE WHEN {value} IS NULL THEN 'null' WHEN CAST({short} AS REAL) = {value} THEN {short} ELSE {whole} END"
        )

    def number(self, value: Piece) -> Sql:
        """A number: it becomes text where it stands beside text."""
        return Sql(value)

    def json(self, value: str) -> str:
        """The text of a column that holds JSON."""
        return value

    def array(self, value: Json, order: str, only: Piece | None = None) -> Json:
        """An array. SQLite before 3.44 has no order inside an aggregate: it takes that of the rows it reads."""
        chosen = Sql(" FILTER (WHERE ", only, ")") if only is not None else Sql()
        return Json("[", Sql("coalesce(group_concat(", value.sql, ", ',')", chosen, ", '')"), "]")

    def slot(self, meanings: Mapping[Any, Piece], standin: UUID) -> Piece:
        """The slot of a UUID, as the database keeps it: as text."""
        return meanings[str(standin)]

    def list_of(self, ids: Sequence[UUID]) -> Any:
        """Ids, as a JSON array."""
        return orjson.dumps(list(ids)).decode()

    def each_of(self, ids: Piece) -> Sql:
        """A statement whose rows are the ids of a parameter."""
        return Sql("SELECT value FROM json_each(", ids, ")")

    def pairs(self) -> Sql:
        """A statement whose rows are pairs: n, from 0, and the ids viewer and id."""
        each = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(("viewer", "id")))
        return Sql(f"SELECT key AS n, {each} FROM json_each(", Slot("pairs"), ")")

    def pairs_of(self, pairs: Sequence[tuple[UUID, UUID]]) -> Mapping[str, Any]:
        """What fills the slots of `pairs`."""
        return {"pairs": orjson.dumps(pairs).decode()}

    def text(self, field: Field[Any], name: str) -> str:
        """The text of a column, for a cursor; of a moment, as Python's isoformat."""
        return f"replace({name}, ' ', 'T')" if isinstance(field, fields.DatetimeField) else name


DIALECTS: dict[str, Dialect] = {"postgres": Dialect(), "sqlite": Sqlite()}
