"""Sign-ins: their tokens, their end, and who sees them."""

import asyncio
import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from models import bell, clock
from models import session as session_module
from models.database import after_commit
from models.session import KEPT, LIFETIME, Session
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


async def test_sign_ins_that_ended_long_ago_are_deleted_some_at_a_time_and_no_others(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "MOST_FORGOTTEN", 2)
    ana = await person("Ana")
    with clock.moved(-LIFETIME - KEPT):
        for _ in range(3):
            await Session.open(ana, device="expired long ago")
    with clock.moved(-KEPT):
        await (await Session.open(ana, device="revoked long ago"))[0].revoke()
        await Session.open(ana, device="expires now")
    with clock.moved(SECOND - KEPT):
        await (await Session.open(ana, device="revoked lately"))[0].revoke()
    assert [await Session.forget_ended() for _ in range(3)] == [2, 2, 0]
    assert {one.device for one in await Session.all()} == {"expires now", "revoked lately", "test"}


async def test_two_processes_may_forget_at_once(database: str) -> None:
    with clock.moved(-LIFETIME - KEPT):
        ana = await person("Ana")
        for _ in range(5):
            await Session.open(ana)
    await asyncio.gather(*(Session.forget_ended() for _ in range(3)))
    assert await Session.all().count() == 0


async def test_a_sign_in_is_written_in_a_unit(database: str) -> None:
    """Cancelled in the middle of it, a writer outside a unit could leave the database locked."""
    ana, units = await person("Ana"), []
    create = Session.create.__func__  # type: ignore[attr-defined]

    async def noted(cls: type[Session], **fields: object) -> Session:
        after_commit(lambda: units.append("stored"))
        units.append("written")
        return await create(cls, **fields)  # type: ignore[no-any-return]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "create", classmethod(noted))
        await Session.open(ana)
    # Outside a unit, `after_commit` calls at once.
    assert units == ["written", "stored"]


async def test_a_sign_out_that_is_not_stored_changes_no_object_that_others_share(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, token = await Session.open(await person())

    async def full(*_: str) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Session, "store", full)
        with pytest.raises(OSError, match="full"):
            await session.revoke()
    assert session.is_live
    assert await Session.of_token(token) is not None
    await session.revoke()
    assert not session.is_live
