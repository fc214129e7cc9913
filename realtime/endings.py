"""Endings of sign-ins: each socket waits for that of its own, and all of them look together."""

import asyncio
from collections.abc import Iterable

from models import bell
from models.session import Session
from realtime.bells import Bells
from realtime.resting import Resting

# The bell of a revocation may be lost; looking again costs a delay, not a sign-in that lives for ever.
PATIENCE_SECONDS = 15.0

# So many are looked for by one statement.
MOST = 500


class _Waiting:
    """One socket."""

    __slots__ = ("_expires", "_expiry", "ended", "endings", "session_id")

    def __init__(self, endings: "Endings", session: Session) -> None:
        loop = asyncio.get_running_loop()
        self.endings = endings
        self.session_id = session.id
        self.ended: asyncio.Future[None] = loop.create_future()
        self._expires = loop.time() + session.remaining.total_seconds()
        self._expiry: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """Has it ended?"""
        self.endings._look(self)
        loop = asyncio.get_running_loop()
        # A timer of its own for those weeks would cost each socket half a KB: it has one when they are over soon.
        if self._expiry is None and self._expires - loop.time() < 2 * self.endings.patience:
            self._expiry = loop.call_at(max(self._expires, loop.time()), self.look)

    def forget(self) -> None:
        """It is not looked for any more."""
        if self._expiry is not None:
            self._expiry.cancel()


class Endings:
    """Tells when sign-ins end: by their bell, at their expiry, or a while after a bell that was lost."""

    def __init__(self, bells: Bells, *, patience: float = PATIENCE_SECONDS) -> None:
        self._bells = bells
        self.patience = patience
        self._resting = Resting()
        self._asked: set[_Waiting] = set()
        self._reading: asyncio.Task[None] | None = None

    async def of(self, session: Session) -> None:
        """Return once the sign-in is revoked or has expired. Raises what kept us from knowing."""
        waiting, topic = _Waiting(self, session), bell.sign_in_of(session.id)
        mine = self._bells.hang(topic)
        mine.answer = waiting.look
        self._resting.add(waiting, self.patience)
        try:
            # It may have ended before the bell hung.
            waiting.look()
            await waiting.ended
        finally:
            self._bells.take_down(topic, mine)
            self._resting.discard(waiting)
            waiting.forget()

    def _look(self, waiting: _Waiting) -> None:
        self._asked.add(waiting)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while self._asked:
                asked = [self._asked.pop() for _ in range(min(MOST, len(self._asked)))]
                await _tell(asked)
        finally:
            self._reading = None


async def _tell(asked: Iterable[_Waiting]) -> None:
    try:
        live = await Session.live_among(waiting.session_id for waiting in asked)
    except Exception as error:
        for waiting in asked:
            if not waiting.ended.done():
                waiting.ended.set_exception(error)
        return
    for waiting in asked:
        if waiting.session_id not in live and not waiting.ended.done():
            waiting.ended.set_result(None)
