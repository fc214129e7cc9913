"""Whoever comes, goes, takes nothing or is rung for in whichever turn of the loop: all is heard once, and in order.

Of an invented log, so that hundreds of interleavings take a moment. Each is told by its number.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from random import Random
from uuid import UUID, uuid4

import pytest

from models import bell
from models.inbox import Cursor, Entry, Kind, Stretch
from realtime import feed, logs
from realtime.bells import Bells
from realtime.follower import Follower
from realtime.logs import UNSEEN, UNSHOWN, Delivery, Found, Place

# Among them some in which a subscription was once left waiting for a round of reading that had ended.
NUMBERS = [*range(60), 367, 526, 885, 949]
# With this many turns of the loop, whatever goes on has come to rest.
TURNS = 300
PATIENCE = 60.0


def is_seen(position: int) -> bool:
    return position % 7 != 0


class Log:
    """What two accounts are told, with pauses at any place where a database would make them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ends: dict[UUID, int] = {uuid4(): 0, uuid4(): 0}

    async def pause(self) -> None:
        for _ in range(self.random.choice([0, 0, 1, 2, 3, 5])):
            await asyncio.sleep(0)

    async def read(self, places: Sequence[Place]) -> list[Found]:
        await self.pause()
        found = [self._found(account, position) for account, position, _ in places]
        await self.pause()
        return found

    def _found(self, account: UUID, after: int) -> Found:
        positions = range(after + 1, min(self.ends[account], after + logs.BATCH) + 1)
        entries = [Entry(account, position, Kind.GOAL_CHANGED, account) for position in positions]
        return Found(Stretch("e", self.ends[account], entries), [Delivery(entry, "") for entry in entries])

    async def show(self, deliveries: Sequence[Delivery]) -> None:
        await self.pause()
        for delivery in deliveries:
            position = delivery.event.position
            shown = UNSHOWN if self.random.random() < 0.1 else str(position).encode()
            delivery.shown = shown if is_seen(position) else UNSEEN


class Device:
    """Follows from a place, and takes most of what it is offered."""

    def __init__(self, log: Log, bells: Bells, account: UUID, start: int) -> None:
        self._log, self._bells = log, bells
        self.account, self.start = account, start
        self.heard: list[int] = []
        self.reading = asyncio.create_task(self._read())

    def _offer(self, shown: bytes) -> bool:
        assert not self.reading.done()
        if takes := self._log.random.random() > 0.15:
            self.heard.append(int(shown))
        return takes

    async def _read(self) -> None:
        follower = Follower(self._bells, self.account, Cursor("e", self.start), self._log.show, self._offer)
        topic = bell.inbox_of(self.account)
        async with aclosing(feed.follow(self._bells, topic, follower.read, PATIENCE, follower.rest)) as items:
            async for item in items:
                assert isinstance(item, Delivery)
                follower.position = item.event.position
                if item.shown is not UNSEEN:
                    self.heard.append(item.event.position)
                await self._log.pause()

    def check(self) -> None:
        due = [position for position in range(self.start + 1, self._log.ends[self.account] + 1) if is_seen(position)]
        if self.reading.cancelled():
            assert self.heard == due[: len(self.heard)]
        else:
            assert self.heard == due
            assert not self.reading.done()


async def happen(log: Log, bells: Bells) -> list[Device]:
    """Events are told of, devices come, and some of them go."""
    random, devices = log.random, list[Device]()
    for _ in range(random.randint(5, 50)):
        account, deed = random.choice([*log.ends]), random.random()
        if deed < 0.5:
            log.ends[account] += random.choice([1, 1, 1, 4])
            await log.pause()
            bells.ring([bell.inbox_of(account)])
        elif deed < 0.7:
            devices.append(Device(log, bells, account, max(0, log.ends[account] - random.choice([0, 3]))))
        elif deed < 0.85 and devices:
            random.choice(devices).reading.cancel()
        await log.pause()
    return devices


async def test_in_every_interleaving_all_is_heard_once_and_nothing_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in NUMBERS:
        log, bells = Log(Random(number)), Bells()
        monkeypatch.setattr(logs, "BATCH", log.random.choice([2, 3, 64]))
        monkeypatch.setattr(logs, "_read", log.read)
        devices = await happen(log, bells)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        for device in devices:
            device.check()
            device.reading.cancel()
        await asyncio.gather(*(device.reading for device in devices), return_exceptions=True)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        left = bells._waiting, bells.companies._known, bells.resting._due, bells.logs._asked, bells.logs._rounds
        assert not any(left), number
