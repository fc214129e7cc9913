"""Presence: who is there, in all processes, kept in memory and nowhere else.

A process knows the devices whose sockets it holds. It whispers to the others what becomes of their people, and says
it again three times in the length of a lease: what a process that died had said ends with the lease, and a whisper
that was lost is made good by the next one. A device that drops and comes back at once is not said to have left.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import orjson

from models import bell
from models.account import Account
from models.clock import now
from models.presence import shown_to
from realtime.background import beside
from realtime.bells import Bell, Bells

TOPIC = "presence"

Clock = Callable[[], float]

LEASE_SECONDS = 60.0
GRACE_SECONDS = 5.0

# Changes are told together, this long after one another at least.
PAUSE_SECONDS = 1.5

# Whispers are short-lived, but all processes hear those of all others.
KEPT = 4_096
LAST_SEEN_KEPT = 10_000


class PresenceState(StrEnum):
    """Somebody has a device here; has devices here, but has left them all; or has none."""

    ONLINE = "ONLINE"
    AWAY = "AWAY"
    OFFLINE = "OFFLINE"


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether somebody is there; and if not, when they last were, where that is known."""

    account_id: UUID
    state: PresenceState = PresenceState.OFFLINE
    last_seen_at: datetime | None = None


@dataclass(slots=True)
class _Device:
    """A sign-in with open sockets, or one that has dropped them just now."""

    sockets: int = 0
    away: bool = False
    leaving: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Person:
    """What is known of an account: its devices here, and until when other processes vouch for which state."""

    devices: dict[UUID, _Device] = field(default_factory=dict)
    elsewhere: dict[str, tuple[PresenceState, float]] = field(default_factory=dict)
    told: PresenceState = PresenceState.OFFLINE


