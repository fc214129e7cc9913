from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.socket.limits import SocketLimits, TokenBucket


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_limits_are_those_of_the_security_bars() -> None:
    limits = SocketLimits()
    assert (limits.connection_init, limits.write) == (5.0, 15.0)
    assert (limits.sockets_per_account, limits.operations) == (5, 20)
    assert (limits.messages_per_second, limits.burst, limits.message_bytes) == (20.0, 60, 65_536)


def test_a_burst_passes_then_one_at_a_time() -> None:
    clock = Clock()
    bucket = TokenBucket(20, 60, clock)
    assert [bucket.take() for _ in range(61)] == [True] * 60 + [False]
    clock.now += 0.05
    assert [bucket.take(), bucket.take()] == [True, False]


def test_a_long_pause_does_not_save_up_more_than_a_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(20, 60, clock)
    clock.now += 86_400
    assert sum(bucket.take() for _ in range(100)) == 60


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4_000), max_size=200))
def test_no_stretch_of_time_lets_more_through_than_burst_and_rate(pauses_in_ms: list[int]) -> None:
    clock = Clock()
    bucket = TokenBucket(20, 5, clock)
    passed: list[float] = []
    for pause in pauses_in_ms:
        clock.now += pause / 1000
        if bucket.take():
            passed.append(clock.now)
    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= 5 + 20 * (end - start) + 1e-6
