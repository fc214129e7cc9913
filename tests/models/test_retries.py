"""A client that hears no answer tries again, perhaps before the first try is done: it gets what that one made."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from models import clock, goal, request
from models.base import Base
from models.conversation import Circle, Conversation, Message, opening
from models.goal import Goal, Milestone
from models.meeting import Meeting, MeetingKind
from models.mentorship import Cadence
from models.refusal import RefusalCode, Refused
from models.request import MentorshipRequest
from models.video import VideoSession
from tests.people import Pair, pair, person

TRIES = 6


@dataclass
class Creating:
    """A verb that makes a row of the model, under a key."""

    model: type[Base]
    create: Callable[[Pair, Any], Awaitable[Base]]
    # What it needs beside the pair.
    needs: Callable[[Pair], Awaitable[Any]] | None = None

    async def prepared(self) -> tuple[Pair, Callable[[], Awaitable[Base]]]:
        """A pair, and one more try each time."""
        two = await pair()
        needed = await self.needs(two) if self.needs else None
        return two, lambda: self.create(two, needed)


async def a_day(_: Pair) -> date:
    return clock.now().date() + timedelta(days=3)


VERBS = {
    "ask": Creating(
        MentorshipRequest,
        lambda two, mentor: MentorshipRequest.ask(
            mentor.id, by=two.mentee, message="Will you?", months=6, cadence=Cadence.WEEKLY, client_id="k"
        ),
        lambda _: person("Nia", capacity=1),
    ),
    "add a goal": Creating(
        Goal,
        lambda two, _: Goal.add(two.mentorship, by=two.mentee, title="Ship it", milestones=["Plan"], client_id="k"),
    ),
    "add a milestone": Creating(
        Milestone,
        lambda two, added: added.add_milestone(by=two.mentee, title="Build", client_id="k"),
        lambda two: Goal.add(two.mentorship, by=two.mentor, title="Ship it"),
    ),
    "schedule": Creating(
        Meeting,
        lambda two, day: Meeting.schedule(
            two.mentorship,
            by=two.mentee,
            kind=MeetingKind.PHONE,
            local_start=f"{day}T17:00",
            time_zone="UTC",
            minutes=30,
            client_id="k",
        ),
        a_day,
    ),
    "send": Creating(Message, lambda two, _: two.conversation.send("Hello", by=two.mentee, client_id="k")),
    "open a circle": Creating(
        Conversation,
        lambda two, _: Circle.open("A", [two.mentor.id], by=two.mentee, client_id="k"),
    ),
    "start a call": Creating(
        VideoSession, lambda two, _: VideoSession.start(two.mentorship, by=two.mentee, client_id="k")
    ),
}

LIMITS = {
    "ask": (request, "MOST_PENDING"),
    "add a goal": (goal, "MOST_GOALS"),
    "add a milestone": (goal, "MOST_MILESTONES"),
    "open a circle": (opening, "MOST_OPENED"),
}


async def at_once(tries: list[Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*tries, return_exceptions=True)


@pytest.mark.parametrize("verb", VERBS)
async def test_several_tries_at_once_with_one_key_make_one_row_and_all_return_it(database: str, verb: str) -> None:
    _, attempt = await VERBS[verb].prepared()
    before = await VERBS[verb].model.all().count()
    answers = await at_once([attempt() for _ in range(TRIES)])
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    assert len({answer.id for answer in answers}) == 1
    assert await VERBS[verb].model.all().count() == before + 1
    # And so does one that comes later.
    assert (await attempt()).id == answers[0].id


@pytest.mark.parametrize("verb", LIMITS)
async def test_a_retry_is_no_further_row_where_the_first_took_the_last_place(
    database: str, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    _, attempt = await VERBS[verb].prepared()
    monkeypatch.setattr(*LIMITS[verb], 1)
    answers = await at_once([attempt() for _ in range(TRIES)])
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    assert len({answer.id for answer in answers}) == 1


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("ask", "start a call")])
async def test_tries_that_meet_the_end_of_the_mentorship_all_get_one_answer(database: str, verb: str) -> None:
    """Either the row, which the first has made before the end, or the refusal."""
    two, attempt = await VERBS[verb].prepared()
    answers = await at_once([attempt(), attempt(), two.mentorship.end(by=two.mentor), *(attempt() for _ in range(4))])
    tries = [*answers[:2], *answers[3:], *await at_once([attempt()])]
    assert len({answer.code if isinstance(answer, Refused) else answer.id for answer in tries}) == 1, tries


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "ask"])
async def test_a_retry_finds_the_first_after_the_mentorship_has_ended(database: str, verb: str) -> None:
    two, attempt = await VERBS[verb].prepared()
    first = await attempt()
    await two.mentorship.end(by=two.mentor)
    assert (await attempt()).id == first.id
    with pytest.raises(Refused) as refusal:
        await Goal.add(two.mentorship, by=two.mentee, title="Another", client_id="other")
    assert refusal.value.code is RefusalCode.WRONG_STATE
