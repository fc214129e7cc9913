"""What a resolver knows of the request that it serves."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import strawberry

from models import clock
from models.account import Account
from models.refusal import Unauthenticated
from models.session import Session
from realtime.bells import Bells
from realtime.ice import IceSettings
from realtime.presence import Roster
from realtime.typing import Typists


@dataclass(slots=True)
class Context:
    """Who asks, from where, and the means of delivery. `session` is None for a stranger.

    What a process has one of, a test may leave out: it then gets its own.
    """

    session: Session | None = None
    address: str = ""
    device: str = ""
    bells: Bells = field(default_factory=Bells)
    ice: IceSettings = field(default_factory=IceSettings)
    typists: Typists = field(default_factory=Typists)
    roster: Roster = field(default_factory=lambda: Roster(Bells()))
    # The planner of reads, for what is selected below rows; set by execution, which imports this module.
    planner: Any = None
    # What a planned mutation came to, for the executor that goes on from there.
    outcome: Any = None

    @property
    def viewer(self) -> Account:
        """The account that asks. Raises `Unauthenticated` for a stranger, and once the sign-in has expired."""
        if self.session is None or not self.session.is_live:
            raise Unauthenticated
        return self.session.account

    @property
    def now(self) -> datetime:
        """The moment of the request. A plan, which many requests share, has each request's own in this place."""
        return clock.now()


Info: TypeAlias = strawberry.Info[Context, None]


def viewer(info: Info) -> Account:
    """The account that asks, or `Unauthenticated`."""
    return info.context.viewer
