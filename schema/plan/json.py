"""JSON as text in SQL.

An answer is put together as text, by the database: plain text, and between it the texts of values. Functions that build
JSON look up what each of their arguments is, for every row, and on SQLite a value forgets on its way out of a subquery
that it is JSON and is parsed again.
"""

from schema.plan.sql import Sql, join


class Json:
    """The text of a JSON value. Of its parts a `str` stands for itself, and `Sql` is an expression that yields text."""

    __slots__ = ("parts",)

    def __init__(self, *parts: "str | Sql | Json") -> None:
        self.parts: list[str | Sql] = []
        for part in parts:
            for each in part.parts if isinstance(part, Json) else (part,):
                if isinstance(each, str) and self.parts and isinstance(self.parts[-1], str):
                    self.parts[-1] += each
                else:
                    self.parts.append(each)

    @property
    def sql(self) -> Sql:
        """The one expression for all of it."""
        return join([Sql(literal(part)) if isinstance(part, str) else part for part in self.parts], " || ")


def literal(text: str) -> str:
    """A text as a constant of SQL."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def record(members: list[tuple[str, Json]]) -> Json:
    """An object with these members. Their names are GraphQL names, so they need no escapes."""
    parts: list[str | Json] = []
    for index, (name, value) in enumerate(members):
        parts += [f'{"," if index else ""}"{name}":', value]
    return Json("{", *parts, "}")


def truth(value: bool) -> Json:
    """The JSON of a truth."""
    return Json("true" if value else "false")
