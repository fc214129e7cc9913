"""Why two people of a programme would suit each other, and what keeps them apart, as its organisers are told."""

import pytest

from models.account import Account
from models.block import Block
from models.matching import MatchedPair, explain_in
from models.mentorship import Cadence
from models.organisation import (
    Enrolment,
    OrganisationRole,
    PairRule,
    PairRuleKind,
    Participation,
    ProgrammeSide,
)
from models.refusal import RefusalCode
from models.request import MentorshipRequest
from models.suggestion import Explanation
from tests.models.expect import refused
from tests.models.matching_world import Season, a_season
from tests.people import person

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


async def explained(season: Season, mentor: Account, mentee: Account) -> Explanation:
    found = await explain_in(season.programme.id, mentor.id, mentee.id, viewer=season.owner)
    assert found is not None
    return found


async def test_a_pair_of_a_draft_is_explained_with_the_drafts_numbers(database: str) -> None:
    season = await a_season(4, 4)
    await season.speak()
    draft = await season.run()
    for pair in await MatchedPair.filter(matching_id=draft.id):
        found = await explain_in(season.programme.id, pair.mentor_id, pair.mentee_id, viewer=season.owner)
        assert found is not None
        assert round(found.fit.score * 1_000_000) == pair.score
        assert list(found.reasons) == pair.reasons
        assert found.obstacles == ()
        # Texts count in the usual weights, and the answers for this programme as what somebody wants.
        assert next(part.contribution for part in found.fit.components if part.name == "goals") > 0


async def test_the_weights_of_the_programme_are_those_of_an_explanation(database: str) -> None:
    season = await a_season(1, 1, weights={"skills": 3.0, "languages": 1.0})
    found = await explained(season, season.mentors[0], season.mentees[0])
    assert {part.name for part in found.fit.components if part.weight} == {"skills", "languages"}


async def test_what_keeps_two_apart_is_told_by_its_rule(database: str) -> None:
    season = await a_season(2, 2, different_team=True)
    (one, other), (mentor, _) = season.mentees, season.mentors
    said = [
        Enrolment(one.id, ProgrammeSide.MENTEE, team="Tax"),
        Enrolment(mentor.id, ProgrammeSide.MENTOR, team="Tax", capacity=0),
        Enrolment(other.id, ProgrammeSide.MENTOR),
    ]
    await Participation.enrol(season.programme, said, by=season.owner)
    await PairRule.put(season.programme, one.id, mentor.id, PairRuleKind.NEVER, by=season.owner)
    assert (await explained(season, mentor, one)).obstacles == (
        "they may never be paired, as a rule of this programme says",
        "Mentor 0 has no free place in this programme now",
        "the rule “not the same team” forbids it",
    )
    assert (await explained(season, season.mentors[1], other)).obstacles == (
        "Mentee 1 does not take part in this programme as a mentee",
    )
    assert (await explained(season, other, one)).obstacles == ("Mentee 1 does not mentor at present",)


async def test_who_has_a_mentor_in_the_programme_or_no_place_at_all_is_said(database: str) -> None:
    season = await a_season(2, 2)
    (one, other), (mentor, another) = season.mentees, season.mentors
    asked = await MentorshipRequest.ask(
        mentor.id, by=one, message="Will you?", months=6, cadence=Cadence.WEEKLY, programme_id=season.programme.id
    )
    await asked.accept(by=mentor)
    assert (await explained(season, another, one)).obstacles == ("Mentee 0 has a mentor in this programme already",)
    assert (await explained(season, mentor, other)).obstacles == ("Mentor 0 has no free place at present",)


async def test_what_stands_between_the_two_outside_of_the_programme_is_not_told(database: str) -> None:
    season = await a_season(1, 1, capacity=2)
    (mentee,), (mentor,) = season.mentees, season.mentors
    before = await explained(season, mentor, mentee)
    await MentorshipRequest.ask(mentor.id, by=mentee, message="Will you?", months=6, cadence=Cadence.WEEKLY)
    assert await explained(season, mentor, mentee) == before
    await Block.put(mentee.id, by=mentor)
    assert await explained(season, mentor, mentee) == before


async def test_nobody_but_those_who_help_to_run_a_programme_is_told_and_of_nobody_but_its_people(database: str) -> None:
    season, elsewhere = await a_season(1, 1), await a_season(1, 1)
    (mentee,), (mentor,) = season.mentees, season.mentors
    observer = await person("Observer")
    (invited,) = await season.organisation.invite(
        by=season.owner, profile_ids=[observer.id], emails=[], role=OrganisationRole.OBSERVER
    )
    await invited.accept(by=observer)
    ids = season.programme.id, mentor.id, mentee.id
    for viewer in (mentee, mentor, elsewhere.owner, await person("Stranger")):
        assert await explain_in(*ids, viewer=viewer) is None
    for viewer in (season.owner, observer):
        assert await explain_in(*ids, viewer=viewer) is not None
    stranger = elsewhere.mentees[0]
    assert await explain_in(season.programme.id, mentor.id, stranger.id, viewer=season.owner) is None
    with refused(RefusalCode.INVALID, "menteeId"):
        await explain_in(season.programme.id, mentor.id, mentor.id, viewer=season.owner)
