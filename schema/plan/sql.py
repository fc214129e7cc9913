"""SQL as text with holes: pieces that nest, and are numbered only when the whole statement is there.

No text, id or time of a request is ever part of it: such a value is a parameter, a constant of the plan or a slot that
each request fills. Whole numbers that choose the plan (sizes of pages) are written out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from pypika_tortoise.terms import Parameterizer
from tortoise.queryset import QuerySet


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same whenever the plan runs."""

    value: Any


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that each request gives. `as_text` where the database keeps it as text."""

    name: str
    as_text: bool = False


Parameter: TypeAlias = Constant | Slot
Piece: TypeAlias = Union[str, Parameter, "Sql"]


class Sql:
    """A piece of a statement."""

    __slots__ = ("pieces",)

    def __init__(self, *pieces: Piece) -> None:
        self.pieces = pieces

    def render(self, dialect: str) -> tuple[str, list[Parameter]]:
        """The text, and its parameters in order."""
        text: list[str] = []
        parameters: list[Parameter] = []
        self._render(text, parameters, dialect)
        return "".join(text), parameters

    def _render(self, text: list[str], parameters: list[Parameter], dialect: str) -> None:
        for piece in self.pieces:
            if isinstance(piece, str):
                text.append(piece)
            elif isinstance(piece, Sql):
                piece._render(text, parameters, dialect)
            elif isinstance(piece, Constant) and type(piece.value) is int:
                # A whole number is part of the plan. The database plans a statement once for all its uses only if
                # it knows how many rows are wanted: with LIMIT $1 it plans anew each time, which costs half as much
                # again as running it.
                text.append(str(piece.value))
            else:
                parameters.append(piece)
                text.append("?" if dialect == "sqlite" else f"${len(parameters)}")


def join(pieces: Sequence[Piece], separator: str = ", ") -> Sql:
    """The pieces with a separator between them."""
    joined: list[Piece] = []
    for index, piece in enumerate(pieces):
        joined += [separator, piece] if index else [piece]
    return Sql(*joined)


# What stands for a parameter in the ORM's text until it is split: a character that no identifier has.
_HOLE = "\x1a"


def query(rows: QuerySet[Any], meaning: dict[Any, Piece]) -> Sql:
    """The ORM's statement for these rows. Values found in `meaning` become what it says; the rest are constants.

    This is our one reach into the ORM's way of making SQL; a test says when a new version changes it.
    """
    rows._choose_db_if_not_chosen()
    rows._make_query()
    context = rows.query.QUERY_CLS.SQL_CONTEXT.copy(parameterizer=Parameterizer(lambda _: _HOLE))
    text, values = rows.query.get_parameterized_sql(context)
    parts = text.split(_HOLE)
    if len(parts) != len(values) + 1:
        raise ValueError("the ORM's text and its values do not agree")
    pieces: list[Piece] = [parts[0]]
    for value, part in zip(values, parts[1:], strict=True):
        known = meaning.get(value) if value.__hash__ else None
        pieces += [Constant(value) if known is None else known, part]
    return Sql(*pieces)
