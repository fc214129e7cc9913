"""What is offered to a resting subscription: the same events, once and in order, and no more than is taken."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from uuid import UUID

import pytest

from models.account import Account
from models.database import transaction
from models.inbox import Cursor, Inbox, InboxEvent, Kind, Stretch
from models.skill import Skill
from realtime import feed, follower, logs
from realtime.bells import Bells
from realtime.feed import Resync
from realtime.logs import UNSEEN, UNSHOWN, Delivery
from tests.people import person
from tests.realtime.feed.listening import PATIENCE


@transaction
async def happen(*accounts: Account, times: int = 1) -> None:
    subject = await Skill.create(name="SQL", key=f"{await Skill.all().count()}")
    for _ in range(times):
        await Inbox.record(Kind.GOAL_CHANGED, subject, [account.id for account in accounts])


async def shown(deliveries: Sequence[Delivery]) -> None:
    """Each event is shown as its position."""
    for delivery in deliveries:
        delivery.shown = str(delivery.event.position).encode()


class Client:
    """A subscription whose client takes what is offered, while it takes anything."""

    def __init__(self, bells: Bells, account: Account, patience: float = PATIENCE, show: logs.Show = shown) -> None:
        self.takes = True
        # So many are taken, while it takes any.
        self.room = 1_000
        self.offered: list[bytes] = []
        self.yielded: list[bytes | str] = []
        self.heard = asyncio.Event()
        self._source = feed.inbox(bells, account, None, patience, show=show, offer=self._offer)
        self._bells = bells
        self.reading = asyncio.create_task(self._read())

    def _offer(self, shown: bytes) -> bool:
        takes = self.takes and self.room > 0
        if takes:
            self.offered.append(shown)
            self.heard.set()
            self.room -= 1
        return takes

    async def _read(self) -> None:
        async with aclosing(self._source) as items:
            async for item in items:
                self.yielded.append(item.cursor if isinstance(item, Resync) else item.shown)
                self.heard.set()

    async def rests(self, of: int = 1) -> None:
        """Wait until it rests, with nothing asked for; `of` so many clients, all of them."""
        async with asyncio.timeout(20):
            while not self._rests(of):  # noqa: ASYNC110 - a state has no event
                await asyncio.sleep(0.001)

    def _rests(self, of: int) -> bool:
        logs, resting = self._bells.logs, self._bells.resting._due
        if logs._asked or logs._rounds or any(one.is_asking for one in resting):  # type: ignore[attr-defined]
            return False
        return sum(map(len, resting)) >= of  # type: ignore[arg-type]

    async def leave(self) -> None:
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)


async def test_what_is_shown_goes_to_a_resting_client_and_nobody_is_woken(bells: Bells) -> None:
    ana = await person("Ana")
    client = Client(bells, ana)
    await client.rests()
    for _ in range(3):
        await happen(ana)
        await client.rests()
    assert (client.offered, client.yielded) == ([b"1", b"2", b"3"], [])
    await client.leave()
    assert bells._waiting == {}
    assert not bells.resting._due
    assert bells.resting._timer is None


async def test_what_is_not_taken_is_yielded_and_the_next_is_offered_again(bells: Bells) -> None:
    ana = await person("Ana")
    client = Client(bells, ana)
    await client.rests()
    client.takes = False
    await happen(ana, times=2)
    async with asyncio.timeout(20):
        while len(client.yielded) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    client.takes = True
    await client.rests()
    await happen(ana)
    await client.rests()
    assert (client.yielded, client.offered) == ([b"1", b"2"], [b"3"])
    await client.leave()


async def test_a_client_that_is_full_after_some_is_yielded_the_rest_and_nothing_twice(bells: Bells) -> None:
    ana = await person("Ana")
    client = Client(bells, ana)
    await client.rests()
    client.room = 2
    await happen(ana, times=4)
    async with asyncio.timeout(20):
        while len(client.offered) + len(client.yielded) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    client.room = 1
    await client.rests()
    await happen(ana)
    await client.rests()
    assert (client.offered, client.yielded) == ([b"1", b"2", b"5"], [b"3", b"4"])
    await client.leave()


async def test_what_is_not_seen_is_neither_offered_nor_yielded_to_whom_it_was_offered(bells: Bells) -> None:
    async def hidden(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            delivery.shown = UNSEEN

    ana = await person("Ana")
    client = Client(bells, ana, show=hidden)
    await client.rests()
    await happen(ana, times=3)
    await client.rests()
    assert (client.offered, client.yielded) == ([], [])
    await client.leave()


async def test_what_was_not_shown_is_left_to_the_subscription(bells: Bells) -> None:
    async def second_only(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.event.position != 2:
                delivery.shown = str(delivery.event.position).encode()

    ana = await person("Ana")
    client = Client(bells, ana, show=second_only)
    await client.rests()
    await happen(ana, times=3)
    async with asyncio.timeout(20):
        while len(client.offered) + len(client.yielded) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert [*client.offered, *client.yielded] == [b"1", UNSHOWN, b"3"]
    await client.leave()


async def test_what_is_stored_while_the_logs_are_read_is_offered_too(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await person("Ana")
    client = Client(bells, ana)
    await client.rests()
    after = InboxEvent.after

    async def slow_once(places: Sequence[tuple[UUID, int]], most: int) -> list[Stretch]:
        monkeypatch.setattr(InboxEvent, "after", after)
        found = await after(places, most)
        await happen(ana)
        return found

    monkeypatch.setattr(InboxEvent, "after", slow_once)
    await happen(ana)
    await client.rests()
    assert client.offered == [b"1", b"2"]
    await client.leave()


async def test_more_than_a_batch_is_offered_whole(bells: Bells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "BATCH", 3)
    ana = await person("Ana")
    client = Client(bells, ana)
    await client.rests()
    await happen(ana, times=10)
    await client.rests()
    assert client.offered == [str(number).encode() for number in range(1, 11)]
    await client.leave()


async def test_a_resting_client_looks_again_as_a_ring_may_be_lost(database: str) -> None:
    silent, ana = Bells(), await person("Ana")
    client = Client(silent, ana, patience=0.05)
    await client.rests()
    await happen(ana)
    async with asyncio.timeout(20):
        await client.heard.wait()
    assert client.offered == [b"1"]
    await client.leave()


async def test_a_log_that_was_pruned_while_its_client_rested_is_told_to_resync(bells: Bells) -> None:
    ana = await person("Ana")
    client = Client(bells, ana)
    await client.rests()

    @transaction
    async def happen_and_prune() -> None:
        await happen(ana, times=3)
        await InboxEvent.filter(account_id=ana.id, position__lte=2).delete()

    await happen_and_prune()
    async with asyncio.timeout(20):
        await client.heard.wait()
    assert client.yielded == [str((await Inbox.get(id=ana.id)).cursor(3))]
    await client.rests()
    await happen(ana)
    await client.rests()
    assert client.offered == [b"4"]
    await client.leave()


async def test_a_failure_of_the_logs_ends_every_subscription_that_asked_and_no_other(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, theo = await person("Ana"), await person("Theo")
    first, second = Client(bells, ana), Client(bells, theo)
    await first.rests()
    await second.rests(of=2)
    after = InboxEvent.after

    async def broken(places: Sequence[tuple[UUID, int]], most: int) -> list[Stretch]:
        monkeypatch.setattr(InboxEvent, "after", after)
        raise ConnectionResetError

    monkeypatch.setattr(InboxEvent, "after", broken)
    await happen(ana)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(first.reading, 20)
    await happen(theo)
    await second.rests()
    assert second.offered == [b"1"]
    await second.leave()


async def test_devices_at_one_place_are_read_for_and_shown_together(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, theo = await person("Ana"), await person("Theo")
    batches: list[list[tuple[UUID, int]]] = []

    async def noted(deliveries: Sequence[Delivery]) -> None:
        batches.append([(one.event.account_id, one.event.position) for one in deliveries])
        await shown(deliveries)

    clients = [Client(bells, who, show=noted) for who in (ana, ana, ana, theo)]
    for client in clients:
        await client.rests()
    await happen(ana, theo)
    for client in clients:
        await client.rests()
    # One batch, in which each account's event is shown once.
    assert [sorted(batch) for batch in batches] == [sorted([(ana.id, 1), (theo.id, 1)])]
    assert [client.offered for client in clients] == [[b"1"]] * 4
    for client in clients:
        await client.leave()


async def test_a_slow_client_holds_a_batch_and_the_rest_waits_in_the_log(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand events are queued: what is in memory for their client is one batch of them."""
    ana = await person("Ana")
    start = (await Inbox.get(id=ana.id)).cursor()
    subject = await Skill.create(name="SQL", key="sql")
    await InboxEvent.bulk_create(
        [
            InboxEvent(account_id=ana.id, position=position, kind=Kind.GOAL_CHANGED, subject_id=subject.id)
            for position in range(1, 10_001)
        ],
        500,
    )
    await Inbox.filter(id=ana.id).update(position=10_000)
    alive = most = 0

    class Counted(Delivery):
        def __init__(self, event: object, cursor: str) -> None:
            nonlocal alive, most
            super().__init__(event, cursor)  # type: ignore[arg-type]
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    monkeypatch.setattr(logs, "Delivery", Counted)
    taken = 0
    async with aclosing(feed.inbox(bells, ana, start, PATIENCE, show=shown)) as items:
        async for item in items:
            assert isinstance(item, Delivery)
            taken += 1
            assert item.event.position == taken
            if taken == 10_000:
                break
    assert most <= 2 * logs.BATCH + 1 <= 256


async def test_what_a_slow_client_has_not_taken_is_shown_anew_after_something_has_happened(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "FRESH_SECONDS", 0.0)
    ana = await person("Ana")
    await happen(ana, times=3)
    start = Cursor((await Inbox.get(id=ana.id)).epoch, 0)
    looked: list[list[int]] = []

    async def noted(deliveries: Sequence[Delivery]) -> None:
        looked.append([one.event.position for one in deliveries])
        await shown(deliveries)

    positions = []
    async with aclosing(feed.inbox(bells, ana, start, PATIENCE, show=noted)) as items:
        async for item in items:
            assert isinstance(item, Delivery)
            positions.append(item.event.position)
            if len(positions) == 1:
                await happen(ana)
            if len(positions) == 4:
                break
    assert positions == [1, 2, 3, 4]
    assert looked == [[1, 2, 3], [2, 3, 4]]
