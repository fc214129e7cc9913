"""A follower: one subscription's place in an inbox log.

While it rests, in company (`realtime/company.py`), nobody need be woken: what is found goes straight to its client.
What the client does not take at once, or what was not shown, wakes the subscription; it goes on from there.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from models import bell
from models.inbox import Cursor
from realtime import logs
from realtime.bells import Bell, Bells
from realtime.company import Company
from realtime.logs import Delivery, Offer, Show

# What a slow client was shown and has not taken is shown anew after so many seconds, if something has happened since:
# it may have been that its subject is not for them any more.
FRESH_SECONDS = 1.0


class Batch(list[Delivery]):
    """What one read found. `whole`: nothing was stored behind it when the read began."""

    def __init__(self, found: Sequence[Delivery], *, whole: bool) -> None:
        super().__init__(found)
        self.whole = whole
        self._found_at = asyncio.get_running_loop().time()

    @property
    def is_stale(self) -> bool:
        """Was it found so long ago that it should be found anew?"""
        return asyncio.get_running_loop().time() - self._found_at > FRESH_SECONDS


class Follower:
    """Where a subscription is in its account's log."""

    __slots__ = (
        "_bell",
        "_bells",
        "_company",
        "_left",
        "_offer",
        "_show",
        "_waking",
        "account_id",
        "epoch",
        "position",
    )

    def __init__(self, bells: Bells, account_id: UUID, start: Cursor, show: Show | None, offer: Offer | None) -> None:
        self._bells = bells
        self._show = show
        self._offer = offer
        self.account_id = account_id
        self.epoch, self.position = start.epoch, start.position
        self._bell: Bell | None = None
        self._company: Company | None = None
        self._waking: asyncio.Future[None] | None = None
        self._left: Sequence[Delivery] | None = None

    async def read(self) -> Sequence[Delivery | Cursor]:
        """What follows; or where to go on, when the log does not lead on from here. It does not move the place."""
        if self._left is not None:
            left, self._left = self._left, None
            # It says nothing of what was stored since it was found.
            return Batch(left, whole=False)
        found = await self._bells.logs.after((self.account_id, self.position, self._show))
        if not found.stretch.leads_on_from(self.position, self.epoch):
            self.epoch, self.position = found.stretch.epoch, found.stretch.position
            return [found.stretch.cursor()]
        return Batch(found.deliveries, whole=len(found.deliveries) < logs.BATCH)

    async def rest(self, own: Bell, patience: float) -> None:
        """Wait until there is something that the client has not been given."""
        if self._offer is None or own.rung:
            await own.wait(patience)
            return
        self._waking = asyncio.get_running_loop().create_future()
        place = self.account_id, self.epoch, self.position
        self._company = self._bells.companies.join(self, self._offer, place, self._show, patience)
        # The company has a bell for all of them.
        self._bell = own
        self._bells.take_down(self._topic, own)
        try:
            await self._waking
        finally:
            self._leave()
            self._waking = None

    def wake(self, position: int, left: Sequence[Delivery] = (), error: Exception | None = None) -> None:
        """Rest no more; the company has let it go. From now on it hears for itself."""
        self._company = None
        self.position, self._left = position, left or None
        self._hear()
        if self._waking is None or self._waking.done():
            # It was cancelled, and has not yet run.
            return
        if error is None:
            self._waking.set_result(None)
        else:
            self._waking.set_exception(error)

    def _leave(self) -> None:
        if self._company is not None:
            self._company.discard(self)
            self._company = None
        self._hear()

    def _hear(self) -> None:
        if self._bell is not None:
            self._bells.put_up(self._topic, self._bell)
            self._bell = None

    @property
    def _topic(self) -> str:
        return bell.inbox_of(self.account_id)
