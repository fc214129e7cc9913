"""Sign-ins that are in use: read from the database now and then, and not for every request.

A sign-in is believed while its bell is silent, and for a few seconds at most, as a bell can be lost. The bell hangs
*before* the read whose result is kept: a revocation that comes between the two rings, and is noticed.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from models import bell, clock
from models.session import Session, digest
from realtime.bells import Bell, Bells

PATIENCE = timedelta(seconds=15)
MOST = 4_096


@dataclass(slots=True)
class _Known:
    """A sign-in whose bell hangs. It has no session until a read that began after that has found it."""

    topic: str
    bell: Bell
    until: datetime
    session: Session | None = None
    reading: asyncio.Task[Session | None] | None = None


class SignIns:
    """Finds the sign-in of a token. The one that was used longest ago is forgotten first."""

    def __init__(self, bells: Bells, *, patience: timedelta = PATIENCE, most: int = MOST) -> None:
        self._bells = bells
        self._patience = patience
        self._most = most
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def of_token(self, token: str) -> Session | None:
        """The live sign-in of a token, with its account; None when it is unknown, expired or revoked."""
        key = digest(token)
        known = self._known.get(key)
        if known is None:
            return self._seen(key, await Session.of_token(token))
        self._known.move_to_end(key)
        if known.session is not None and not known.bell.rung and clock.now() < known.until:
            return known.session if known.session.is_live else None
        # Requests that come together share a read, unless it began before the bell rang.
        if known.reading is None or known.bell.rung:
            known.bell.hush()
            known.session = None
            known.reading = asyncio.create_task(self._read(key, token, known))
        return await asyncio.shield(known.reading)

    async def _read(self, key: str, token: str, known: _Known) -> Session | None:
        until = clock.now() + self._patience
        try:
            found = await Session.of_token(token)
        finally:
            latest = known.reading is asyncio.current_task()
            if latest:
                known.reading = None
        if found is None:
            self._forget(key)
        elif latest:
            known.session, known.until = found, until
        return found

    def _seen(self, key: str, session: Session | None) -> Session | None:
        if session is not None and key not in self._known:
            topic = bell.sign_in_of(session.id)
            self._known[key] = _Known(topic, self._bells.hang(topic), clock.now())
            if len(self._known) > self._most:
                self._forget(next(iter(self._known)))
        return session

    def _forget(self, key: str) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._bells.take_down(known.topic, known.bell)
