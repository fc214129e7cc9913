"""Companies: whoever rests at one place of a log is given the same, whatever the others do meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest

from models.inbox import Entry, Kind, Stretch
from realtime import logs
from realtime.bells import Bells
from realtime.logs import Delivery, Found, Place


class Member:
    """Notes what it is given, and may do something at that."""

    def __init__(self, then: Callable[[], bool] = lambda: True) -> None:
        self.given: list[int] = []
        self.woken: list[Exception | None] = []
        self._then = then

    def give(self, deliveries: Sequence[Delivery]) -> bool:
        took = self._then()
        self.given += [delivery.event.position for delivery in deliveries]
        return took

    def wake(self, error: Exception | None = None) -> None:
        self.woken.append(error)


async def test_a_member_that_fails_is_woken_with_its_error_and_the_others_are_given_all_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bells, ana, stored = Bells(), uuid4(), [1, 2]

    async def read(places: Sequence[Place]) -> list[Found]:
        return [found(position) for _, position, _ in places]

    def found(after: int) -> Found:
        entries = [Entry(ana, position, Kind.GOAL_CHANGED, uuid4()) for position in stored if position > after]
        return Found(Stretch("e", stored[-1], entries), [Delivery(entry, "") for entry in entries])

    monkeypatch.setattr(logs, "_read", read)
    wrong = RuntimeError("the transport is closed")

    def fail() -> bool:
        raise wrong

    handed_over = asyncio.Event()

    def take() -> bool:
        handed_over.set()
        return True

    # The last one's turn comes last.
    members = [Member(), Member(fail), Member(take)]
    for member in members:
        company = bells.companies.join(member, ana, "e", 0, None, 60)
    for position in (3, 4):
        company.look()
        async with asyncio.timeout(10):
            await handed_over.wait()
        handed_over.clear()
        stored.append(position)
    assert [member.given for member in members] == [[1, 2, 3], [], [1, 2, 3]]
    assert [member.woken for member in members] == [[], [wrong], []]
    for member in members:
        company.discard(member)
    assert not bells._waiting
    assert not bells.companies._known
    assert not bells.resting._due
