"""A mentee names several mentors, who are asked one after the other."""

import asyncio
import importlib
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from models import clock
from models.account import Account
from models.block import Block
from models.inbox import Kind
from models.mentorship import Cadence, Mentorship
from models.organisation import Organisation, Participation, Programme
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request import REPLY_WITHIN, Choice, MentorshipRequest, Queue, RequestStatus, expire_overdue
from models.request.expiry import expire
from models.video import VideoSession
from tests.models.expect import news, place, refused
from tests.people import enrolled, pair, person, request

QUEUED, PENDING, ACCEPTED = RequestStatus.QUEUED, RequestStatus.PENDING, RequestStatus.ACCEPTED
DECLINED, WITHDRAWN, EXPIRED = RequestStatus.DECLINED, RequestStatus.WITHDRAWN, RequestStatus.EXPIRED
SUPERSEDED, PASSED_OVER = RequestStatus.SUPERSEDED, RequestStatus.PASSED_OVER


async def mentors(count: int) -> list[Account]:
    return [await person(f"Mentor {number}", capacity=1) for number in range(1, count + 1)]


async def choose(theo: Account, among: Sequence[Account], **more: Any) -> list[MentorshipRequest]:
    choices = [Choice(mentor.id, "Will you?") for mentor in among]
    return await Queue.add(choices, by=theo, months=6, cadence=Cadence.WEEKLY, **more)


async def statuses(theo: Account) -> list[RequestStatus]:
    return [each.status for each in await MentorshipRequest.filter(mentee_id=theo.id).order_by("place")]


async def a_programme(*people: Account, reply_days: int | None = 3) -> Programme:
    runs = await Organisation.create(name="Acme")
    starts_on, ends_on = date(2027, 9, 1), date(2028, 2, 29)
    programme = await Programme.create(
        organisation_id=runs.id, name="Autumn", starts_on=starts_on, ends_on=ends_on, reply_days=reply_days
    )
    for each in people:
        await enrolled(programme, each)
    return programme


async def test_the_first_is_asked_now_and_the_others_know_of_nothing(database: str) -> None:
    theo, (mara, nia) = await person("Theo"), await mentors(2)
    first, second = await choose(theo, [mara, nia])
    assert (await statuses(theo), first.place, second.place) == ([PENDING, QUEUED], 1, 2)
    assert (await news(mara), await news(nia)) == ([Kind.REQUEST_CHANGED], [])
    assert await MentorshipRequest.visible_to(nia) == []
    assert await MentorshipRequest.visible_to(theo).count() == 2
    for answer in (second.accept(by=nia), second.decline(by=nia)):
        with refused(RefusalCode.WRONG_STATE):
            await answer


async def test_the_next_has_its_turn_and_its_full_time_when_one_comes_to_nothing(database: str) -> None:
    theo, among = await person("Theo"), await mentors(4)
    first, second, third, fourth = await choose(theo, among)
    with clock.moved(timedelta(days=1)):
        before = await place(theo)
        await first.decline(by=among[0], reason="No time.")
        assert await news(theo, before) == [Kind.REQUEST_CHANGED] * 2
        assert await news(among[1]) == [Kind.REQUEST_CHANGED]
        asked = await MentorshipRequest.get(id=second.id)
        assert asked.expires_at is not None
        assert abs(asked.expires_at - clock.now() - REPLY_WITHIN) < timedelta(seconds=5)
        # Its mentor is not told how long it has waited.
        assert abs(asked.created_at - clock.now()) < timedelta(seconds=5)
        with clock.moved(REPLY_WITHIN):
            assert await expire_overdue() == 1
            assert await statuses(theo) == [DECLINED, EXPIRED, PENDING, QUEUED]
            await third.withdraw(by=theo)
            assert await statuses(theo) == [DECLINED, EXPIRED, WITHDRAWN, PENDING]
            await fourth.accept(by=among[3])
    assert await statuses(theo) == [DECLINED, EXPIRED, WITHDRAWN, ACCEPTED]


