"""A state machine: whatever two people do in whatever order, however their devices come and go, every promise holds.

After each step what each device has heard is compared with a messenger in plain Python; at the end, and where logs were
pruned, what is stored. Some messages are sent by processes whose clocks are days off.
"""

import asyncio
import sys
from collections.abc import Awaitable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from models import clock, retention
from models.account import Account
from models.block import Block
from models.conversation import Conversation, Message, Reaction
from models.conversation.quick import sqlite
from models.database import connect
from models.inbox import InboxEvent, Stretch
from models.refusal import RefusalCode, Refused
from models.retention import Retention
from realtime import logs
from realtime.bells import Bells
from realtime.broker import embedded_broker
from tests.models.machine import (
    KEPT_DAYS,
    Device,
    Log,
    Messenger,
    Said,
    Told,
    check_device,
    check_logs,
    check_rows,
    check_states,
)
from tests.models.readers import until
from tests.people import Pair, pair

DAY = timedelta(days=1)

# What a device should hear, it hears at once; so long it is waited for.
SECONDS = 20.0

sides = st.integers(0, 1)
keys = st.sampled_from(["a", "b", "c", "d"])
bodies = st.sampled_from(["Hello", "Grüße 🙂", "One more thing"])
emoji = st.sampled_from(["👍", "🎉"])
some = st.integers(0, 9)
mostly = st.sampled_from([True, True, True, True, False])
# How many days the clock of the process that sends is off.
skews = st.sampled_from([0, 0, -3, 2])


# The same runs everywhere: what fails on one machine fails on another. It is not made shorter, which takes minutes;
# whoever looks for the cause may add Phase.shrink.
#
# Of the real code so many examples, on each database; a mutant is given more, and stops at the first that shows it.
EXAMPLES = 10

