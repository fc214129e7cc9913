"""The quick way to send and to mark decides and writes what the way step by step does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import bell, clock
from models.account import Account
from models.base import Base, uuid7
from models.conversation import Conversation, Message, Participant
from models.conversation import quick as module
from models.database import connect, transaction
from models.inbox import Inbox, InboxEvent
from models.refusal import RefusalCode, Refused
from tests.models.cancelling import Steps, cancelled, check_nothing_is_held, check_wholly_stored, stepped
from tests.models.expect import refused
from tests.people import pair, person

PEOPLE = ("mentor", "mentee", "other", "stranger")
NOWHERE = uuid7()


@dataclass
class World:
    """Two conversations of one mentor, and a stranger. What is done in it goes one of the two ways."""

    in_steps: bool
    people: dict[str, Account]
    conversations: list[Conversation]
    # What an id is called here, so that two worlds can be compared.
    names: dict[UUID, str] = field(default_factory=dict)
    sent: list[Message] = field(default_factory=list)

    @classmethod
    async def made(cls, *, in_steps: bool) -> "World":
        mentor, stranger = await person("Mara", capacity=3), await person("Eve")
        one, two = await pair(mentor), await pair(mentor)
        people = {"mentor": mentor, "mentee": one.mentee, "other": two.mentee, "stranger": stranger}
        world = cls(in_steps, people, [one.conversation, two.conversation, Conversation(id=NOWHERE)])
        world.names = {account.id: name for name, account in people.items()}
        world.names |= {row.id: f"conversation {n}" for n, row in enumerate(world.conversations)}
        return world

    async def send(self, place: int, by: str, body: str, key: str, reply: int | None) -> Any:
        conversation, account = self.conversations[place], self.people[by]
        answered = self.sent[reply % len(self.sent)].id if reply is not None and self.sent else None
        send = conversation.send_in_steps if self.in_steps else conversation.send
        message = await send(body, by=account, client_id=key, reply_to_id=answered)
        if message.id not in self.names:
            self.names[message.id] = f"message {len(self.sent)}"
            self.sent.append(message)
        return self.columns(message)

    async def mark(self, place: int, by: str, number: int) -> Any:
        conversation = self.conversations[place]
        mark = conversation.mark_read_in_steps if self.in_steps else conversation.mark_read
        return self.columns(await mark(number, by=self.people[by]))

    async def archive(self, place: int, by: str) -> Any:
        mine = Participant.filter(conversation_id=self.conversations[place].id, profile_id=self.people[by].id)
        return await mine.update(archived_at=clock.now())

    async def close(self, place: int) -> Any:
        return await Conversation.filter(id=self.conversations[place].id).update(closed_at=clock.now())

    async def block(self, place: int, blocks: int) -> Any:
        return await Conversation.filter(id=self.conversations[place].id).update(blocks=blocks)

    async def answer(self, step: tuple[str, tuple[Any, ...]]) -> Any:
        """What one step comes to: a row as it was returned, or why it was refused."""
        name, given = step
        try:
            return await getattr(self, name)(*given)
        except Refused as refusal:
            return refusal.code, refusal.message, refusal.field

    def columns(self, row: Base) -> dict[str, Any]:
        """A row's columns, with names for ids and without the moments."""
        return {name: self._plain(name, getattr(row, name)) for name in type(row)._meta.fields_db_projection}

    def _plain(self, name: str, value: Any) -> Any:
        if isinstance(value, datetime):
            return "a moment"
        return self.names.get(value, "an id") if isinstance(value, UUID) and name != "content_hash" else value

    async def rows(self) -> list[dict[str, Any]]:
        """All that the steps could have written. Ids of one millisecond are in no order, so the rows are put in one."""
        ids, conversations = [one.id for one in self.people.values()], [row.id for row in self.conversations]
        found: list[Any] = [
            *await Conversation.filter(id__in=conversations),
            *await Message.filter(conversation_id__in=conversations),
            *await Participant.filter(conversation_id__in=conversations),
            *await Inbox.filter(id__in=ids),
            *await InboxEvent.filter(account_id__in=ids),
        ]
        drawn = ("epoch", "content_hash")
        rows = [{k: v for k, v in self.columns(row).items() if k not in drawn} for row in found]
        return sorted(rows, key=repr)


places = st.sampled_from([0, 0, 0, 1, 2])
people = st.sampled_from([*PEOPLE[:2] * 3, *PEOPLE])
bodies = st.sampled_from(["Hello", "Grüße 🙂\n\t'\"\\", "x" * 8_000, "", "x" * 8_001])
keys = st.sampled_from(["a", "b", "c", "d", "", "é"])
sends = st.tuples(st.just("send"), st.tuples(places, people, bodies, keys, st.none() | st.integers(0, 3)))
steps = st.one_of(
    sends,
    sends,
    st.tuples(st.just("mark"), st.tuples(places, people, st.integers(-1, 4))),
    st.tuples(st.just("archive"), st.tuples(places, people)),
    st.tuples(st.just("close"), st.tuples(places)),
    st.tuples(st.just("block"), st.tuples(places, st.integers(0, 2))),
)


