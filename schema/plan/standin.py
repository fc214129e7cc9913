"""Stand-ins: values that the planner gives to the domain's own querysets, and finds again in the SQL they make.

So filters, order and `visible_to` stay where they are, in the models, and are run once for each plan. What a
queryset does to a value before it filters by it would be lost on the requests that reuse the plan: therefore a
stand-in must come out as it went in, and a plan whose values cannot all be told apart is not made.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from models import clock
from models.account import Account
from models.base import Base
from schema.plan.dialect import Unplannable
from schema.plan.read import CursorText
from schema.plan.sql import Piece, Slot

# Above every number that a plan could hold as a constant, and within 64 bits.
_numbers = count(2**62)
_FAR = datetime(7000, 1, 1, tzinfo=UTC)

Binding = Callable[[Any], Any]


class Meanings(dict[Any, Piece]):
    """What each stand-in stands for, and how a request fills the slots among them."""

    def __init__(self) -> None:
        super().__init__()
        self.bindings: dict[str, Binding] = {}

    def slot(self, name: str, kind: type, binding: Binding) -> Any:
        """A stand-in of this type for a value that each request gives.

        Names of variables are the client's to choose, so slots of variables begin with a `$`, and no others do.
        """
        if name in self.bindings and not name.startswith("$"):
            raise ValueError(f"there is a slot {name} already")
        self.bindings[name] = binding
        standin = _fresh(kind)
        self[standin] = Slot(name)
        if isinstance(standin, UUID):
            self[str(standin)] = Slot(name, as_text=True)
        return standin

    def column(self, kind: type, text: str) -> Any:
        """A stand-in of this type for a column of a row outside."""
        standin = _fresh(kind)
        self[standin] = text
        if isinstance(standin, UUID):
            self[str(standin)] = text
        return standin


class Row:
    """Stands for the row that a field is read from: its attributes stand for its columns. It knows which were used."""

    def __init__(self, model: type[Base], alias: str, meanings: Meanings) -> None:
        self._model = model
        self._alias = alias
        self._meanings = meanings
        self._used: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return self._meanings.column(self._model._meta.fields_map[name].field_type, self.column(name))

    def column(self, name: str) -> str:
        """The column, as the statement names it."""
        self._used.add(name)
        # What the queryset computes goes by its own name.
        return f'{self._alias}."{self._model._meta.fields_db_projection.get(name, name)}"'


class Viewer:
    """Stands for the context of a signed-in viewer."""

    def __init__(self, meanings: Meanings) -> None:
        self._meanings = meanings
        self.viewer = Account(id=meanings.slot("viewer", UUID, lambda request: request.viewer.id))
        self.session = self
        self.is_live = True

    @cached_property
    def now(self) -> Any:
        """Stands for the moment of the request."""
        return self._meanings.slot("now", datetime, lambda _: clock.now())


class Cursor(CursorText):
    """Stands for a cursor in a variable."""

    name: str
    meanings: Meanings

    def place(self, order: Any, model: type[Base]) -> tuple[Any, UUID]:
        """The stand-ins of a sort key and an id."""

        def part(index: int) -> Binding:
            return lambda request: order.place(model, request.variables[self.name], self.name)[index]

        kind = order.kind(model).field_type
        key = self.meanings.slot(f"${self.name} as {order.name} key", kind, part(0))
        return key, self.meanings.slot(f"${self.name} as {order.name} id", UUID, part(1))


def _fresh(kind: type) -> Any:
    if issubclass(kind, UUID):
        return uuid4()
    if issubclass(kind, datetime):
        return _FAR + timedelta(microseconds=next(_numbers) - 2**62)
    if issubclass(kind, date):
        return (_FAR + timedelta(days=next(_numbers) % 500_000)).date()
    if issubclass(kind, int):
        return next(_numbers)
    if issubclass(kind, str):
        # A change of case or of the ends would show.
        return f" Stand-In {uuid4()} "
    raise Unplannable(f"a value of {kind.__name__}")
