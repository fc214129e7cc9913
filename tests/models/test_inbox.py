"""The inbox log and its cursors."""

import asyncio
import base64
import re
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.account import Account
from models.database import transaction
from models.inbox import Cursor, Inbox, InboxEvent, Kind
from models.refusal import RefusalCode, Refused
from models.skill import Skill
from tests.models.expect import news, place, refused
from tests.people import person

epochs = st.binary(min_size=4, max_size=4).map(bytes.hex)
positions = st.integers(0, 10**18 - 1)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@given(epochs, positions)
def test_a_cursor_is_read_as_it_was_written(epoch: str, position: int) -> None:
    text = str(Cursor(epoch, position))
    assert re.fullmatch("[A-Za-z0-9_-]+", text)
    found = Cursor.parse(text)
    assert (found.epoch, found.position) == (epoch, position)


@given(st.text(max_size=30) | st.binary(max_size=30).map(encoded))
def test_any_other_text_is_read_as_a_cursor_or_refused(text: str) -> None:
    try:
        found = Cursor.parse(text, "cursor")
    except Refused as refusal:
        assert (refusal.code, refusal.field) == (RefusalCode.INVALID, "cursor")  # noqa: PT017 - it may also pass
    else:
        assert 0 <= found.position < 10**18


MALFORMED = {
    "nothing": "",
    "no base64": "???",
    "one letter too many": "MTIzNDU2Nzguu",
    "a space": "MTIz NDU2",
    "a line end": str(Cursor("12345678", 1)) + "\n",
    "too much padding": str(Cursor("12345678", 1)) + "====",
    "other letters": "é" * 8,
    "fullwidth letters": "\uff2d\uff34\uff29\uff3a",
    "a lone surrogate": "\ud800",
    "NUL": "\0",
    "bytes that are no text": encoded(b"\xff\xfe.1"),
    "no position": encoded(b"12345678"),
    "an empty position": encoded(b"12345678."),
    "a negative position": encoded(b"12345678.-1"),
    "a signed position": encoded(b"12345678.+1"),
    "a position with a space": encoded(b"12345678. 1"),
    "a position with an underscore": encoded(b"12345678.1_0"),
    "a hexadecimal position": encoded(b"12345678.ff"),
    "a position beyond the database's integers": encoded(b"12345678." + b"9" * 19),
    "a position of 5,000 digits": encoded(b"12345678." + b"9" * 5_000),
    "three parts": encoded(b"12345678.1.2"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_cursor_is_refused(what: str) -> None:
    with refused(RefusalCode.INVALID, "after"):
        Cursor.parse(MALFORMED[what])


SPELLINGS = {
    "a leading zero": encoded(b"12345678.007"),
    "padding": base64.urlsafe_b64encode(b"12345678.10").decode(),
    "loose bits at the end": encoded(b"12345678.10")[:-1] + "B",
}


@pytest.mark.parametrize("what", SPELLINGS)
def test_what_no_event_carried_is_refused(what: str) -> None:
    """`parse` promises to refuse what `str` did not write."""
    with refused(RefusalCode.INVALID, "after"):
        Cursor.parse(SPELLINGS[what])


@transaction
async def record(kind: Kind, subject: Skill, *accounts: Account) -> None:
    await Inbox.record(kind, subject, [account.id for account in accounts])


async def a_subject() -> Skill:
    return await Skill.create(name="SQL", key=uuid4().hex)


async def test_an_event_takes_the_next_position_in_each_accounts_own_log(database: str) -> None:
    ana, theo, subject = await person("Ana"), await person("Theo"), await a_subject()
    await record(Kind.GOAL_CHANGED, subject, ana)
    await record(Kind.MEETING_CHANGED, subject, ana, theo)
    await record(Kind.MESSAGE_CREATED, subject, theo, ana)
    assert await news(ana) == [Kind.GOAL_CHANGED, Kind.MEETING_CHANGED, Kind.MESSAGE_CREATED]
    assert await news(theo) == [Kind.MEETING_CHANGED, Kind.MESSAGE_CREATED]
    assert [event.position for event in await InboxEvent.following(ana, 0)] == [1, 2, 3]
    assert (await place(ana), await place(theo)) == (3, 2)
    assert {event.subject_id for event in await InboxEvent.all()} == {subject.id}


async def test_an_account_that_is_named_twice_hears_once(database: str) -> None:
    ana, subject = await person("Ana"), await a_subject()
    await record(Kind.GOAL_CHANGED, subject, ana, ana)
    assert await news(ana) == [Kind.GOAL_CHANGED]


async def test_events_that_come_at_once_in_any_order_of_people_get_dense_positions(database: str) -> None:
    ana, theo, subject = await person("Ana"), await person("Theo"), await a_subject()
    people = [(ana, theo), (theo, ana)] * 5
    await asyncio.gather(*(record(Kind.GOAL_CHANGED, subject, *two) for two in people))
    for account in (ana, theo):
        assert [event.position for event in await InboxEvent.following(account, 0)] == list(range(1, 11))
        assert await place(account) == 10


async def test_an_event_that_is_not_stored_leaves_no_gap(database: str) -> None:
    ana, subject = await person("Ana"), await a_subject()

    @transaction
    async def fails() -> None:
        await Inbox.record(Kind.GOAL_CHANGED, subject, [ana.id])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    await record(Kind.MEETING_CHANGED, subject, ana)
    assert [(event.position, event.kind) for event in await InboxEvent.following(ana, 0)] == [(1, Kind.MEETING_CHANGED)]


async def test_what_follows_a_position_comes_in_order_and_is_the_viewers_own(database: str) -> None:
    ana, theo, subject = await person("Ana"), await person("Theo"), await a_subject()
    for _ in range(3):
        await record(Kind.GOAL_CHANGED, subject, ana, theo)
    following = await InboxEvent.following(ana, 1)
    assert [(event.account_id, event.position) for event in following] == [(ana.id, 2), (ana.id, 3)]
    assert await InboxEvent.following(ana, 3) == []
    assert await InboxEvent.visible_to(theo).count() == 3


async def test_each_inbox_has_an_epoch_of_its_own_that_its_cursors_carry(database: str) -> None:
    ana, theo = await person("Ana"), await person("Theo")
    one, other = await Inbox.get(id=ana.id), await Inbox.get(id=theo.id)
    assert one.epoch != other.epoch
    assert Cursor.parse(str(one.cursor(7))).epoch == one.epoch
    assert Cursor.parse(str(one.cursor(7))).position == 7
    assert Cursor.parse(str(one.cursor(0))).position == 0
    assert Cursor.parse(str(one.cursor())).position == one.position


async def test_who_records_for_an_account_keeps_others_from_recording_until_the_end(database: str) -> None:
    ana, subject = await person("Ana"), await a_subject()
    locked, order = asyncio.Event(), []

    @transaction
    async def holder() -> None:
        await Inbox.record(Kind.MEETING_CHANGED, subject, [ana.id])
        locked.set()
        for _ in range(50):
            await asyncio.sleep(0)
        order.append("holder")

    async def recorder() -> None:
        await locked.wait()
        await record(Kind.GOAL_CHANGED, subject, ana)
        order.append("recorder")

    await asyncio.gather(holder(), recorder())
    assert order == ["holder", "recorder"]
    assert await news(ana) == [Kind.MEETING_CHANGED, Kind.GOAL_CHANGED]