@pytest.mark.timeout(180)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(schedule=st.lists(steps, min_size=4, max_size=16))
def test_both_ways_decide_and_write_the_same(database_url: str, schedule: list[Any]) -> None:
    async def compared() -> None:
        async with connect(database_url):
            worlds = [await World.made(in_steps=in_steps) for in_steps in (True, False)]
            for step in schedule:
                by_steps, quickly = [await world.answer(step) for world in worlds]
                for answer in (by_steps, quickly):
                    if isinstance(answer, dict):
                        answer.pop("content_hash", None)
                assert quickly == by_steps, step
            by_steps, quickly = [await world.rows() for world in worlds]
            assert quickly == by_steps

    asyncio.run(compared())


async def test_each_way_finds_what_the_other_has_sent(database: str) -> None:
    two = await pair()
    ways: list[Callable[..., Awaitable[Message]]] = [two.conversation.send, two.conversation.send_in_steps]
    for first, second in (ways, ways[::-1]):
        key = first.__name__
        sent = await first("Hello", by=two.mentor, client_id=key)
        again = await second("Hello", by=two.mentor, client_id=key)
        assert (again.id, again.created_at, again.number) == (sent.id, sent.created_at, sent.number)
        with refused(RefusalCode.CLIENT_ID_REUSED):
            await second("Goodbye", by=two.mentor, client_id=key)


async def test_an_answer_is_the_row_as_it_is_stored(database: str) -> None:
    two = await pair()
    sent = await two.conversation.send("Hello", by=two.mentor, client_id="k")
    stored = await Message.get(id=sent.id)
    assert dict(sent) == dict(stored)
    marked = await two.conversation.mark_read(1, by=two.mentee)
    assert dict(marked) == dict(await Conversation.get(id=two.conversation.id))


async def test_nothing_but_the_id_of_a_conversation_need_be_known(database: str) -> None:
    two = await pair()
    assert (await Conversation(id=two.conversation.id).send("Hello", by=two.mentor, client_id="k")).number == 1
    for nobody in (Conversation(id=NOWHERE).send, Conversation(id=NOWHERE).send_in_steps):
        with refused(RefusalCode.NOT_FOUND, "conversationId"):
            await nobody("Hello", by=two.mentor, client_id="k")


async def test_within_a_unit_a_send_shares_its_fate(database: str) -> None:
    two = await pair()

    @transaction
    async def unit() -> None:
        await two.conversation.send("Hello", by=two.mentor, client_id="k")
        await two.conversation.mark_read(1, by=two.mentee)
        raise Refused(RefusalCode.LIMIT_REACHED, "enough")

    with refused(RefusalCode.LIMIT_REACHED):
        await unit()
    assert await Message.all().count() == 0
    assert await check_wholly_stored(database) == 0


async def test_both_bells_are_rung_once_it_is_stored_and_none_for_a_retry(database: str) -> None:
    two = await pair()
    rung: list[str] = []
    bell.hang(rung.extend)
    try:
        for _ in range(2):
            await two.conversation.send("Hello", by=two.mentor, client_id="k")
        both = sorted([bell.inbox_of(two.mentor.id), bell.inbox_of(two.mentee.id)])
        assert sorted(rung) == both
        for _ in range(2):
            await two.conversation.mark_read(1, by=two.mentee)
        assert sorted(rung) == sorted(both * 2)
    finally:
        bell.take_down(rung.extend)


async def test_a_caller_that_is_cancelled_leaves_it_wholly_stored_and_both_told(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await pair()
    steps: Steps = {}
    monkeypatch.setattr(module, "_done", stepped(module._done, steps))
    rung: list[str] = []
    bell.hang(rung.extend)
    try:
        for step in range(1, 20):
            send = two.conversation.send("Hello", by=two.mentor, client_id=f"{step}")
            was_cancelled = await cancelled(send, step, steps)
            await check_nothing_is_held(database)
            assert await check_wholly_stored(database) == step
            assert len(rung) == 2 * step
            if not was_cancelled:
                break
    finally:
        bell.take_down(rung.extend)
    assert step > 1


async def test_many_at_once_of_both_ways_are_numbered_densely_on_every_side(database: str) -> None:
    mentor = await person("Mara", capacity=4)
    pairs = [await pair(mentor) for _ in range(4)]
    before = {two.mentee.id: (await Inbox.get(id=two.mentee.id)).position for two in pairs}
    units: list[Awaitable[Any]] = []
    for number in range(6):
        for two in pairs:
            for by in (two.mentor, two.mentee):
                in_steps = (number + len(units)) % 3 == 0
                send = two.conversation.send_in_steps if in_steps else two.conversation.send
                units.append(send(f"{number}", by=by, client_id=f"{two.conversation.id.hex}{number}"))
    await asyncio.gather(*units)
    for two in pairs:
        numbers = await Message.filter(conversation_id=two.conversation.id).order_by("number").values_list("number")
        assert numbers == [(number,) for number in range(1, 13)]
        assert (await Inbox.get(id=two.mentee.id)).position == before[two.mentee.id] + 12
    for account in (mentor, *(two.mentee for two in pairs)):
        log = await InboxEvent.following(account, 0)
        assert [event.position for event in log] == list(range(1, len(log) + 1))
