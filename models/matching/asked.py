"""What is asked for when a run is: of which programme, how, by whom, and whether there is a draft before it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from models.matching.options import RunOptions
from models.organisation import Programme

if TYPE_CHECKING:
    from models.account import Account


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that is asked for; `of` names the draft that it follows, or makes again."""

    programme: Programme
    options: RunOptions
    by: "Account"
    client_id: str | None
    of: dict[str, UUID]

    @property
    def content(self) -> dict[str, Any]:
        """What it must be the same in to be the same."""
        if "replays_id" in self.of:
            return self.of
        return {**(self.of or {"programme_id": self.programme.id}), **self.options.kept()}
