"""How often somebody may fail."""

import asyncio
from datetime import timedelta

import pytest

from models import clock, throttle
from models.refusal import RateLimited
from models.throttle import PER_ACCOUNT, PER_ADDRESS, WINDOW, Throttle

HOME = "192.0.2.7"


def limited(gate: Throttle, account: str, address: str) -> float | None:
    """How many seconds this caller must wait; None when it need not."""
    try:
        gate.check(account, address)
    except RateLimited as limit:
        return limit.retry_after
    return None


@pytest.fixture
def gate() -> Throttle:
    return Throttle()


def test_an_account_may_fail_eight_times_within_the_window(gate: Throttle) -> None:
    for _ in range(PER_ACCOUNT):
        gate.check("ana", HOME)
        gate.count("ana", HOME)
    assert limited(gate, "ana", "198.51.100.1") == pytest.approx(WINDOW.total_seconds(), abs=5)
    assert limited(gate, "theo", HOME) is None


def test_an_address_may_fail_sixty_times_over_all_accounts(gate: Throttle) -> None:
    for number in range(PER_ADDRESS):
        gate.check(f"account {number}", HOME)
        gate.count(f"account {number}", HOME)
    assert limited(gate, "somebody new", HOME) is not None
    assert limited(gate, "account 1", "198.51.100.1") is None


def test_the_wait_ends_when_the_oldest_failure_leaves_the_window(gate: Throttle) -> None:
    gate.count("ana", HOME)
    with clock.moved(timedelta(minutes=10)):
        for _ in range(PER_ACCOUNT - 1):
            gate.count("ana", HOME)
        assert limited(gate, "ana", HOME) == pytest.approx(5 * 60, abs=5)
    with clock.moved(WINDOW):
        assert limited(gate, "ana", HOME) is None
        gate.count("ana", HOME)
        assert limited(gate, "ana", HOME) == pytest.approx(10 * 60, abs=5)


def test_checking_counts_nothing(gate: Throttle) -> None:
    for _ in range(2 * PER_ADDRESS):
        gate.check("ana", HOME)
    assert limited(gate, "ana", HOME) is None


def test_failures_long_ago_do_not_count(gate: Throttle) -> None:
    for _ in range(PER_ACCOUNT):
        gate.count("ana", HOME)
    with clock.moved(WINDOW):
        for _ in range(PER_ACCOUNT - 1):
            gate.check("ana", HOME)
            gate.count("ana", HOME)
        assert limited(gate, "ana", HOME) is None


def test_what_is_forgiven_is_ones_own_failure_not_a_later_one_of_somebody_else(gate: Throttle) -> None:
    mine = gate.count("ana", HOME)
    with clock.moved(WINDOW / 2):
        for _ in range(PER_ACCOUNT):
            gate.count("ana", HOME)
        gate.forgive("ana", HOME, mine)
        assert limited(gate, "ana", HOME) == pytest.approx(WINDOW.total_seconds(), abs=5)


def test_a_failure_that_is_forgotten_already_can_be_forgiven(gate: Throttle) -> None:
    mine = gate.count("ana", HOME)
    for _ in range(PER_ACCOUNT):
        gate.count("ana", HOME)
    gate.forgive("ana", HOME, mine)
    assert limited(gate, "ana", HOME) is not None


def test_what_is_remembered_is_bounded_and_who_failed_last_is_kept(
    gate: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST_KEYS", 10)
    for number in range(PER_ACCOUNT):
        gate.count("ana", HOME)
        for other in range(8):
            gate.count(f"stranger {number} {other}", HOME)
    assert len(gate._counted) == 10
    assert limited(gate, "ana", "198.51.100.1") is not None
    for number in range(10):
        gate.count(f"later {number}", HOME)
    assert limited(gate, "ana", "198.51.100.1") is None


def test_each_key_remembers_no_more_than_it_needs(gate: Throttle) -> None:
    for _ in range(10 * PER_ADDRESS):
        gate.count("ana", HOME)
    assert [len(failures) for failures in gate._counted.values()] == [PER_ACCOUNT, PER_ADDRESS]


def test_who_is_not_known_is_not_counted(gate: Throttle) -> None:
    for _ in range(2 * PER_ADDRESS):
        gate.check("", "")
        gate.count("", "")
    assert gate._counted == {}
    gate.forgive("", "", clock.now())


async def test_at_one_account_one_tries_after_the_other_and_at_others_meanwhile(gate: Throttle) -> None:
    here: list[str] = []

    async def attempt(account: str) -> None:
        async with gate.turn(account):
            assert account not in here
            here.append(account)
            seen.append(set(here))
            await asyncio.sleep(0)
            here.remove(account)

    seen: list[set[str]] = []
    await asyncio.gather(*(attempt(account) for account in ["ana", "theo"] * 5))
    assert len(seen) == 10
    assert {"ana", "theo"} in seen
    assert gate._turns == {}


async def test_a_bounded_number_waits_for_a_turn_and_who_gives_up_leaves_it(
    gate: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST_WAITING", 2)

    async def attempt() -> None:
        async with gate.turn("ana"):
            pass

    async with gate.turn("ana"):
        waiting = [asyncio.create_task(attempt()) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(RateLimited) as limit:
            await waiting[2]
        assert limit.value.retry_after == 1
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        waiting[2] = asyncio.create_task(attempt())
    await asyncio.gather(*waiting[1:])
    assert gate._turns == {}


def test_the_addresses_of_one_ipv6_customer_are_counted_together(gate: Throttle) -> None:
    for number in range(PER_ADDRESS):
        gate.count(f"account {number}", f"2001:db8:1:2::{number:x}")
    assert limited(gate, "somebody new", "2001:db8:1:2:ffff::1") is not None
    assert limited(gate, "somebody new", "2001:db8:1:3::1") is None


def test_what_is_forgiven_takes_no_room(gate: Throttle) -> None:
    for number in range(20):
        gate.forgive(f"account {number}", HOME, gate.count(f"account {number}", HOME))
    assert gate._counted == {}
