"""Companies: subscriptions that rest at one place of a log, and are shown what follows in one way.

As a rule these are the devices of somebody. They are rung for and read for as one, and then given what was found one
after the other: so each device costs little more than the writing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from models import bell
from realtime import logs
from realtime.logs import Delivery, Found, Show

if TYPE_CHECKING:
    from realtime.bells import Bells


class Member(Protocol):
    """Whoever rests."""

    def give(self, deliveries: Sequence[Delivery]) -> bool:
        """Take what follows. False where some of it is left: the member is awake then."""

    def wake(self, error: Exception | None = None) -> None:
        """Rest no more: look for yourself, or fail with this error."""


class Company:
    """Those who rest at one place. It is never empty: who leaves last ends it."""

    __slots__ = ("_again", "_asking", "_bell", "_bells", "_members", "_show", "account_id", "epoch", "position")

    def __init__(self, bells: "Bells", account_id: UUID, epoch: str, position: int, show: Show | None) -> None:
        self._bells = bells
        self._show = show
        self.account_id = account_id
        self.epoch, self.position = epoch, position
        self._members: list[Member] = []
        self._asking = self._again = False
        self._bell = bells.hang(bell.inbox_of(account_id))
        self._bell.answer = self.look

    def __len__(self) -> int:
        return len(self._members)

    @property
    def is_asking(self) -> bool:
        """Has it asked for what is new, and not heard yet?"""
        return self._asking

    @property
    def key(self) -> tuple[UUID, Show | None]:
        """Under what newcomers find it."""
        return self.account_id, self._show

    def discard(self, member: Member) -> None:
        """This member rests no more."""
        if member in self._members:
            self._members.remove(member)
            self._end_if_empty()

    def look(self) -> None:
        """Ask for what is new, and have it given to all members."""
        if self._asking:
            # That read may have begun too early to find it.
            self._again = True
        else:
            self._asking, self._again = True, False
            self._bells.logs.ask((self.account_id, self.position, self._show), self._take)

    def _take(self, found: Found | Exception) -> None:
        self._asking = False
        if not self._members:
            return
        if isinstance(found, Exception):
            self._wake_all(found)
        elif not found.stretch.leads_on_from(self.position, self.epoch):
            self._wake_all()
        else:
            self._give(found.deliveries)

    def _give(self, deliveries: Sequence[Delivery]) -> None:
        awake = [member for member in self._members if not member.give(deliveries)]
        if deliveries:
            self.position = deliveries[-1].event.position
        for member in awake:
            self._members.remove(member)
        self._end_if_empty()
        if self._members and (self._again or len(deliveries) == logs.BATCH):
            self.look()

    def _wake_all(self, error: Exception | None = None) -> None:
        members, self._members = self._members, []
        for member in members:
            member.wake(error)
        self._end_if_empty()

    def _end_if_empty(self) -> None:
        if not self._members:
            self._bells.take_down(bell.inbox_of(self.account_id), self._bell)
            self._bells.resting.discard(self)
            self._bells.companies.forget(self)


class Companies:
    """Finds the company for somebody who is about to rest."""

    def __init__(self, bells: "Bells") -> None:
        self._bells = bells
        self._known: dict[tuple[UUID, Show | None], Company] = {}

    def join(
        self, member: Member, account_id: UUID, epoch: str, position: int, show: Show | None, patience: float
    ) -> Company:
        """The company at this place, which the member has joined. Every `patience` seconds it looks by itself."""
        company = self._known.get((account_id, show))
        # Another one may stand there. Who was at another place, and has come to the same, is still read for together.
        if company is None or (company.epoch, company.position) != (epoch, position):
            company = self._known[account_id, show] = Company(self._bells, account_id, epoch, position, show)
            self._bells.resting.add(company, patience)
        company._members.append(member)
        return company

    def forget(self, company: Company) -> None:
        """It has ended."""
        if self._known.get(company.key) is company:
            del self._known[company.key]
