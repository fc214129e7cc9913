"""Logs are read in rounds: whoever asks is answered, at whatever moment."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from models.inbox import Stretch
from realtime import logs
from realtime.logs import Found, Logs, Place

TURNS = 6


async def test_who_asks_in_whatever_turn_of_the_loop_the_last_rounds_end_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = asyncio.Event()

    async def read(places: Sequence[Place]) -> list[Found]:
        await answers.wait()
        return [Found(Stretch("e", 0, []), []) for _ in places]

    monkeypatch.setattr(logs, "_read", read)
    for chosen in range(TURNS):
        asked, heard = Logs(), list[Found | Exception]()
        answers.clear()
        for _ in range(logs.ROUNDS):
            asked.ask((uuid4(), 0, None), lambda _: None)
            await asyncio.sleep(0)
        # All rounds hear of their answers in one turn, and end in one.
        answers.set()
        for turn in range(2 * TURNS):
            if turn == chosen:
                asked.ask((uuid4(), 0, None), heard.append)
            await asyncio.sleep(0)
        assert len(heard) == 1, chosen
        assert not asked._rounds
