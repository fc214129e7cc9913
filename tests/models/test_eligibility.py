"""Who may be paired in a programme, when one of the two asks the other, when they say yes, and when a draft says so."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import clock
from models.account import Account
from models.inbox import Inbox, InboxEvent, Kind
from models.matching import MatchedPair, RunOptions, publish, publish_some
from models.mentorship import Cadence, Mentorship
from models.organisation import (
    FORBIDDEN,
    Enrolment,
    HardRule,
    PairRule,
    PairRuleKind,
    Participation,
    ProgrammeMode,
    ProgrammeSide,
    PublishAs,
)
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request import Choice, MentorshipRequest, Queue, RequestStatus
from models.visibility import Visibility
from tests.models.expect import refused
from tests.models.matching_world import Season, a_season, worked_off
from tests.people import person

ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"])

TERMS: dict[str, Any] = {"months": 6, "cadence": Cadence.WEEKLY}


async def ask(season: Season, mentee: Account, mentor: Account) -> MentorshipRequest:
    return await MentorshipRequest.ask(
        mentor.id, by=mentee, message="Will you?", programme_id=season.programme.id, **TERMS
    )


async def enrol(season: Season, *said: Enrolment) -> None:
    await Participation.enrol(season.programme, said, by=season.owner)


@ONE_ENGINE
async def test_where_the_organisers_make_the_pairs_nobody_asks_and_whoever_waits_is_passed_over(database: str) -> None:
    season = await a_season(2, 3)
    mentee, (first, second, _) = season.mentees[0], season.mentors
    choices = [Choice(one.id, "You?") for one in (first, second)]
    asked, waits = await Queue.add(choices, by=mentee, programme_id=season.programme.id, **TERMS)
    await season.programme.change(by=season.owner, mode=ProgrammeMode.ORGANISER)
    with refused(RefusalCode.NOT_ALLOWED, "programmeId"):
        await ask(season, season.mentees[1], first)
    with refused(RefusalCode.NOT_ALLOWED, "programmeId"):
        await MentorshipRequest.offer(
            season.mentees[1].id, by=first, message="Shall I?", programme_id=season.programme.id, **TERMS
        )
    await asked.decline(by=first)
    passed = await MentorshipRequest.get(id=waits.id)
    assert (passed.status, passed.reason) == (
        RequestStatus.PASSED_OVER,
        "In this programme the organisers bring people together; ask them, or ask outside of it.",
    )
    # Outside of it they may, and what was asked before can be answered.
    await MentorshipRequest.ask(first.id, by=mentee, message="Will you?", **TERMS)


@ONE_ENGINE
async def test_where_the_organisers_make_the_pairs_their_drafts_still_become_requests(database: str) -> None:
    season = await a_season(2, 2, mode=ProgrammeMode.ORGANISER)
    draft = await season.run()
    await publish(draft, by=season.owner)
    await publish_some()
    pairs = await MatchedPair.filter(matching_id=draft.id)
    assert [one.refusal for one in pairs] == [None, None]
    request = await MentorshipRequest.get(id=pairs[0].request_id)
    mentor = next(one for one in season.mentors if one.id == request.mentor_id)
    begun = await request.accept(by=mentor)
    assert begun.programme_id == season.programme.id


@ONE_ENGINE
async def test_people_are_asked_on_the_side_that_they_take_part_on(database: str) -> None:
    season = await a_season(2, 2, capacity=2)
    (mentee, other), (mentor, another) = season.mentees, season.mentors
    await enrol(season, Enrolment(mentor.id, ProgrammeSide.MENTEE), Enrolment(other.id, ProgrammeSide.MENTOR))
    with pytest.raises(Refused, match=r"Mentor 0 does not take part in this programme as a mentor\."):
        await ask(season, mentee, mentor)
    with pytest.raises(Refused, match=r"You do not take part in this programme as a mentee\."):
        await ask(season, other, another)
    await enrol(season, Enrolment(mentor.id, ProgrammeSide.BOTH))
    await ask(season, mentee, mentor)


@ONE_ENGINE
@pytest.mark.parametrize(
    ("setting", "mentee", "mentor"),
    [
        ("different_team", {"team": "Tax"}, {"team": "tax"}),
        ("no_line_manager", {"manager": "7"}, {"staff_key": "7"}),
        ("no_line_manager", {"staff_key": "7"}, {"manager": "7"}),
        ("same_site", {"site": "Porto"}, {"site": "Lisbon"}),
    ],
)
async def test_hard_rules_hold_for_those_who_ask_each_other_who_are_not_told_which(
    database: str, setting: str, mentee: dict[str, str], mentor: dict[str, str]
) -> None:
    season = await a_season(1, 2, **{setting: True})
    (one,), (other, free) = season.mentees, season.mentors
    await enrol(
        season,
        Enrolment(one.id, ProgrammeSide.MENTEE, **mentee),  # type: ignore[arg-type]
        Enrolment(other.id, ProgrammeSide.MENTOR, **mentor),  # type: ignore[arg-type]
        Enrolment(free.id, ProgrammeSide.MENTOR, site=mentee.get("site", "")),
    )
    with pytest.raises(Refused) as error:
        await ask(season, one, other)
    assert (error.value.code, error.value.message) == (RefusalCode.NOT_ALLOWED, FORBIDDEN)
    await ask(season, one, free)


@ONE_ENGINE
async def test_two_who_may_never_be_paired_are_told_the_same_and_cannot_say_yes_any_more(database: str) -> None:
    season = await a_season(2, 1, capacity=2)
    (one, other), (mentor,) = season.mentees, season.mentors
    asked = await ask(season, one, mentor)
    for mentee in season.mentees:
        await PairRule.put(season.programme, mentee.id, mentor.id, PairRuleKind.NEVER, by=season.owner)
    with pytest.raises(Refused) as error:
        await ask(season, other, mentor)
    assert error.value.message == FORBIDDEN
    with refused(RefusalCode.NOT_ALLOWED):
        await asked.accept(by=mentor)
    assert (await MentorshipRequest.get(id=asked.id)).status is RequestStatus.PENDING
    await asked.decline(by=mentor)


@ONE_ENGINE
async def test_a_pair_for_which_an_organiser_has_relaxed_a_rule_can_say_yes(database: str) -> None:
    season = await a_season(1, 1, different_team=True)
    (mentee,), (mentor,) = season.mentees, season.mentors
    await enrol(
        season,
        Enrolment(mentee.id, ProgrammeSide.MENTEE, team="Tax"),
        Enrolment(mentor.id, ProgrammeSide.MENTOR, team="Tax"),
    )
    draft = await season.run(RunOptions(relax=(HardRule.DIFFERENT_TEAM,)))
    await publish(draft, by=season.owner)
    await publish_some()
    request = await MentorshipRequest.get()
    await request.accept(by=mentor)


@ONE_ENGINE
async def test_of_a_mentor_with_places_elsewhere_only_those_in_the_programme_are_taken_in_it(database: str) -> None:
    season = await a_season(3, 1, capacity=5)
    (first, second, third), (mentor,) = season.mentees, season.mentors
    await enrol(season, Enrolment(mentor.id, ProgrammeSide.MENTOR, capacity=1))
    waits = await ask(season, second, mentor)
    await (await ask(season, first, mentor)).accept(by=mentor)
    with pytest.raises(Refused, match=r"Mentor 0 has no free place in this programme now\."):
        await ask(season, third, mentor)
    with pytest.raises(Refused, match=r"You have no free place in this programme now\."):
        await waits.accept(by=mentor)
    # Outside of the programme there are places.
    outside = await MentorshipRequest.ask(mentor.id, by=third, message="Will you?", **TERMS)
    assert (await outside.accept(by=mentor)).programme_id is None
    # A place that is given back is free again.
    await (await Mentorship.get(mentee_id=first.id)).end(by=first)
    await waits.accept(by=mentor)


@ONE_ENGINE
async def test_a_mentee_has_one_mentor_in_a_programme(database: str) -> None:
    season = await a_season(1, 3)
    (mentee,), (first, second, third) = season.mentees, season.mentors
    waits = await ask(season, mentee, second)
    await (await ask(season, mentee, first)).accept(by=first)
    with pytest.raises(Refused, match=r"You have a mentor in this programme already\."):
        await ask(season, mentee, third)
    with pytest.raises(Refused, match=r"Mentee 0 has a mentor in this programme already\."):
        await MentorshipRequest.offer(
            mentee.id, by=second, message="Shall I?", programme_id=season.programme.id, **TERMS
        )
    # Who was asked beside the one who said yes need not answer any more.
    assert (await MentorshipRequest.get(id=waits.id)).status is RequestStatus.SUPERSEDED


async def test_of_two_who_say_yes_to_a_mentee_at_once_one_is_their_mentor_in_the_programme(database: str) -> None:
    season = await a_season(1, 4)
    asked = [await ask(season, season.mentees[0], mentor) for mentor in season.mentors]
    said = [request.accept(by=mentor) for request, mentor in zip(asked, season.mentors, strict=True)]
    outcomes = await asyncio.gather(*said, return_exceptions=True)
    codes = [one.code for one in outcomes if isinstance(one, Refused)]
    assert codes == [RefusalCode.WRONG_STATE] * 3
    assert await Mentorship.filter(mentee_id=season.mentees[0].id).count() == 1


async def test_of_many_who_are_accepted_at_once_a_mentor_takes_as_many_as_their_places_in_the_programme(
    database: str,
) -> None:
    season = await a_season(6, 1, capacity=5)
    (mentor,) = season.mentors
    await enrol(season, Enrolment(mentor.id, ProgrammeSide.MENTOR, capacity=2))
    asked = [await ask(season, mentee, mentor) for mentee in season.mentees]
    outcomes = await asyncio.gather(*(one.accept(by=mentor) for one in asked), return_exceptions=True)
    codes = [one.code for one in outcomes if isinstance(one, Refused)]
    assert codes == [RefusalCode.AT_CAPACITY] * 4
    assert await Mentorship.under_way_in(season.programme.id).count() == 2


@ONE_ENGINE
async def test_what_was_begun_in_a_programme_is_under_way_in_its_next_draft(database: str) -> None:
    season = await a_season(2, 2, publish_as=PublishAs.MENTORSHIPS)
    draft = await season.run()
    await publish(draft, by=season.owner)
    await publish_some()
    assert await Mentorship.under_way_in(season.programme.id).count() == 2
    following = await worked_off(await draft.follow(RunOptions(), by=season.owner))
    assert {one.under_way for one in await MatchedPair.filter(matching_id=following.id)} == {True}


@ONE_ENGINE
async def test_whoever_does_not_take_part_hears_that_and_nothing_of_others(database: str) -> None:
    season = await a_season(2, 1)
    (mentee, other), (mentor,) = season.mentees, season.mentors
    await (await Participation.get(profile_id=mentee.id)).leave(by=mentee)
    for asked in (mentor, other, season.owner):
        await (await Profile.get(id=asked.id)).change(by=asked, capacity=1)
        with pytest.raises(Refused, match=r"You do not take part in this programme as a mentee\."):
            await ask(season, mentee, asked)


@ONE_ENGINE
async def test_a_never_holds_for_whoever_leaves_and_comes_back(database: str) -> None:
    season = await a_season(1, 1)
    (mentee,), (mentor,) = season.mentees, season.mentors
    await PairRule.put(season.programme, mentee.id, mentor.id, PairRuleKind.NEVER, by=season.owner)
    await (await Participation.get(profile_id=mentee.id)).leave(by=mentee)
    await Participation.join(season.programme, Enrolment(mentee.id), by=mentee)
    with pytest.raises(Refused, match=FORBIDDEN):
        await ask(season, mentee, mentor)


@ONE_ENGINE
async def test_in_a_programme_that_has_ended_nobody_asks(database: str) -> None:
    season = await a_season(1, 1)
    with clock.moved(timedelta(days=181)), refused(RefusalCode.WRONG_STATE, "programmeId"):
        await ask(season, season.mentees[0], season.mentors[0])


@ONE_ENGINE
async def test_once_a_draft_gives_a_mentee_a_mentor_nobody_else_need_answer_them(database: str) -> None:
    season = await a_season(2, 3, publish_as=PublishAs.MENTORSHIPS)
    mentee, (first, second, third) = season.mentees[0], season.mentors
    draft = await season.run()
    pair = await MatchedPair.get(matching_id=draft.id, mentee_id=mentee.id)
    # The same two, another one, and one who has not been asked yet.
    beside = await ask(season, mentee, next(one for one in season.mentors if one.id == pair.mentor_id))
    others = [one for one in (first, second, third) if one.id != pair.mentor_id]
    choices = [Choice(one.id, "You?") for one in others]
    queue = await Queue.add(choices, by=mentee, programme_id=season.programme.id, **TERMS)
    outside = await MentorshipRequest.ask((await person("Elsewhere", capacity=1)).id, by=mentee, message="?", **TERMS)
    heard = (await Inbox.get(id=others[0].id)).position
    await publish(draft, by=season.owner)
    await publish_some()
    assert (await MatchedPair.get(id=pair.id)).refusal is None
    for request in (beside, *queue):
        assert (await MentorshipRequest.get(id=request.id)).status is RequestStatus.SUPERSEDED
    assert (await MentorshipRequest.get(id=outside.id)).status is RequestStatus.PENDING
    told = InboxEvent.filter(account_id=others[0].id, position__gt=heard, kind=Kind.REQUEST_CHANGED)
    assert await told.count() == 1


@ONE_ENGINE
async def test_a_mentor_who_shows_to_nobody_is_still_brought_together_by_the_organisers(database: str) -> None:
    season = await a_season(1, 1)
    (mentor,) = season.mentors
    await (await Profile.get(id=mentor.id)).change(by=mentor, visibility=Visibility.NOBODY)
    draft = await season.run()
    await publish(draft, by=season.owner)
    await publish_some()
    (pair,) = await MatchedPair.filter(matching_id=draft.id)
    assert (pair.refusal, pair.request_id is not None) == (None, True)