async def test_no_id_tells_when_a_request_was_made_nor_whether_it_waited(database: str) -> None:
    theo, among = await person("Theo"), await mentors(3)
    made = [await request(among[2], theo), *await choose(theo, among[:2])]
    # A random one (RFC 9562, 5.4), whichever way it came about: others begin with the time.
    assert [each.id.version for each in made] == [4, 4, 4]


async def test_when_one_accepts_the_others_are_never_asked(database: str) -> None:
    theo, among = await person("Theo"), await mentors(3)
    first, _, third = await choose(theo, among)
    await third.withdraw(by=theo)
    await first.accept(by=among[0])
    assert await statuses(theo) == [ACCEPTED, SUPERSEDED, WITHDRAWN]
    assert [await news(each) for each in among[1:]] == [[], []]
    assert [await MentorshipRequest.visible_to(each).count() for each in among[1:]] == [0, 0]


async def test_who_cannot_be_asked_any_more_is_passed_over_with_the_reason(database: str) -> None:
    theo, among = await person("Theo"), await mentors(5)
    programme = await a_programme(theo, *among)
    first, *_, last = await choose(theo, among, programme_id=programme.id)
    await pair(among[1])
    await (await Profile.get(id=among[2].id)).change(by=among[2], capacity=0)
    await Participation.filter(profile_id=among[3].id).delete()
    await first.decline(by=among[0])
    assert await statuses(theo) == [DECLINED, PASSED_OVER, PASSED_OVER, PASSED_OVER, PENDING]
    reasons = [each.reason for each in await MentorshipRequest.filter(status=PASSED_OVER).order_by("place")]
    assert reasons == [
        "Mentor 2 has no free place for a mentee now.",
        "Mentor 3 does not mentor at present.",
        "Mentor 4 does not take part in this programme as a mentor.",
    ]
    asked = await MentorshipRequest.get(id=last.id)
    assert asked.expires_at is not None
    assert abs(asked.expires_at - clock.now() - timedelta(days=3)) < timedelta(seconds=5)
    assert [await MentorshipRequest.visible_to(each).count() for each in among[2:4]] == [0, 0]


async def test_what_cannot_be_queued_is_refused(database: str) -> None:
    theo, among = await person("Theo", capacity=1), await mentors(6)
    for wrong in ([], among, [among[0], among[0]], [theo]):
        with refused(RefusalCode.INVALID, "choices"):
            await choose(theo, wrong)
    await request(among[5], theo)
    for wrong, code in (
        ([among[5]], RefusalCode.ALREADY_EXISTS),
        ([await person("Nobody")], RefusalCode.NOT_ALLOWED),
    ):
        with refused(code, "choices"):
            await choose(theo, wrong)
    assert await MentorshipRequest.filter(place__isnull=False).count() == 0
    # Who has no place today may have one when their turn comes; but whom one asks now has none.
    full = await pair(among[4])
    with refused(RefusalCode.AT_CAPACITY, "choices"):
        await choose(theo, [full.mentor, among[0]])
    await choose(theo, [among[0], full.mentor, among[1]])
    with refused(RefusalCode.ALREADY_EXISTS, "choices"):
        await choose(theo, [among[2], among[1]])
    with refused(RefusalCode.ALREADY_EXISTS, "mentorId"):
        await request(among[1], theo)


async def test_further_choices_come_behind_and_five_are_open_at_most(database: str) -> None:
    theo, among = await person("Theo"), await mentors(6)
    first, *_ = await choose(theo, among[:2])
    await choose(theo, among[2:5])
    with refused(RefusalCode.LIMIT_REACHED, "choices"):
        await choose(theo, among[5:])
    await first.decline(by=among[0])
    (added,) = await choose(theo, among[5:])
    assert (added.status, added.place) == (QUEUED, 6)


