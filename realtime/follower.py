"""A follower: one subscription's place in an inbox log.

While it rests, nobody need be woken: when its bell rings it asks the logs, and what is found for it goes straight to
its client. What the client does not take at once, or what was not shown, wakes the subscription; it goes on from there.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from models.inbox import Cursor
from realtime import logs
from realtime.bells import Bell, Bells
from realtime.logs import UNSEEN, UNSHOWN, Delivery, Found, Offer, Show

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
        "_again",
        "_asking",
        "_bells",
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
        self._waking: asyncio.Future[None] | None = None
        self._left: Sequence[Delivery] | None = None
        self._asking = self._again = False

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

    async def rest(self, bell: Bell, patience: float) -> None:
        """Wait until there is something that the client has not been given."""
        if self._offer is None or bell.rung:
            await bell.wait(patience)
            return
        self._waking = asyncio.get_running_loop().create_future()
        bell.answer = self.look
        self._bells.resting.add(self, patience)
        try:
            await self._waking
        finally:
            bell.answer = None
            self._bells.resting.discard(self)
            self._waking = None

    def look(self) -> None:
        """Ask for what is new, and have it given to the client."""
        if self._asking:
            # That read may have begun too early to find it.
            self._again = True
        elif self._waking is not None and not self._waking.done():
            self._asking, self._again = True, False
            self._bells.logs.ask((self.account_id, self.position, self._show), self._take)

    def _take(self, found: Found | Exception) -> None:
        self._asking = False
        waking = self._waking
        if waking is None or waking.done():
            return
        if isinstance(found, Exception):
            waking.set_exception(found)
        elif not self._give(found):
            waking.set_result(None)
        elif self._again or len(found.deliveries) == logs.BATCH:
            self.look()

    def _give(self, found: Found) -> bool:
        """Give it to the client. False where some of it is left."""
        assert self._offer is not None
        if not found.stretch.leads_on_from(self.position, self.epoch):
            return False
        for index, delivery in enumerate(found.deliveries):
            shown = delivery.shown
            if shown is not UNSEEN and (shown is UNSHOWN or not self._offer(shown)):
                self._left = found.deliveries[index:]
                return False
            self.position = delivery.event.position
        return True
