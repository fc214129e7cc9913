"""What tests of verbs expect: a refusal by its code and field, and what an inbox has heard."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from models.account import Account
from models.inbox import Inbox, InboxEvent, Kind
from models.refusal import RefusalCode, Refused

ANY = "any field"


@contextmanager
def refused(code: RefusalCode, field: str | None = ANY) -> Iterator[None]:
    """The block is refused with this code, and names this field if one is given."""
    with pytest.raises(Refused) as refusal:
        yield
    assert refusal.value.code is code, refusal.value
    assert refusal.value.message
    if field != ANY:
        assert refusal.value.field == field


async def news(account: Account, after: int = 0) -> list[Kind]:
    """The kinds of events in an account's log after a position, in order."""
    return [event.kind for event in await InboxEvent.following(account, after)]


async def place(account: Account) -> int:
    """Where the account's log ends."""
    position: int = (await Inbox.get(id=account.id)).position
    return position