async def test_each_programme_has_a_queue_of_its_own(database: str) -> None:
    theo, among = await person("Theo"), await mentors(4)
    programme = await a_programme(theo, *among)
    first, _ = await choose(theo, among[:2])
    within, _ = await choose(theo, among[2:], programme_id=programme.id)
    assert within.status is PENDING
    await first.accept(by=among[0])
    within = await MentorshipRequest.get(id=within.id)
    assert within.status is PENDING
    assert [each.status for each in await MentorshipRequest.filter(programme_id=programme.id).order_by("place")] == [
        PENDING,
        QUEUED,
    ]


async def test_a_retry_with_its_key_returns_the_same_choices(database: str) -> None:
    theo, among = await person("Theo"), await mentors(3)
    made = await choose(theo, among[:2], client_id="k")
    await made[0].decline(by=among[0])
    again = await choose(theo, among[:2], client_id="k")
    assert [each.id for each in again] == [each.id for each in made]
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await choose(theo, among[1:], client_id="k")


async def test_what_waits_can_be_put_in_another_order(database: str) -> None:
    theo, among = await person("Theo"), await mentors(3)
    first, second, third = await choose(theo, among)
    for wrong in ([second.id], [second.id, second.id], [first.id, second.id, third.id]):
        with refused(RefusalCode.INVALID, "requestIds"):
            await Queue.reorder(wrong, by=theo)
    with refused(RefusalCode.NOT_FOUND, "requestIds"):
        await Queue.reorder([third.id, second.id], by=among[2])
    reordered = await Queue.reorder([third.id, second.id], by=theo)
    assert [(each.id, each.place) for each in reordered] == [(third.id, 2), (second.id, 3)]
    await first.decline(by=among[0])
    assert (await MentorshipRequest.get(id=third.id)).status is PENDING


async def test_a_mentee_can_take_all_of_it_back_and_nobody_else_is_asked(database: str) -> None:
    theo, among = await person("Theo"), await mentors(3)
    first, *_ = await choose(theo, among)
    await first.withdraw(by=theo, and_later=True)
    assert await statuses(theo) == [WITHDRAWN] * 3
    assert [await news(each) for each in among[1:]] == [[], []]


async def test_what_waits_behind_a_choice_is_taken_back_also_when_the_choice_was_before(database: str) -> None:
    theo, among = await person("Theo"), await mentors(4)
    first, *_ = await choose(theo, among)
    await first.withdraw(by=theo)
    await first.withdraw(by=theo, and_later=True)
    # The second has been asked meanwhile: that is a request to take back by itself.
    assert await statuses(theo) == [WITHDRAWN, PENDING, WITHDRAWN, WITHDRAWN]
    assert [await news(each) for each in among[2:]] == [[], []]


async def test_a_block_takes_back_what_its_author_meant_to_ask_and_passes_over_what_the_other_did(
    database: str,
) -> None:
    theo, among = await person("Theo"), await mentors(4)
    await choose(theo, among)
    await Block.put(among[1].id, by=theo)
    # Theo is not told of it, until it is this mentor's turn.
    await Block.put(theo.id, by=among[2])
    assert await statuses(theo) == [PENDING, WITHDRAWN, QUEUED, QUEUED]
    await Block.put(theo.id, by=among[0])
    assert await statuses(theo) == [DECLINED, WITHDRAWN, PASSED_OVER, PENDING]
    passed = await MentorshipRequest.get(status=PASSED_OVER)
    assert passed.reason == "Mentor 3 does not mentor at present."


@pytest.fixture
def deadlocks_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that PostgreSQL picks as a deadlock's victim does not run again: all take their locks in one order."""
    module = importlib.import_module("models.database.transaction")
    others = tuple(kind for kind in module.RETRYABLE if kind is not asyncpg.DeadlockDetectedError)
    monkeypatch.setattr(module, "RETRYABLE", others)


