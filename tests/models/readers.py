"""Readers of the inbox for tests: each in its own manner, and what must be true of what they heard."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from models.account import Account
from models.conversation import Message
from models.inbox import Cursor, Inbox, InboxEvent, Kind
from realtime import feed
from realtime.bells import Bell, Bells
from realtime.feed import Resync
from realtime.logs import Delivery
from tests.people import Pair

NEVER = 3600.0


class WatchedBell(Bell):
    """A bell that says whether its feed has gone to sleep with no ring to wake it. Put it in the place of `Bell`."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        super().__init__()
        self.waiting = False

    @property
    def asleep(self) -> bool:
        """Only a new ring, or the end of patience, can wake the feed."""
        return self.waiting and not self.rung

    async def wait(self, patience: float) -> bool:
        """Wait as `Bell` does, and say so meanwhile."""
        self.waiting = True
        try:
            return await super().wait(patience)
        finally:
            self.waiting = False


def asleep(bells: Bells, number: int) -> bool:
    """Whether so many feeds listen, and all of them sleep."""
    waiting = [one for of_topic in bells._waiting.values() for one in of_topic]
    return len(waiting) == number and all(isinstance(one, WatchedBell) and one.asleep for one in waiting)


@dataclass
class Reader:
    """A device that reads an inbox in its own manner, and keeps what it has heard.

    The manners are fast, slow, reconnecting (it leaves after a few events) and cancelled (it is cut off anywhere).
    """

    account: Account
    start: Cursor
    manner: str = "fast"
    patience: float = NEVER
    heard: list[Delivery | Resync] = field(default_factory=list)

    @classmethod
    async def at_the_end(cls, account: Account, manner: str = "fast", patience: float = NEVER) -> Self:
        """A reader that will hear what happens from now on."""
        return cls(account, (await Inbox.get(id=account.id)).cursor(), manner, patience)

    @property
    def cursor(self) -> Cursor:
        """Where a client of this device would resume."""
        return Cursor.parse(self.heard[-1].cursor) if self.heard else self.start

    async def listen(self, bells: Bells, chance: random.Random) -> None:
        """Read until cancelled."""
        while True:
            if self.manner != "cancelled":
                await self._connect(bells, chance)
                continue
            connection = asyncio.create_task(self._connect(bells, chance))
            try:
                await turns(chance.randrange(200))
            finally:
                connection.cancel()
                await asyncio.gather(connection, return_exceptions=True)

    async def _connect(self, bells: Bells, chance: random.Random) -> None:
        stay = chance.randint(1, 6) if self.manner == "reconnecting" else -1
        async with aclosing(feed.inbox(bells, self.account, self.cursor, self.patience)) as items:
            async for item in items:
                self.heard.append(item)
                if self.manner == "slow":
                    await turns(chance.randrange(100))
                stay -= 1
                if stay == 0:
                    return


async def turns(number: int) -> None:
    """Let everybody else run, so many times."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Let everybody else run until something is so; it takes no longer than this."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a state has no event
            await asyncio.sleep(0.001)


@asynccontextmanager
async def listening(readers: list[Reader], bells: Bells, seed: int = 7) -> AsyncIterator[None]:
    """The readers read meanwhile; at the end, until each has all, or all sleep and nothing can wake them.

    The sleepers are what makes a lost event visible at once: with no ring to come, they would miss it for ever.
    """
    chance = random.Random(seed)
    tasks = [asyncio.create_task(reader.listen(bells, chance)) for reader in readers]
    try:
        yield
        ends = {inbox.id: inbox.position for inbox in await Inbox.all()}

        def settled() -> bool:
            return (
                any(task.done() for task in tasks)
                or all(reader.cursor.position >= ends[reader.account.id] for reader in readers)
                or (asleep(bells, len(readers)) and all(reader.patience == NEVER for reader in readers))
            )

        await until(settled)
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome


async def check(readers: Iterable[Reader]) -> None:
    """Raise AssertionError unless the logs are dense and every reader has heard its log once, in order."""
    for reader in readers:
        heard = [item.event for item in reader.heard if isinstance(item, Delivery)]
        assert len(heard) == len(reader.heard), f"the {reader.manner} reader was told to resync"
        log = await InboxEvent.filter(account_id=reader.account.id).order_by("position")
        place = await Inbox.get(id=reader.account.id)
        assert [event.position for event in log] == list(range(1, place.position + 1)), "the log is not dense"
        expected = [(event.position, event.kind, event.subject_id) for event in log[reader.start.position :]]
        found = [(event.position, event.kind, event.subject_id) for event in heard]
        assert found == expected, f"the {reader.manner} reader heard something else than its log"
        assert [item.cursor for item in reader.heard] == [str(place.cursor(position)) for position, *_ in expected]


async def check_messages(pairs: Iterable[Pair], sent: list[Message]) -> None:
    """Raise AssertionError unless each message was numbered and logged once, in one order for both people."""
    assert len({message.id for message in sent}) == len(sent) == await Message.all().count()
    for pair in pairs:
        messages = await Message.filter(conversation_id=pair.conversation.id).order_by("number")
        assert [message.number for message in messages] == list(range(1, len(messages) + 1))
        ids = [message.id for message in messages]
        for account in (pair.mentor, pair.mentee):
            events = await InboxEvent.following(account, 0).filter(kind=Kind.MESSAGE_CREATED, subject_id__in=ids)
            assert [event.subject_id for event in events] == ids