class Roster:
    """Who is there. Within `following` it knows of all processes; else of the devices of this one."""

    def __init__(
        self, bells: Bells, *, lease: float = LEASE_SECONDS, grace: float = GRACE_SECONDS, clock: Clock = time.monotonic
    ) -> None:
        """`lease` and `grace` are in seconds: how long a process is believed, and how long a drop goes unnoticed."""
        self._bells = bells
        self._lease = lease
        self._grace = grace
        self._clock = clock
        self._me = uuid4().hex[:12]
        self._people: dict[UUID, _Person] = {}
        self._last_seen: OrderedDict[UUID, datetime] = OrderedDict()
        self._watching: dict[UUID, set[Bell]] = {}

    @contextmanager
    def device(self, account_id: UUID, session_id: UUID) -> Iterator[None]:
        """A device of somebody's is here, for as long as the block lasts: one socket of a sign-in."""
        person = self._people.setdefault(account_id, _Person())
        device = person.devices.setdefault(session_id, _Device())
        device.sockets += 1
        if device.leaving is not None:
            device.leaving.cancel()
            device.leaving = None
        self._tell(account_id)
        try:
            yield
        finally:
            device.sockets -= 1
            if not device.sockets:
                loop = asyncio.get_running_loop()
                device.leaving = loop.call_later(self._grace, self._left, account_id, session_id)

    def state_of(self, account_id: UUID) -> Presence:
        """What is known of somebody now."""
        person = self._people.get(account_id)
        states = {PresenceState.OFFLINE} if person is None else self._states(person)
        for state in (PresenceState.ONLINE, PresenceState.AWAY):
            if state in states:
                return Presence(account_id, state)
        return Presence(account_id, PresenceState.OFFLINE, self._last_seen.get(account_id))

    @contextmanager
    def watch(self, account_ids: Collection[UUID]) -> Iterator[Bell]:
        """A bell that rings when something may have changed with one of these people."""
        waiting = Bell()
        for account_id in account_ids:
            self._watching.setdefault(account_id, set()).add(waiting)
        try:
            yield waiting
        finally:
            for account_id in account_ids:
                self._watching[account_id].discard(waiting)
                if not self._watching[account_id]:
                    del self._watching[account_id]

    @asynccontextmanager
    async def following(self) -> AsyncGenerator[None, None]:
        """Hear what other processes say, and tell them of this one, for as long as the block lasts."""
        try:
            async with beside(self._hear, self._repeat):
                yield
        finally:
            for account_id, person in self._people.items():
                for device in person.devices.values():
                    if device.leaving is not None:
                        device.leaving.cancel()
                if person.devices:
                    self._say(account_id, PresenceState.OFFLINE)

    async def _hear(self) -> None:
        with self._bells.overhear(TOPIC, keep=KEPT) as ear:
            # Others answer with what they know: a process that starts need not wait for a third of a lease.
            bell.whisper(TOPIC, _text(by=self._me, asks=True))
            async for whisper in ear:
                # A whisper is the text of another version of this program, or nobody's.
                with suppress(ValueError, KeyError, TypeError):
                    self._heard(orjson.loads(whisper.text))

    def _heard(self, said: dict[str, Any]) -> None:
        if "away" in said:
            self._set_away(UUID(str(said["account"])), UUID(str(said["session"])), bool(said["away"]))
        elif said["by"] == self._me:
            return
        elif said.get("asks"):
            self._say_all()
        else:
            account_id, state = UUID(str(said["account"])), PresenceState(said["state"])
            person = self._people.setdefault(account_id, _Person())
            person.elsewhere[said["by"]] = state, self._clock() + self._lease
            if state is PresenceState.OFFLINE:
                self._remember(account_id, datetime.fromisoformat(said["at"]))
            self._changed(account_id)

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            self._say_all()
            for account_id in [one for one, person in self._people.items() if person.elsewhere]:
                self._changed(account_id)

    def _say_all(self) -> None:
        for account_id, person in self._people.items():
            if person.devices:
                self._say(account_id, person.told)

    def _tell(self, account_id: UUID) -> None:
        """Say what has become of somebody here, if it is new, and ring for those who watch."""
        person = self._people[account_id]
        state = _of(person.devices.values())
        if state is PresenceState.OFFLINE and person.told is not state:
            self._remember(account_id, now())
        if state is not person.told:
            person.told = state
            self._say(account_id, state)
        self._changed(account_id)

    def _say(self, account_id: UUID, state: PresenceState) -> None:
        bell.whisper(TOPIC, _text(by=self._me, account=account_id, state=state, at=now()))

    def _changed(self, account_id: UUID) -> None:
        person = self._people[account_id]
        if not person.devices and self._states(person) == {PresenceState.OFFLINE}:
            del self._people[account_id]
        for waiting in self._watching.get(account_id, ()):
            waiting.ring()

    def _states(self, person: _Person) -> set[PresenceState]:
        instant = self._clock()
        person.elsewhere = {
            process: (state, until)
            for process, (state, until) in person.elsewhere.items()
            if until > instant and state is not PresenceState.OFFLINE
        }
        return {_of(person.devices.values()), *(state for state, _ in person.elsewhere.values())}

    def _left(self, account_id: UUID, session_id: UUID) -> None:
        del self._people[account_id].devices[session_id]
        self._tell(account_id)

    def _set_away(self, account_id: UUID, session_id: UUID, away: bool) -> None:
        person = self._people.get(account_id)
        if person is not None and session_id in person.devices:
            person.devices[session_id].away = away
            self._tell(account_id)

    def _remember(self, account_id: UUID, moment: datetime) -> None:
        self._last_seen[account_id] = moment
        self._last_seen.move_to_end(account_id)
        if len(self._last_seen) > LAST_SEEN_KEPT:
            self._last_seen.popitem(last=False)


def set_away(account_id: UUID, session_id: UUID, away: bool) -> None:
    """Somebody has left a device, or is back at it; whichever process holds its socket hears of it."""
    bell.whisper(TOPIC, _text(account=account_id, session=session_id, away=away))


async def presence(
    roster: Roster, viewer: Account, account_ids: Collection[UUID], *, pause: float = PAUSE_SECONDS
) -> AsyncGenerator[list[Presence], None]:
    """How it is with these people, in their order, then whoever has changed. Those who hide it are never there."""
    told: dict[UUID, Presence] = {}
    with roster.watch(account_ids) as waiting:
        while True:
            waiting.hush()
            shown = await shown_to(viewer, account_ids)
            found = {one: roster.state_of(one) if one in shown else Presence(one) for one in account_ids}
            changed = [one for one in found.values() if told.get(one.account_id) != one]
            told = found
            if changed:
                yield changed
            # Whom they show it to may change without a word; and leases end in silence.
            await waiting.wait(LEASE_SECONDS / 2)
            await asyncio.sleep(pause)


def _of(devices: Collection[_Device]) -> PresenceState:
    if not devices:
        return PresenceState.OFFLINE
    return PresenceState.AWAY if all(device.away for device in devices) else PresenceState.ONLINE


def _text(**said: Any) -> str:
    # A driver has a type of its own for ids.
    return orjson.dumps(said, default=str).decode()
