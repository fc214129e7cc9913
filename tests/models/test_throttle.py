"""How often somebody may fail."""

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
        gate.failed("ana", HOME)
    assert limited(gate, "ana", "198.51.100.1") == pytest.approx(WINDOW.total_seconds(), abs=5)
    assert limited(gate, "theo", HOME) is None


def test_an_address_may_fail_sixty_times_over_all_accounts(gate: Throttle) -> None:
    for number in range(PER_ADDRESS):
        gate.check(f"account {number}", HOME)
        gate.failed(f"account {number}", HOME)
    assert limited(gate, "somebody new", HOME) is not None
    assert limited(gate, "account 1", "198.51.100.1") is None


def test_the_wait_ends_when_the_oldest_failure_leaves_the_window(gate: Throttle) -> None:
    gate.failed("ana", HOME)
    with clock.moved(timedelta(minutes=10)):
        for _ in range(PER_ACCOUNT - 1):
            gate.failed("ana", HOME)
        assert limited(gate, "ana", HOME) == pytest.approx(5 * 60, abs=5)
    with clock.moved(WINDOW):
        assert limited(gate, "ana", HOME) is None
        gate.failed("ana", HOME)
        assert limited(gate, "ana", HOME) == pytest.approx(10 * 60, abs=5)


def test_checking_counts_nothing(gate: Throttle) -> None:
    for _ in range(2 * PER_ADDRESS):
        gate.check("ana", HOME)
    assert limited(gate, "ana", HOME) is None


def test_failures_long_ago_do_not_count(gate: Throttle) -> None:
    for _ in range(PER_ACCOUNT):
        gate.failed("ana", HOME)
    with clock.moved(WINDOW):
        for _ in range(PER_ACCOUNT - 1):
            gate.check("ana", HOME)
            gate.failed("ana", HOME)
        assert limited(gate, "ana", HOME) is None


def test_what_is_forgiven_is_ones_own_failure_not_a_later_one_of_somebody_else(gate: Throttle) -> None:
    mine = gate.failed("ana", HOME)
    with clock.moved(WINDOW / 2):
        for _ in range(PER_ACCOUNT):
            gate.failed("ana", HOME)
        gate.forgive("ana", HOME, mine)
        assert limited(gate, "ana", HOME) == pytest.approx(WINDOW.total_seconds(), abs=5)


def test_a_failure_that_is_forgotten_already_can_be_forgiven(gate: Throttle) -> None:
    mine = gate.failed("ana", HOME)
    for _ in range(PER_ACCOUNT):
        gate.failed("ana", HOME)
    gate.forgive("ana", HOME, mine)
    assert limited(gate, "ana", HOME) is not None


def test_what_is_remembered_is_bounded_and_who_failed_last_is_kept(
    gate: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST_KEYS", 10)
    for number in range(PER_ACCOUNT):
        gate.failed("ana", HOME)
        for other in range(8):
            gate.failed(f"stranger {number} {other}", HOME)
    assert len(gate._failures) == 10
    assert limited(gate, "ana", "198.51.100.1") is not None
    for number in range(10):
        gate.failed(f"later {number}", HOME)
    assert limited(gate, "ana", "198.51.100.1") is None


def test_each_key_remembers_no_more_than_it_needs(gate: Throttle) -> None:
    for _ in range(10 * PER_ADDRESS):
        gate.failed("ana", HOME)
    assert [len(failures) for failures in gate._failures.values()] == [PER_ACCOUNT, PER_ADDRESS]
