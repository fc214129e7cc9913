"""Places for mentees, however many reach for them at once."""

import asyncio
import importlib
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import asyncpg
import pytest

from models.inbox import Inbox, InboxEvent
from models.mentorship import Mentorship, MentorshipStatus
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request import MOST_PENDING, MentorshipRequest, RequestStatus
from models.video import VideoSession
from tests import people

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("database")]

TWENTY = 20


async def at_once(*work: Coroutine[Any, Any, Any]) -> Counter[Any]:
    """Do it all at once. Counts what came of it: "done", or the code of a refusal."""
    outcomes: Counter[Any] = Counter()
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, Refused):
            outcomes[outcome.code] += 1
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            outcomes["done"] += 1
    return outcomes


async def check_places(mentor_id: Any, most: int) -> int:
    """How many mentees the mentor has. Raise AssertionError where the books do not agree."""
    mentor = await Profile.get(id=mentor_id)
    active = await Mentorship.filter(mentor_id=mentor_id, status=MentorshipStatus.ACTIVE).count()
    assert mentor.mentees == active <= most
    accepted = await MentorshipRequest.filter(mentor_id=mentor_id, status=RequestStatus.ACCEPTED).count()
    assert accepted == await Mentorship.filter(mentor_id=mentor_id).count()
    return active


@pytest.fixture(autouse=True)
def deadlocks_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that PostgreSQL picks as a deadlock's victim does not run again: all take their locks in one order."""
    module = importlib.import_module("models.database.transaction")
    others = tuple(kind for kind in module.RETRYABLE if kind is not asyncpg.DeadlockDetectedError)
    monkeypatch.setattr(module, "RETRYABLE", others)


async def test_of_twenty_accepts_at_once_as_many_succeed_as_there_are_places() -> None:
    mentor = await people.person("Mara", capacity=3)
    requests = [await people.request(mentor, await people.person("Theo")) for _ in range(TWENTY)]
    outcomes = await at_once(*(request.accept(by=mentor) for request in requests))
    assert outcomes == {"done": 3, RefusalCode.AT_CAPACITY: TWENTY - 3}
    assert await check_places(mentor.id, 3) == 3
    assert await MentorshipRequest.filter(mentor_id=mentor.id, status=RequestStatus.PENDING).count() == TWENTY - 3
    pending = await MentorshipRequest.filter(mentor_id=mentor.id, status=RequestStatus.PENDING)
    assert all(request.decided_at is None and request.pending_pair for request in pending)
    # What was refused has told nobody anything: twenty requests, three of them accepted, three mentorships.
    assert (await Inbox.get(id=mentor.id)).position == TWENTY + 3 + 3 == await InboxEvent.visible_to(mentor).count()


async def test_a_request_that_found_no_place_is_accepted_when_one_is_free_again() -> None:
    mentor = await people.person("Mara", capacity=1)
    first, second = [await people.request(mentor, await people.person("Theo")) for _ in range(2)]
    mentorship = await first.accept(by=mentor)
    assert await at_once(second.accept(by=mentor)) == {RefusalCode.AT_CAPACITY: 1}
    await mentorship.end(by=mentor)
    assert await at_once(second.accept(by=mentor)) == {"done": 1}
    assert await check_places(mentor.id, 1) == 1


async def test_one_request_that_is_accepted_twenty_times_at_once_takes_one_place() -> None:
    mentor = await people.person("Mara", capacity=3)
    request = await people.request(mentor, await people.person("Theo"))
    assert await at_once(*(request.accept(by=mentor) for _ in range(TWENTY))) == {"done": TWENTY}
    assert await check_places(mentor.id, 3) == 1


async def test_of_twenty_requests_of_one_pair_at_once_one_is_pending() -> None:
    mentor = await people.person("Mara", capacity=3)
    mentee = await people.person("Theo")
    outcomes = await at_once(*(people.request(mentor, mentee) for _ in range(TWENTY)))
    assert outcomes == {"done": 1, RefusalCode.ALREADY_EXISTS: TWENTY - 1}
    (request,) = await MentorshipRequest.all()
    assert request.status is RequestStatus.PENDING
    assert (await Inbox.get(id=mentor.id)).position == 1


# On PostgreSQL `ask` counts the pending requests with no lock of the mentee: those at once do not count each other.
async def test_of_twenty_requests_of_one_mentee_at_once_as_many_are_pending_as_may_be() -> None:
    mentee = await people.person("Theo")
    mentors = [await people.person("Mara", capacity=1) for _ in range(TWENTY)]
    outcomes = await at_once(*(people.request(mentor, mentee) for mentor in mentors))
    assert outcomes == {"done": MOST_PENDING, RefusalCode.LIMIT_REACHED: TWENTY - MOST_PENDING}


async def test_who_accepts_and_who_withdraws_at_once_agree_on_one_end() -> None:
    mentor = await people.person("Mara", capacity=TWENTY)
    mentees = [await people.person("Theo") for _ in range(TWENTY)]
    requests = [await people.request(mentor, mentee) for mentee in mentees]
    outcomes = await at_once(
        *(request.accept(by=mentor) for request in requests),
        *(request.withdraw(by=mentee) for request, mentee in zip(requests, mentees, strict=True)),
    )
    assert outcomes == {"done": TWENTY, RefusalCode.WRONG_STATE: TWENTY}
    active = await check_places(mentor.id, TWENTY)
    assert await MentorshipRequest.filter(status=RequestStatus.WITHDRAWN).count() == TWENTY - active


async def test_ends_and_accepts_at_once_keep_the_books_right() -> None:
    mentor = await people.person("Mara", capacity=3)
    requests = [await people.request(mentor, await people.person("Theo")) for _ in range(TWENTY)]
    await at_once(*(request.accept(by=mentor) for request in requests))
    for _ in range(4):
        active = await Mentorship.filter(mentor_id=mentor.id, status=MentorshipStatus.ACTIVE)
        pending = await MentorshipRequest.filter(mentor_id=mentor.id, status=RequestStatus.PENDING)
        await at_once(
            # Each is ended twice: its place is given back once.
            *(mentorship.end(by=mentor) for mentorship in active + active),
            *(request.accept(by=mentor) for request in pending),
        )
        await check_places(mentor.id, 3)


# `end` takes the inboxes (by ending the call) before the mentor's profile, and `accept` the other way round.
async def test_ends_during_calls_and_accepts_at_once_do_not_deadlock() -> None:
    mentor = await people.person("Mara", capacity=TWENTY)
    requests = [await people.request(mentor, await people.person("Theo")) for _ in range(TWENTY)]
    first, second = requests[: TWENTY // 2], requests[TWENTY // 2 :]
    mentorships = [await request.accept(by=mentor) for request in first]
    for mentorship in mentorships:
        await VideoSession.start(mentorship, by=mentor)
    outcomes = await at_once(
        *(mentorship.end(by=mentor) for mentorship in mentorships),
        *(request.accept(by=mentor) for request in second),
    )
    assert outcomes == {"done": TWENTY}
    assert await check_places(mentor.id, TWENTY) == len(second)
