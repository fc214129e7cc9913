"""Refusals: what a mutation answers when a rule says no. `refusal_of` is the one place where `Refused` becomes one."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from models.refusal import RefusalCode, Refused
from schema.context import Info

strawberry.enum(RefusalCode, description="Why a mutation was refused.")


@strawberry.type(description="The mutation changed nothing, because a rule says no.")
class Refusal:
    """The mutation changed nothing."""

    code: RefusalCode
    message: str = strawberry.field(description="For people: what is wrong, and how to mend it.")
    field: str | None = strawberry.field(description="The input field at fault, where there is one.")


class Refusals(strawberry.ExceptionHandler[Refused, Refusal]):
    """Turns `Refused` into a `Refusal`."""

    def handle(self, exception: Refused, *, field: Any, info: Info) -> Refusal:
        """The refusal that the client gets."""
        return refusal_of(exception)


def refusal_of(refused: Refused) -> Refusal:
    """What the client is told."""
    return Refusal(code=refused.code, message=refused.message, field=refused.field)


def mutation(description: str) -> Callable[[Callable[..., Any]], Any]:
    """A mutation whose resolver returns its payload, and which answers `Payload | Refusal`."""

    def declare(resolver: Callable[..., Any]) -> Any:
        payload = resolver.__annotations__["return"]
        name = payload.__name__.removesuffix("Payload") + "Result"
        resolver.__annotations__["return"] = Annotated[payload | Refusal, strawberry.union(name)]
        return strawberry.mutation(resolver=resolver, description=description)

    return declare
