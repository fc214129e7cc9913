"""Sign-ins: their tokens, their end, and who sees them."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from models import bell, clock
from models.session import LIFETIME, Session
from tests.people import person

SECOND = timedelta(seconds=1)


@pytest.fixture
def rung() -> Iterator[list[str]]:
    """Every topic that is rung."""
    topics: list[str] = []
    bell.hang(topics.extend)
    yield topics
    bell.take_down(topics.extend)


async def test_a_token_finds_its_sign_in_with_the_account(database: str) -> None:
    ana = await person()
    session, token = await Session.open(ana, device="phone")
    found = await Session.of_token(token)
    assert found is not None
    assert (found.id, found.account.email) == (session.id, ana.email)


async def test_a_token_has_256_random_bits_and_is_stored_as_its_hash_only(database: str) -> None:
    ana = await person()
    (first, token), (_, other) = await Session.open(ana), await Session.open(ana)
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert token != other
    (row,) = await Session.filter(id=first.id).values()
    assert row["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(row)


@pytest.mark.parametrize("token", ["", "no such token", "\0", "\ud800", "x" * 10_000])
async def test_an_unknown_token_finds_nothing(database: str, token: str) -> None:
    await person()
    assert await Session.of_token(token) is None


async def test_the_stored_hash_is_no_token(database: str) -> None:
    session, _ = await Session.open(await person())
    assert await Session.of_token(session.token_hash) is None


async def test_a_sign_in_ends_after_its_lifetime(database: str) -> None:
    _, token = await Session.open(await person())
    with clock.moved(LIFETIME - SECOND):
        live = await Session.of_token(token)
        assert live is not None
        assert timedelta() < live.remaining <= SECOND
    with clock.moved(LIFETIME):
        assert await Session.of_token(token) is None


async def test_a_revoked_token_is_worth_nothing_and_the_others_stay(database: str, rung: list[str]) -> None:
    ana = await person()
    (session, token), (_, other) = await Session.open(ana), await Session.open(ana)
    await session.revoke()
    assert await Session.of_token(token) is None
    assert await Session.of_token(other) is not None
    assert rung == [bell.sign_in_of(session.id)]


async def test_a_person_sees_their_live_sign_ins_only(database: str) -> None:
    ana, theo = await person("Ana"), await person("Theo")
    await Session.open(theo)
    revoked, _ = await Session.open(ana)
    await revoked.revoke()
    with clock.moved(-LIFETIME):
        await Session.open(ana, device="long ago")
    await Session.open(ana, device="now")
    assert {session.device for session in await Session.visible_to(ana)} == {"test", "now"}


async def test_a_long_name_of_a_device_is_cut(database: str) -> None:
    _session, token = await Session.open(await person(), device="x" * 1_000)
    found = await Session.of_token(token)
    assert found is not None
    assert found.device == "x" * 200
