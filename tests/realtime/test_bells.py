"""Bells that feeds wait for, and ears that overhear whispers."""

import asyncio

import pytest

from realtime.bells import WHISPERS_KEPT, Bell, Bells

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
        assert stays.rung
        assert not leaves.rung
    assert bells._waiting == {}


def test_an_error_in_the_block_takes_the_bell_down_too() -> None:
    bells = Bells()
    with pytest.raises(ZeroDivisionError), bells.listen("a"):
        raise ZeroDivisionError
    assert bells._waiting == {}


async def test_who_overhears_a_topic_is_told_in_order_and_nobody_else() -> None:
    bells = Bells()
    with bells.overhear("a", "b") as ear, bells.overhear("a") as other, bells.overhear("c") as away:
        bells.whisper("a", "one")
        bells.whisper("b", "two")
        bells.whisper("a", "three")
        assert [await anext(ear) for _ in range(3)] == [("a", "one"), ("b", "two"), ("a", "three")]
        assert [(await anext(other)).text for _ in range(2)] == ["one", "three"]
        assert not away._heard


async def test_an_ear_waits_for_the_next_whisper() -> None:
    bells = Bells()
    with bells.overhear("a") as ear:
        for text in ("one", "two"):
            waiting = asyncio.create_task(anext(ear))
            await asyncio.sleep(0)
            assert not waiting.done()
            bells.whisper("a", text)
            assert await waiting == ("a", text)


async def test_a_slow_ear_holds_the_newest_whispers_and_no_more() -> None:
    bells = Bells()
    with bells.overhear("a") as ear, bells.overhear("a", keep=1) as short:
        for number in range(1_000):
            bells.whisper("a", str(number))
        assert len(ear._heard) == WHISPERS_KEPT
        assert (await anext(ear)).text == str(1_000 - WHISPERS_KEPT)
        assert (await anext(short)).text == "999"


def test_who_no_longer_overhears_costs_nothing() -> None:
    bells = Bells()
    with bells.overhear("a") as stays:
        with bells.overhear("a", "b", "a") as leaves:
            pass
        with pytest.raises(ZeroDivisionError), bells.overhear("a"):
            raise ZeroDivisionError
        bells.whisper("a", "psst")
        bells.whisper("b", "psst")
        assert len(stays._heard) == 1
        assert not leaves._heard
    assert bells._ears == {}
