"""Sign-ins that are in use: few reads, and none that outlives its revocation."""

import asyncio
from datetime import timedelta

import pytest

from models import bell, clock
from models.session import LIFETIME, Session
from realtime.bells import Bells
from realtime.sign_ins import PATIENCE, SignIns
from tests.people import person


@pytest.fixture
def bells() -> Bells:
    """The bells of this process, which nobody rings yet."""
    return Bells()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that were looked for in the database."""
    read: list[str] = []
    of_token = Session.of_token

    async def noted(token: str) -> Session | None:
        read.append(token)
        return await of_token(token)

    monkeypatch.setattr(Session, "of_token", noted)
    return read


async def test_a_sign_in_that_is_in_use_is_read_twice_and_then_known(
    database: str, bells: Bells, reads: list[str]
) -> None:
    ana = await person()
    session, token = await Session.open(ana)
    sign_ins = SignIns(bells)
    for _ in range(5):
        found = await sign_ins.of_token(token)
        assert found is not None
        assert (found.id, found.account.email) == (session.id, ana.email)
    assert reads == [token] * 2


async def test_it_is_read_again_after_a_few_seconds_as_a_bell_can_be_lost(
    database: str, bells: Bells, reads: list[str]
) -> None:
    session, token = await Session.open(await person())
    sign_ins = SignIns(bells)
    for _ in range(2):
        assert await sign_ins.of_token(token) is not None
    # Nobody rings in this test.
    await session.revoke()
    assert await sign_ins.of_token(token) is not None
    with clock.moved(PATIENCE):
        assert await sign_ins.of_token(token) is None
    assert await sign_ins.of_token(token) is None


async def test_a_revocation_ends_it_at_once(database: str, bells: Bells) -> None:
    session, token = await Session.open(await person())
    sign_ins = SignIns(bells)
    bell.hang(bells.ring)
    try:
        for _ in range(3):
            assert await sign_ins.of_token(token) is not None
        await session.revoke()
        assert await sign_ins.of_token(token) is None
    finally:
        bell.take_down(bells.ring)
    assert bells._waiting == {}


async def test_a_bell_that_rings_for_everybody_has_it_read_again(database: str, bells: Bells, reads: list[str]) -> None:
    _, token = await Session.open(await person())
    sign_ins = SignIns(bells)
    for _ in range(3):
        await sign_ins.of_token(token)
    bells.ring_all()
    for _ in range(2):
        assert await sign_ins.of_token(token) is not None
    assert len(reads) == 3


@pytest.mark.parametrize("first", [True, False])
async def test_a_revocation_during_a_read_is_noticed_by_the_next_request(
    database: str, bells: Bells, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    session, token = await Session.open(await person())
    sign_ins = SignIns(bells)
    if not first:
        await sign_ins.of_token(token)
    stale = await Session.of_token(token)
    assert stale is not None

    async def revoked_meanwhile(_: str) -> Session | None:
        await Session.filter(id=session.id).update(revoked_at=clock.now())
        bells.ring([bell.sign_in_of(session.id)])
        return stale

    with monkeypatch.context() as patch:
        patch.setattr(Session, "of_token", revoked_meanwhile)
        await sign_ins.of_token(token)
    assert await sign_ins.of_token(token) is None


async def test_of_two_reads_at_once_the_one_that_began_before_the_ring_is_not_kept(
    database: str, bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, token = await Session.open(await person())
    sign_ins = SignIns(bells)
    await sign_ins.of_token(token)
    stale, may_go = await Session.of_token(token), asyncio.Event()

    async def slow(_: str) -> Session | None:
        await may_go.wait()
        return stale

    async def away(_: str) -> Session | None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(Session, "of_token", slow)
        early = asyncio.create_task(sign_ins.of_token(token))
        await asyncio.sleep(0)
        await Session.filter(id=session.id).update(revoked_at=clock.now())
        bells.ring([bell.sign_in_of(session.id)])
        # The second read hushes the bell and fails: the ring must not be lost with it.
        patch.setattr(Session, "of_token", away)
        with pytest.raises(ConnectionError):
            await sign_ins.of_token(token)
        may_go.set()
        await early
    assert await sign_ins.of_token(token) is None


async def test_requests_that_come_all_the_time_share_their_reads(database: str, bells: Bells, reads: list[str]) -> None:
    _, token = await Session.open(await person())
    sign_ins = SignIns(bells)
    await sign_ins.of_token(token)

    async def ask() -> None:
        for _ in range(20):
            assert await sign_ins.of_token(token) is not None

    await asyncio.gather(*(ask() for _ in range(8)))
    assert len(reads) == 2


async def test_who_leaves_while_a_read_is_shared_leaves_it_to_the_others(database: str, bells: Bells) -> None:
    _, token = await Session.open(await person())
    sign_ins = SignIns(bells)
    await sign_ins.of_token(token)
    first, second = (asyncio.create_task(sign_ins.of_token(token)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is not None
    assert first.cancelled()


async def test_an_expired_sign_in_is_none_however_lately_it_was_read(database: str, bells: Bells) -> None:
    _, token = await Session.open(await person())
    sign_ins = SignIns(bells, patience=2 * LIFETIME)
    for _ in range(3):
        assert await sign_ins.of_token(token) is not None
    with clock.moved(LIFETIME + timedelta(seconds=1)):
        assert await sign_ins.of_token(token) is None


async def test_what_is_known_is_bounded_and_an_unknown_token_is_not_remembered(
    database: str, bells: Bells, reads: list[str]
) -> None:
    ana = await person()
    tokens = [(await Session.open(ana))[1] for _ in range(4)]
    sign_ins = SignIns(bells, most=3)
    for _ in range(2):
        for token in (*tokens[:3], "unknown"):
            await sign_ins.of_token(token)
    assert len(bells._waiting) == 3
    # The fourth takes the place of the one that was used longest ago.
    await sign_ins.of_token(tokens[0])
    for _ in range(2):
        await sign_ins.of_token(tokens[3])
    reads.clear()
    for token in (tokens[0], tokens[2], tokens[3], tokens[1]):
        assert await sign_ins.of_token(token) is not None
    assert reads == [tokens[1]]
    assert len(bells._waiting) == 3
