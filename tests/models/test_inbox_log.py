"""The inbox log under many writers and readers: each reader sees 1..N once, in order, whatever interrupts it.

What the checks here would notice is shown in `test_inbox_schedules`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import count

import pytest

import realtime.bells
from models import bell
from models.account import Account
from models.conversation import Message
from models.inbox import InboxEvent, Kind
from models.refusal import RefusalCode, Refused
from realtime.bells import Bells
from realtime.broker import embedded_broker
from tests import people
from tests.models.readers import NEVER, Reader, WatchedBell, check, check_messages, listening
from tests.people import Pair

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("database")]

PAIRS = 8
MESSAGES_EACH = 19
MANNERS = ("fast", "slow", "reconnecting", "cancelled")


@pytest.fixture(autouse=True)
def watched_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime.bells, "Bell", WatchedBell)


@pytest.fixture
async def bells() -> AsyncIterator[Bells]:
    async with embedded_broker() as bells:
        yield bells


async def talk(pair: Pair, each: int, sent: list[Message]) -> None:
    """Both send at once, and each reads some of what the other sends, which is an event of another kind."""

    async def speak(by: Account, to: Account) -> None:
        for number in range(each):
            # The mentor talks to many under one account, so the keys differ between the pairs.
            key = f"{pair.conversation.id.hex}-{number}"
            message = await pair.conversation.send(f"Number {number}", by=by, client_id=key)
            sent.append(message)
            if number % 5 == 0:
                await pair.conversation.mark_read(message.number, by=to)

    await asyncio.gather(speak(pair.mentor, pair.mentee), speak(pair.mentee, pair.mentor))


async def converse(bells: Bells, *, patience: float = NEVER, each: int = MESSAGES_EACH) -> None:
    """Eight pairs that share a mentor talk, and read in every manner, all at once; then everything is checked."""
    mentor = await people.person("Mara", capacity=PAIRS)
    pairs = [await people.pair(mentor) for _ in range(PAIRS)]
    readers = [await Reader.at_the_end(mentor, manner, patience) for manner in MANNERS]
    for pair, manner in zip(pairs, MANNERS * 2, strict=True):
        readers.append(await Reader.at_the_end(pair.mentee, manner, patience))
    sent: list[Message] = []
    async with listening(readers, bells):
        await asyncio.gather(*(talk(pair, each, sent) for pair in pairs))
    assert len(sent) == PAIRS * 2 * each
    await check(readers)
    await check_messages(pairs, sent)


async def test_every_reader_hears_every_event_once_and_in_order(bells: Bells) -> None:
    await converse(bells)


async def test_with_a_broken_bell_the_slow_re_read_loses_nothing() -> None:
    # Nobody hangs these bells up: no ring ever comes.
    await converse(Bells(), patience=0.02, each=4)


async def test_a_bell_that_rings_twice_doubles_nothing(bells: Bells) -> None:
    bell.hang(bells.ring)
    try:
        await converse(bells, each=4)
    finally:
        bell.take_down(bells.ring)


async def test_a_bell_that_fails_is_no_error_of_the_sender(bells: Bells) -> None:
    def broken(_: Iterable[str]) -> None:
        raise ConnectionError("the broker is away")

    pair = await people.pair()
    bell.hang(broken)
    try:
        message = await pair.conversation.send("Hello", by=pair.mentee, client_id="1")
    finally:
        bell.take_down(broken)
    await check_messages([pair], [message])


async def test_nothing_is_logged_behind_the_end_of_a_mentorship() -> None:
    pair = await people.pair()
    refused: list[RefusalCode] = []
    enough = asyncio.Event()

    async def speak(by: Account) -> None:
        for number in count():
            try:
                await pair.conversation.send("And another thing", by=by, client_id=f"{number}")
            except Refused as refusal:
                refused.append(refusal.code)
                return
            if number == 5:
                enough.set()

    async def end() -> None:
        await enough.wait()
        await pair.mentorship.end(by=pair.mentor)

    await asyncio.gather(speak(pair.mentor), speak(pair.mentee), end())
    assert refused == [RefusalCode.WRONG_STATE] * 2
    for account in (pair.mentor, pair.mentee):
        *_, last = await InboxEvent.following(account, 0)
        assert (last.kind, last.subject_id) == (Kind.MENTORSHIP_CHANGED, pair.mentorship.id)
