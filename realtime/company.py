"""Companies: subscriptions that rest at one place of a log, and are shown what follows in one way.

As a rule these are the devices of somebody. They are rung for and read for as one, and then given what was found one
after the other: so each device costs little more than the writing.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from models import bell
from realtime import logs
from realtime.logs import UNSEEN, UNSHOWN, Delivery, Found, Offer, Show

if TYPE_CHECKING:
    from realtime.bells import Bells


class Member(Protocol):
    """Whoever rests."""

    def wake(self, position: int, left: Sequence[Delivery] = (), error: Exception | None = None) -> None:
        """Rest no more: what came up to this position was taken, and this is left, of what was found.

        Look for yourself, or fail with this error.
        """


class Company:
    """Those who rest at one place. It is never empty: who leaves last ends it."""

    __slots__ = ("_again", "_asking", "_bell", "_bells", "_members", "_show", "account_id", "epoch", "position")

    def __init__(self, bells: "Bells", account_id: UUID, epoch: str, position: int, show: Show | None) -> None:
        self._bells = bells
        self._show = show
        self.account_id = account_id
        self.epoch, self.position = epoch, position
        # What takes it for each: all that is touched of a member to which something is given.
        self._members: dict[Member, Offer] = {}
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
        if self._members.pop(member, None) is not None:
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
            self._wake(dict.fromkeys(self._members, found))
        elif not found.stretch.leads_on_from(self.position, self.epoch):
            self._wake(dict.fromkeys(self._members))
        else:
            self._give(found.deliveries)

    def _give(self, deliveries: Sequence[Delivery]) -> None:
        for index, delivery in enumerate(deliveries):
            if awake := self._offer(delivery.shown):
                self._wake(awake, deliveries[index:])
            if not self._members:
                return
            self.position = delivery.event.position
        if self._again or len(deliveries) == logs.BATCH:
            self.look()

    def _offer(self, shown: bytes) -> dict[Member, Exception | None]:
        """Offer it to all. Gives those who do not take it, some with the error that it led to."""
        if shown is UNSEEN:
            return {}
        if shown is UNSHOWN:
            return dict.fromkeys(self._members)
        awake: dict[Member, Exception | None] = {}
        for member, offer in self._members.items():
            try:
                if not offer(shown):
                    awake[member] = None
            except Exception as error:
                # The others are given theirs nevertheless, and once.
                awake[member] = error
        return awake

    def _wake(self, awake: Mapping[Member, Exception | None], left: Sequence[Delivery] = ()) -> None:
        for member, error in awake.items():
            del self._members[member]
            member.wake(self.position, left, error)
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
        self,
        member: Member,
        offer: Offer,
        place: tuple[UUID, str, int],
        show: Show | None,
        patience: float,
    ) -> Company:
        """The company at this place (account, epoch, position): the member has joined it, and is offered what follows.

        Every `patience` seconds it looks by itself.
        """
        account_id, epoch, position = place
        company = self._known.get((account_id, show))
        # Another one may stand there. Who was at another place, and has come to the same, is still read for together.
        if company is None or (company.epoch, company.position) != (epoch, position):
            company = self._known[account_id, show] = Company(self._bells, account_id, epoch, position, show)
            self._bells.resting.add(company, patience)
        company._members[member] = offer
        return company

    def forget(self, company: Company) -> None:
        """It has ended."""
        if self._known.get(company.key) is company:
            del self._known[company.key]