async def test_whatever_ends_a_turn_at_once_exactly_one_next_mentor_is_asked(
    database: str, deadlocks_are_errors: None
) -> None:
    theo, among = await person("Theo"), await mentors(4)
    made = await choose(theo, among)
    for turn in range(3):
        asked, mentor = made[turn], among[turn]
        # The sweepers of two servers, whose clocks are ahead, a device of the mentor, and two of the mentee.
        outcomes = await asyncio.gather(
            expire(asked),
            asked.decline(by=mentor),
            asked.withdraw(by=theo),
            asked.withdraw(by=theo),
            expire(asked),
            return_exceptions=True,
        )
        errors = [each for each in outcomes if isinstance(each, BaseException)]
        assert all(isinstance(each, Refused) and each.code is RefusalCode.WRONG_STATE for each in errors), errors
        now = await statuses(theo)
        assert PENDING not in now[: turn + 1]
        assert now[turn + 1 :] == [PENDING, *[QUEUED] * (2 - turn)]
        assert await news(among[turn + 1]) == [Kind.REQUEST_CHANGED]
        assert await news(mentor) == [Kind.REQUEST_CHANGED] * 2


async def test_of_a_yes_and_what_ends_the_turn_at_once_one_holds(database: str, deadlocks_are_errors: None) -> None:
    theo, among = await person("Theo"), await mentors(2)
    first, _ = await choose(theo, among)
    await asyncio.gather(first.accept(by=among[0]), expire(first), first.withdraw(by=theo), return_exceptions=True)
    one, other = await statuses(theo)
    assert (one, other) in [(ACCEPTED, SUPERSEDED), (EXPIRED, PENDING), (WITHDRAWN, PENDING)]
    assert await Mentorship.all().count() == (one is ACCEPTED)


@pytest.mark.parametrize("engine", ["postgres"])
async def test_blocks_during_calls_answers_and_new_requests_at_once_do_not_deadlock(
    database: str, deadlocks_are_errors: None
) -> None:
    for _ in range(3):
        theo, (mara, nia, zoe) = await person("Theo", capacity=2), await mentors(3)
        await Profile.filter(id=mara.id).update(capacity=3)
        two = await pair(theo, mara)
        call = await VideoSession.start(two.mentorship, by=mara)
        first, _ = await choose(theo, [mara, nia])
        asked = await request(mara, zoe)
        outcomes = await asyncio.gather(
            Block.put(theo.id, by=mara),
            Block.put(mara.id, by=theo),
            first.accept(by=mara),
            asked.accept(by=mara),
            call.end(by=theo),
            two.mentorship.end(by=mara),
            request(nia, zoe),
            return_exceptions=True,
        )
        errors = [each for each in outcomes if isinstance(each, BaseException) and not isinstance(each, Refused)]
        assert errors == []


async def ended(turn: int, how: RequestStatus, made: list[MentorshipRequest], theo: Account, mentor: Account) -> None:
    if how is DECLINED:
        await made[turn].decline(by=mentor)
    elif how is WITHDRAWN:
        await made[turn].withdraw(by=theo)
    else:
        await expire(made[turn])


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_whoever_has_no_place_and_however_turns_end_the_next_who_can_be_asked_is(database: str) -> None:
    theo, among, random = await person("Theo"), await mentors(5), Random(7)
    for _ in range(5):
        await MentorshipRequest.all().delete()
        full = [False, *(random.random() < 0.4 for _ in among[1:])]
        for mentor, none in zip(among, full, strict=True):
            await Profile.filter(id=mentor.id).update(mentees=int(none))
        made, expected = await choose(theo, among), [PENDING, *[QUEUED] * 4]
        while PENDING in expected:
            turn = expected.index(PENDING)
            expected[turn] = random.choice([DECLINED, WITHDRAWN, EXPIRED])
            await ended(turn, expected[turn], made, theo, among[turn])
            free = next((n for n in range(turn + 1, 5) if not full[n]), 5)
            expected[turn + 1 : free + 1] = [*[PASSED_OVER] * (free - turn - 1), *[PENDING][: 5 - free]]
            assert await statuses(theo) == expected
            assert await MentorshipRequest.filter(pending_queue__isnull=False).count() == expected.count(PENDING)
