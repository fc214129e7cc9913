"""Bells that feeds wait for."""

import asyncio

import pytest

from realtime.bells import Bell, Bells

# Long enough that a test which waits for it in vain is cut by its own time limit.
FOR_EVER = 1_000.0


async def test_a_ring_wakes_who_waits() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(FOR_EVER))
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    assert await waiting is True


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    assert await bell.wait(FOR_EVER) is True


async def test_many_rings_are_one_and_hushing_forgets_them() -> None:
    bell = Bell()
    for _ in range(1_000):
        bell.ring()
    bell.hush()
    assert await bell.wait(0) is False


async def test_patience_that_ends_says_so() -> None:
    assert await Bell().wait(0.001) is False


async def test_a_cancelled_wait_is_cancelled() -> None:
    waiting = asyncio.create_task(Bell().wait(FOR_EVER))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_topic_rings_for_everybody_who_waits_for_it_and_for_nobody_else() -> None:
    bells = Bells()
    with bells.listen("a") as one, bells.listen("a") as two, bells.listen("b") as other:
        bells.ring(["a", "nobody waits for this"])
        assert await one.wait(FOR_EVER)
        assert await two.wait(FOR_EVER)
        assert not await other.wait(0)


async def test_ringing_all_rings_every_topic() -> None:
    bells = Bells()
    with bells.listen("a") as one, bells.listen("b") as other:
        bells.ring_all()
        assert await one.wait(FOR_EVER)
        assert await other.wait(FOR_EVER)


def test_who_has_left_costs_nothing_and_is_not_rung() -> None:
    bells = Bells()
    with bells.listen("a") as stays:
        with bells.listen("a") as leaves:
            pass
        bells.ring(["a"])
        assert stays._rung.is_set()
        assert not leaves._rung.is_set()
    assert bells._waiting == {}


def test_an_error_in_the_block_takes_the_bell_down_too() -> None:
    bells = Bells()
    with pytest.raises(ZeroDivisionError), bells.listen("a"):
        raise ZeroDivisionError
    assert bells._waiting == {}
