"""One person asks another for a mentorship."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog

from models import clock
from models.account import Account
from models.base import content_hash
from models.block import Block
from models.database import transaction
from models.inbox import Kind
from models.mentorship import Cadence, MeetingKind, Mentorship
from models.organisation import Organisation, Programme
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request import MOST_PENDING, REPLY_WITHIN, MentorshipRequest, RequestStatus, expire_overdue
from tests.models.expect import news, place, refused
from tests.people import enrolled, pair, person, request

SECOND = timedelta(seconds=1)


async def ask(mentor: Account, mentee: Account, **changes: Any) -> MentorshipRequest:
    what: dict[str, Any] = {"message": "Will you?", "months": 6, "cadence": Cadence.WEEKLY, **changes}
    return await MentorshipRequest.ask(mentor.id, by=mentee, **what)


async def two_people(capacity: int = 2) -> tuple[Account, Account]:
    return await person("Mara", capacity=capacity), await person("Theo")


async def test_a_request_waits_for_its_answer_and_both_hear_of_it(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo, message=" Teach me? ", months=24)
    stored = await MentorshipRequest.get(id=asked.id)
    assert (stored.status, stored.message, stored.months) == (RequestStatus.PENDING, "Teach me?", 24)
    assert (stored.mentor_id, stored.mentee_id, stored.decided_at) == (mara.id, theo.id, None)
    assert abs(stored.expires_at - clock.now() - REPLY_WITHIN) < timedelta(seconds=5)
    assert await news(mara) == await news(theo) == [Kind.REQUEST_CHANGED]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("message", {"message": " "}),
        ("message", {"message": "x" * 4001}),
        ("months", {"months": 0}),
        ("months", {"months": 25}),
        ("clientId", {"client_id": ""}),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_its_field(database: str, field: str, change: dict[str, Any]) -> None:
    mara, theo = await two_people()
    with refused(RefusalCode.INVALID, field):
        await ask(mara, theo, **change)
    assert await MentorshipRequest.all().count() == 0


async def test_who_cannot_be_asked(database: str) -> None:
    mara, theo = await two_people(capacity=1)
    with refused(RefusalCode.INVALID, "mentorId"):
        await ask(mara, mara)
    with refused(RefusalCode.NOT_ALLOWED, "mentorId"):
        await ask(theo, mara)
    with refused(RefusalCode.NOT_FOUND, "mentorId"):
        await MentorshipRequest.ask(uuid4(), by=theo, message="Hello?", months=1, cadence=Cadence.WEEKLY)
    await pair(mara)
    with refused(RefusalCode.AT_CAPACITY, "mentorId"):
        await ask(mara, theo)


async def test_a_pair_has_one_open_request_and_may_ask_again_after_a_no(database: str) -> None:
    mara, theo = await two_people()
    first = await ask(mara, theo)
    with refused(RefusalCode.ALREADY_EXISTS, "mentorId"):
        await ask(mara, theo, message="Please?")
    await first.decline(by=mara)
    assert (await ask(mara, theo)).status is RequestStatus.PENDING


async def test_who_has_a_mentorship_already_cannot_ask_for_it(database: str) -> None:
    two = await pair()
    with refused(RefusalCode.ALREADY_EXISTS):
        await ask(two.mentor, two.mentee)


async def test_four_requests_at_once_to_one_mentor_make_one(database: str) -> None:
    mara, theo = await two_people()
    tries = await asyncio.gather(*(ask(mara, theo) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, MentorshipRequest) for answer in tries) == 1
    assert [answer.code for answer in tries if isinstance(answer, Refused)] == [RefusalCode.ALREADY_EXISTS] * 3
    assert await news(mara) == [Kind.REQUEST_CHANGED]


async def test_a_person_has_a_limited_number_of_requests_open(database: str) -> None:
    theo = await person("Theo")
    mentors = [await person("Mara", capacity=1) for _ in range(MOST_PENDING + 1)]
    requests = [await ask(mentor, theo) for mentor in mentors[1:]]
    with refused(RefusalCode.LIMIT_REACHED, None):
        await ask(mentors[0], theo)
    await requests[0].withdraw(by=theo)
    await ask(mentors[0], theo)


async def test_the_limit_of_open_requests_holds_when_they_come_all_at_once(database: str) -> None:
    theo = await person("Theo")
    mentors = [await person("Mara", capacity=1) for _ in range(MOST_PENDING + 5)]
    await asyncio.gather(*(ask(mentor, theo) for mentor in mentors), return_exceptions=True)
    assert await MentorshipRequest.filter(mentee_id=theo.id).count() == MOST_PENDING


async def test_a_retry_with_its_key_returns_the_first_request_whatever_became_of_it(database: str) -> None:
    mara, theo = await two_people()
    first = await ask(mara, theo, client_id="k")
    assert (await ask(mara, theo, client_id="k")).id == first.id
    await first.decline(by=mara)
    again = await ask(mara, theo, client_id="k")
    assert (again.id, again.status) == (first.id, RequestStatus.DECLINED)
    with refused(RefusalCode.CLIENT_ID_REUSED, "clientId"):
        await ask(mara, theo, client_id="k", message="Something else")


async def test_a_yes_begins_the_mentorship_and_takes_a_place(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo, cadence=Cadence.MONTHLY)
    mentorship = await asked.accept(by=mara)
    stored = await MentorshipRequest.get(id=asked.id)
    assert (stored.status, stored.pending_pair) == (RequestStatus.ACCEPTED, None)
    assert stored.decided_at is not None
    assert (mentorship.mentor_id, mentorship.mentee_id, mentorship.cadence) == (mara.id, theo.id, Cadence.MONTHLY)
    assert (await Profile.get(id=mara.id)).mentees == 1
    assert await news(theo) == [Kind.REQUEST_CHANGED, Kind.REQUEST_CHANGED, Kind.MENTORSHIP_CHANGED]


async def test_saying_yes_again_returns_the_same_mentorship_and_takes_no_further_place(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo)
    answers = [(await asked.accept(by=mara)).id for _ in range(2)]
    assert len(set(answers)) == 1
    assert (await Profile.get(id=mara.id)).mentees == 1
    assert await Mentorship.all().count() == 1


async def test_a_yes_beyond_the_capacity_is_refused_and_the_request_stays_open(database: str) -> None:
    mara, theo = await two_people(capacity=1)
    asked = await ask(mara, theo)
    await pair(mara)
    with refused(RefusalCode.AT_CAPACITY):
        await asked.accept(by=mara)
    assert (await MentorshipRequest.get(id=asked.id)).status is RequestStatus.PENDING


async def test_a_no_carries_its_reason(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo)
    before = await place(theo)
    for _ in range(2):
        await asked.decline(by=mara, reason=" No time. ")
    stored = await MentorshipRequest.get(id=asked.id)
    assert (stored.status, stored.reason) == (RequestStatus.DECLINED, "No time.")
    assert await news(theo, before) == [Kind.REQUEST_CHANGED]


VERBS = {"accept": "mentor", "decline": "mentor", "withdraw": "mentee"}


@pytest.mark.parametrize("verb", VERBS)
async def test_each_answer_is_one_sides_alone(database: str, verb: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo)
    other = theo if VERBS[verb] == "mentor" else mara
    for somebody in (other, await person("Eve")):
        with refused(RefusalCode.NOT_ALLOWED):
            await getattr(asked, verb)(by=somebody)
    assert (await MentorshipRequest.get(id=asked.id)).status is RequestStatus.PENDING


@pytest.mark.parametrize("first", VERBS)
@pytest.mark.parametrize("then", VERBS)
async def test_an_answer_is_final(database: str, first: str, then: str) -> None:
    mara, theo = await two_people()
    people = {"mentor": mara, "mentee": theo}
    asked = await ask(mara, theo)
    await getattr(asked, first)(by=people[VERBS[first]])
    decided = (await MentorshipRequest.get(id=asked.id)).status
    if then == first:
        await getattr(asked, then)(by=people[VERBS[then]])
    else:
        with refused(RefusalCode.WRONG_STATE):
            await getattr(asked, then)(by=people[VERBS[then]])
    assert (await MentorshipRequest.get(id=asked.id)).status is decided


async def test_of_a_yes_and_a_withdrawal_at_once_one_holds(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo)
    answers = await asyncio.gather(asked.accept(by=mara), asked.withdraw(by=theo), return_exceptions=True)
    refusals = [answer.code for answer in answers if isinstance(answer, Refused)]
    assert refusals == [RefusalCode.WRONG_STATE]
    accepted = (await MentorshipRequest.get(id=asked.id)).status is RequestStatus.ACCEPTED
    assert (await Mentorship.all().count(), (await Profile.get(id=mara.id)).mentees) == (accepted, accepted)


async def test_after_its_time_a_request_cannot_be_answered(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo)
    with clock.moved(REPLY_WITHIN):
        for answer in (asked.accept(by=mara), asked.decline(by=mara), asked.withdraw(by=theo)):
            with refused(RefusalCode.EXPIRED):
                await answer
    with clock.moved(REPLY_WITHIN - SECOND * 60):
        await asked.accept(by=mara)


async def test_overdue_requests_are_closed_once_and_both_hear_of_it(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo)
    assert await expire_overdue() == 0
    before = await place(theo)
    with clock.moved(REPLY_WITHIN):
        fresh = await request(mara, await person("Nia"))
        # Two processes sweep at once.
        await asyncio.gather(expire_overdue(), expire_overdue())
        assert await expire_overdue() == 0
        assert (await MentorshipRequest.get(id=asked.id)).status is RequestStatus.EXPIRED
        assert (await MentorshipRequest.get(id=fresh.id)).status is RequestStatus.PENDING
        assert await news(theo, before) == [Kind.REQUEST_CHANGED]
        await ask(mara, theo)


async def test_a_request_that_cannot_be_closed_does_not_keep_the_others_open(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mara = await person("Mara", capacity=3)
    asked = [await ask(mara, await person(f"Mentee {number}")) for number in range(3)]
    decide = MentorshipRequest.decide

    async def fails_for_the_first(self: MentorshipRequest, *to: Any) -> list[MentorshipRequest]:
        if self.id == asked[0].id:
            raise LookupError
        return await decide(self, *to)

    with clock.moved(REPLY_WITHIN):
        with monkeypatch.context() as patch, structlog.testing.capture_logs() as logged:
            patch.setattr(MentorshipRequest, "decide", fails_for_the_first)
            assert await expire_overdue() == 2
        assert [entry["request"] for entry in logged] == [str(asked[0].id)]
        assert await MentorshipRequest.filter(status=RequestStatus.EXPIRED).count() == 2
        assert await expire_overdue() == 1


async def offer(mentee: Account, mentor: Account, **changes: Any) -> MentorshipRequest:
    what: dict[str, Any] = {"message": "Shall I?", "months": 6, "cadence": Cadence.WEEKLY, **changes}
    return await MentorshipRequest.offer(mentee.id, by=mentor, **what)


async def test_a_mentor_asks_and_the_mentee_decides(database: str) -> None:
    mara, theo = await two_people(capacity=1)
    offered = await offer(theo, mara, format=MeetingKind.PHONE)
    assert await news(mara) == await news(theo) == [Kind.REQUEST_CHANGED]
    for verb, somebody in (("accept", mara), ("decline", mara), ("withdraw", theo)):
        with refused(RefusalCode.NOT_ALLOWED):
            await getattr(offered, verb)(by=somebody)
    assert (await Profile.get(id=mara.id)).mentees == 0
    mentorship = await offered.accept(by=theo)
    assert (mentorship.people, mentorship.format) == ((mara.id, theo.id), MeetingKind.PHONE)
    assert (await Profile.get(id=mara.id)).mentees == 1


async def test_a_mentor_who_has_offered_more_than_they_have_places_is_taken_by_the_first(database: str) -> None:
    mara, theo = await two_people(capacity=1)
    nia = await person("Nia")
    offers = [(await offer(each, mara), each) for each in (theo, nia)]
    answers = await asyncio.gather(*(one.accept(by=each) for one, each in offers), return_exceptions=True)
    assert [each.code for each in answers if isinstance(each, Refused)] == [RefusalCode.AT_CAPACITY]
    assert await Mentorship.all().count() == (await Profile.get(id=mara.id)).mentees == 1


async def test_whom_a_mentor_cannot_ask(database: str) -> None:
    mara, theo = await two_people(capacity=1)
    for mentee, mentor, code in (
        (mara, mara, RefusalCode.INVALID),
        (mara, theo, RefusalCode.NOT_ALLOWED),
    ):
        with refused(code, "menteeId"):
            await offer(mentee, mentor)
    await ask(mara, theo)
    with refused(RefusalCode.ALREADY_EXISTS, "menteeId"):
        await offer(theo, mara)
    nia = await person("Nia")
    await Block.put(mara.id, by=nia)
    with refused(RefusalCode.NOT_ALLOWED, "menteeId"):
        await offer(nia, mara)
    await pair(mara)
    with refused(RefusalCode.AT_CAPACITY, "menteeId"):
        await offer(await person("Zoe"), mara)


async def test_a_programme_says_how_much_time_there_is_and_both_take_part_in_it(database: str) -> None:
    mara, theo = await two_people()
    acme = await Organisation.create(name="Acme")
    named = {"name": "Autumn", "starts_on": date(2027, 9, 1), "ends_on": date(2028, 2, 29)}
    programme = await Programme.create(organisation_id=acme.id, reply_days=3, **named)
    with refused(RefusalCode.NOT_FOUND, "programmeId"):
        await ask(mara, theo, programme_id=programme.id)
    await enrolled(programme, theo)
    with refused(RefusalCode.NOT_ALLOWED, "mentorId"):
        await ask(mara, theo, programme_id=programme.id)
    await enrolled(programme, mara)
    asked = await ask(mara, theo, programme_id=programme.id)
    assert asked.expires_at is not None
    assert abs(asked.expires_at - clock.now() - timedelta(days=3)) < timedelta(seconds=5)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_key_that_was_used_before_there_were_formats_still_finds_its_request(database: str) -> None:
    mara, theo = await two_people()
    first = await ask(mara, theo, client_id="k")
    then = content_hash({"mentor_id": mara.id, "message": "Will you?", "months": 6, "cadence": "WEEKLY"})
    assert first.content_hash == then
    again = await ask(mara, theo, client_id="k", format=MeetingKind.VIDEO, programme_id=None)
    assert again.id == first.id
    with refused(RefusalCode.CLIENT_ID_REUSED):
        await ask(mara, theo, client_id="k", format=MeetingKind.PHONE)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_organiser_brings_two_together_without_a_request(database: str) -> None:
    mara, theo = await two_people(capacity=1)
    begin = transaction(Mentorship.begin)
    mentorship = await begin(mara.id, theo.id, months=3, cadence=Cadence.WEEKLY)
    assert (mentorship.request_id, (await Profile.get(id=mara.id)).mentees) == (None, 1)
    with refused(RefusalCode.AT_CAPACITY):
        await begin(mara.id, (await person("Nia")).id, months=3, cadence=Cadence.WEEKLY)


async def test_only_the_two_see_a_request(database: str) -> None:
    mara, theo = await two_people()
    asked = await ask(mara, theo)
    for viewer, seen in ((mara, [asked.id]), (theo, [asked.id]), (await person("Eve"), [])):
        assert [one.id for one in await MentorshipRequest.visible_to(viewer)] == seen
