"""What one task waits for: a mailbox keeps the order and loses nothing; a gate holds up while it is shut."""

import asyncio

import pytest

from realtime.socket.waiting import Gate, Mailbox


async def test_messages_are_had_in_order_whether_they_came_before_or_are_waited_for() -> None:
    mailbox = Mailbox()
    mailbox.put_nowait(1)
    mailbox.put_nowait(2)
    assert [await mailbox.get(), await mailbox.get()] == [1, 2]
    assert mailbox.empty()
    reading = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    mailbox.put_nowait(3)
    mailbox.put_nowait(4)
    assert [await reading, await mailbox.get()] == [3, 4]


async def test_a_reader_that_is_cancelled_takes_no_message_with_it() -> None:
    mailbox = Mailbox()
    reading = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    mailbox.put_nowait("kept")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await mailbox.get() == "kept"


async def test_a_shut_gate_holds_up_and_lets_in_all_who_waited() -> None:
    gate = Gate()
    assert gate.is_set()
    await gate.wait()
    gate.clear()
    gate.clear()
    assert not gate.is_set()
    waiting = [asyncio.create_task(gate.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    gate.set()
    gate.clear()
    await asyncio.gather(*waiting)
    assert not gate.is_set()