MOST_EXAMPLES = 400
SETTINGS = settings(
    max_examples=40,
    stateful_step_count=25,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Machine(RuleBasedStateMachine):
    """Two people, and two devices of each."""

    runner: asyncio.Runner
    bells: Bells

    @initialize()
    def begin(self) -> None:
        self.two: Pair = self.run(pair())
        people = self.two.mentor.id, self.two.mentee.id
        self.model = Messenger(people, self.two.conversation.id, self.two.mentorship.id)
        self.accounts = self.two.mentor, self.two.mentee
        for account in self.accounts:
            # What was told before they first talked.
            before = self.run(InboxEvent.following(account, 0))
            told = [Told(event.position, event.kind, event.subject_id, 0) for event in before]
            self.model.logs[account.id] = Log(told)
        self.devices = [self.run(Device.new(one, self.two.conversation.id)) for one in self.accounts for _ in range(2)]
        self.listening: dict[int, asyncio.Task[None]] = {}
        # Something to edit, to delete and to react to, from the beginning.
        for side in (0, 1):
            self.send(side, "a", "Hello", 0, 1)
            self.react(side, 0, "👍")
        self.come_or_go(0)
        self.come_or_go(2)

    def run(self, work: Awaitable[Any]) -> Any:
        async def now() -> Any:
            return await work

        day = self.model.day if hasattr(self, "model") else 0
        with clock.moved(day * DAY):
            return self.runner.run(now())

    def answered(self, work: Awaitable[Any]) -> RefusalCode | None:
        """What the verb was refused with, if it was."""
        try:
            self.run(work)
        except Refused as refusal:
            return refusal.code
        return None

    def message(self, number: int) -> tuple[Said, Message]:
        said = self.model.said[number % len(self.model.said)]
        return said, self.run(Message.get(id=said.id))

    def author(self, said: Said, own: bool) -> Account:
        """Who wrote it; the other, if it is not to be their own."""
        mentor, mentee = self.two.mentor, self.two.mentee
        return mentor if (said.author == mentor.id) is own else mentee

    @rule(side=sides, body=bodies, skew=skews)
    def say(self, side: int, body: str, skew: int) -> None:
        """Something new."""
        self.send(side, f"new {len(self.model.said)}", body, skew, 1)

    @rule(side=sides, key=keys, body=bodies, skew=skews, tries=st.integers(1, 3))
    def send(self, side: int, key: str, body: str, skew: int, tries: int) -> None:
        """Also several times at once, as a client that hears no answer does; also under a key that was used."""
        by = self.accounts[side]
        expected = self.model.refusal_of_send(by.id, key, body)

        async def sent() -> list[Any]:
            sends = [self.two.conversation.send(body, by=by, client_id=key) for _ in range(tries)]
            return await asyncio.gather(*sends, return_exceptions=True)

        with clock.moved(skew * DAY):
            answers = self.run(sent())
        if expected is not None:
            assert [getattr(answer, "code", answer) for answer in answers] == [expected] * tries
            return
        assert all(isinstance(answer, Message) for answer in answers), answers
        ids = {answer.id for answer in answers}
        assert len(ids) == 1, ids
        said = self.model.send(ids.pop(), by.id, key, body, self.model.day + skew)
        assert {(answer.id, answer.number, answer.body) for answer in answers} == {(said.id, said.number, said.body)}

    @rule(own=mostly, number=some, body=bodies)
    def edit(self, own: bool, number: int, body: str) -> None:
        said, message = self.message(number)
        by = self.author(said, own)
        assert self.answered(message.edit(body, by=by)) == self.model.edit(said, body, by.id)

    @rule(own=mostly, number=some)
    def delete(self, own: bool, number: int) -> None:
        said, message = self.message(number)
        by = self.author(said, own)
        assert self.answered(message.delete_for_all(by=by)) == self.model.delete(said, by.id)

    @rule(side=sides, number=some, emoji=emoji)
    def react(self, side: int, number: int, emoji: str) -> None:
        by, (said, message) = self.accounts[side], self.message(number)
        assert self.answered(Reaction.add(message, emoji, by=by)) == self.model.react(said, emoji, by.id)

    @rule(side=sides, number=some, emoji=emoji)
    def unreact(self, side: int, number: int, emoji: str) -> None:
        by, (said, message) = self.accounts[side], self.message(number)
        assert self.answered(Reaction.remove(message, emoji, by=by)) == self.model.unreact(said, emoji, by.id)

    @rule(side=sides, number=st.integers(-1, 6))
    def read(self, side: int, number: int) -> None:
        by = self.accounts[side]
        answer = self.answered(self.two.conversation.mark_read(number, by=by))
        assert answer == self.model.mark_read(number, by.id)

    @precondition(lambda self: len(self.model.said) > 4)
    @rule(side=sides)
    def end(self, side: int) -> None:
        self.run(self.two.mentorship.end(by=self.accounts[side]))
        self.model.end()

    # Both ways at random, more would be refused than done.
    @rule(side=sides, lift=mostly)
    def block(self, side: int, lift: bool) -> None:
        by, other = self.accounts[side], self.accounts[1 - side]
        self.run((Block.lift if lift else Block.put)(other.id, by=by))
        self.model.block(by.id, lift=lift)

    @rule(device=st.integers(0, 3))
    def come_or_go(self, device: int) -> None:
        """A device drops, or comes back with its cursor."""
        if task := self.listening.pop(device, None):
            self.run(self.dropped(task))
            return
        one = self.devices[device]
        pruned, resyncs = self.model.logs[one.account.id].pruned, one.resyncs
        lost = one.cursor.position < pruned
        self.listening[device] = self.runner.get_loop().create_task(one.listen(self.bells))
        self.settle()
        assert one.resyncs - resyncs == lost, "told to resync, or not, where it should be otherwise"

    @rule(device=st.integers(0, 3))
    def begin_anew(self, device: int) -> None:
        """A device that knows nothing yet takes another's place."""
        if task := self.listening.pop(device, None):
            self.run(self.dropped(task))
        self.devices[device] = self.run(Device.new(self.devices[device].account, self.two.conversation.id))

    @rule(days=st.sampled_from([1, 3]))
    def days_pass(self, days: int) -> None:
        self.model.day += days

    @rule(days=st.sampled_from([0, 2, 3]))
    def prune(self, days: int) -> None:
        """After some more days."""
        self.model.day += days

        async def pruned() -> None:
            rounds = Retention(KEPT_DAYS * DAY)
            while await rounds.prune():
                pass

        self.run(pruned())
        self.model.prune()
        self.run(check_logs(self.model, self.two))

    async def dropped(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError), outcome

    def settle(self) -> None:
        """Until each device that listens is at the end of its log: what it hears of now comes by its bell alone."""

        def settled() -> bool:
            return all(task.done() or self.has_all(n) for n, task in self.listening.items())

        self.run(until(settled, SECONDS))
        for task in self.listening.values():
            # One that has all may not have shown it yet, or have ended over it.
            assert not task.done(), task

    def has_all(self, n: int) -> bool:
        device = self.devices[n]
        end = len(self.model.logs[device.account.id].events)
        return bool(end <= device.cursor.position == device.since + len(device.heard))

    @invariant()
    def every_promise_holds(self) -> None:
        if not hasattr(self, "listening"):
            return
        resyncs = [device.resyncs for device in self.devices]
        self.settle()
        assert [device.resyncs for device in self.devices] == resyncs, "told to resync though nothing was missing"
        for device in self.devices:
            check_device(self.model, device)

    async def checked(self) -> None:
        await check_rows(self.model, self.two)
        await check_logs(self.model, self.two)
        for account in self.accounts:
            listening = [self.devices[n] for n in self.listening if self.devices[n].account is account]
            await check_states(self.model, account, listening)

    def teardown(self) -> None:
        if not hasattr(self, "listening"):
            return
        try:
            self.settle()
            self.run(self.checked())
        finally:
            for task in self.listening.values():
                self.run(self.dropped(task))


class World:
    """A database and the bells of one process, for a machine to run in: step by step, on one loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._runner = asyncio.Runner()
        self._opened = AsyncExitStack()

    def __enter__(self) -> type[Machine]:
        async def opened() -> Bells:
            await self._opened.enter_async_context(connect(self._url, everywhere=True))
            return await self._opened.enter_async_context(embedded_broker())

        bells = self._runner.run(opened())
        return type("MachineOfAWorld", (Machine,), {"runner": self._runner, "bells": bells})

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._opened.aclose())
        self._runner.close()


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few events are several pages, and several rounds."""
    monkeypatch.setattr(retention, "OF_ONE", 20)
    monkeypatch.setattr(retention, "MOST", 10)
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    monkeypatch.setattr(logs, "BATCH", 3)


@pytest.mark.timeout(180)
def test_whatever_two_people_do_every_promise_holds(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    with World(database_url) as machine:
        run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=EXAMPLES))


def prune_all_that_is_old(_: Any, log: Iterable[Any]) -> Iterable[Any]:
    """An old event behind a young one too."""
    return [row for row in log if row[2]]


def lead_on(*_: Any) -> bool:
    return True


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "a key is forgotten": (sqlite, "MADE_BEFORE", "SELECT * FROM message WHERE author_id = ? AND client_id = ? AND 0"),
    "the middle of a log is pruned": (retention, "takewhile", prune_all_that_is_old),
    "a gap is not told": (Stretch, "leads_on_from", lead_on),
    "the other hears after the end": (Conversation, "hearing", lambda _, people, by: people),
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_machine_notices(database_url: str, monkeypatch: pytest.MonkeyPatch, mutant: str) -> None:
    small(monkeypatch)
    monkeypatch.setattr(*MUTANTS[mutant])
    monkeypatch.setattr(sys.modules[__name__], "SECONDS", 2.0)
    with World(database_url) as machine, pytest.raises((AssertionError, TimeoutError)):
        # It ends with the first that notices. Which that is changes with the code: Hypothesis draws from its constants.
        run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=MOST_EXAMPLES))
