"""Conditions that the ORM has no words for, written in SQL: they filter a queryset as any other `Q` does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.terms import Criterion, Term
from tortoise.expressions import Q, ResolveContext
from tortoise.query_utils import QueryModifier
from tortoise.queryset import QuerySet

from models.sought import parameter


class Written(Term):
    """A value in SQL over a row's columns; each `{}` in it is a parameter, in their order."""

    def __init__(self, template: str, *values: Any) -> None:
        super().__init__()
        self.template = template
        self.values = values

    def get_sql(self, ctx: SqlContext) -> str:
        """The text. Its values become parameters in the order in which they stand there."""
        sql = self.template.format(*(parameter(value, ctx) for value in self.values))
        return f'{sql} "{self.alias}"' if ctx.with_alias and self.alias else sql


class _Holds(Written, Criterion):
    """The same, as what holds or not."""


class Holds(Q):
    """What a template says holds of a row."""

    def __init__(self, template: str, *values: Any) -> None:
        super().__init__()
        self.template = template
        self.values = values

    def __bool__(self) -> bool:
        return True

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        """As the ORM asks for it."""
        return QueryModifier(where_criterion=_Holds(f"({self.template})", *self.values))


@dataclass(frozen=True, slots=True)
class Guard:
    """What must not hold of what is asked for: where `fails` has a row, `refuse` says what is wrong, by raising."""

    fails: QuerySet[Any]
    refuse: Callable[[], Awaitable[None]]
