"""Of what a run is made: who is bound already, who has which places, and who is kept apart without a word."""

from uuid import UUID

import pytest

from models.account import Account
from models.block import Block
from models.database import transaction
from models.matching import LeftOver, MatchedPair, RunOptions
from models.mentorship import Cadence, Mentorship
from models.organisation import PairRule, PairRuleKind, Participation
from models.request import MentorshipRequest
from tests.models.matching_world import Season, a_season, worked_off

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


async def under_way(season: Season, mentee: Account, mentor: Account) -> None:
    """The mentee has asked the mentor within the programme, who has said yes."""
    asked = await MentorshipRequest.ask(
        mentor.id, by=mentee, message="Will you?", months=6, cadence=Cadence.WEEKLY, programme_id=season.programme.id
    )
    await asked.accept(by=mentor)


async def pairs_after(season: Season) -> dict[UUID, UUID]:
    draft = await season.run()
    return {one.mentee_id: one.mentor_id for one in await MatchedPair.filter(matching_id=draft.id)}


async def test_a_mentee_who_has_two_mentors_already_does_not_keep_the_programme_from_being_matched(
    database: str,
) -> None:
    season = await a_season(3, 3)
    (twice, *_), (one, other, free) = season.mentees, season.mentors
    await under_way(season, twice, one)
    # Of one whom they had before the programme knew of it.
    months, cadence = 6, Cadence.WEEKLY
    begin = transaction(Mentorship.begin)
    await begin(other.id, twice.id, months=months, cadence=cadence, programme_id=season.programme.id)
    draft = await season.run()
    pairs = {pair.mentee_id: pair for pair in await MatchedPair.filter(matching_id=draft.id)}
    assert pairs[twice.id].under_way
    # Both of them have their one place taken.
    assert [pair.mentor_id for key, pair in pairs.items() if key != twice.id] == [free.id]


async def test_a_place_that_is_taken_by_somebody_who_has_left_the_programme_is_not_given_again(database: str) -> None:
    season = await a_season(3, 2)
    await under_way(season, season.mentees[0], season.mentors[0])
    await (await Participation.get(profile_id=season.mentees[0].id)).leave(by=season.mentees[0])
    assert list((await pairs_after(season)).values()) == [season.mentors[1].id]


async def test_whoever_is_blocked_is_not_paired_though_the_pair_was_locked_or_must_be(database: str) -> None:
    season = await a_season(2, 2)
    draft = await season.run()
    locked = await MatchedPair.get(matching_id=draft.id, mentee_id=season.mentees[0].id)
    await locked.lock(True, by=season.owner)
    await PairRule.put(season.programme, season.mentees[1].id, season.mentors[1].id, PairRuleKind.MUST, by=season.owner)
    await Block.put(season.mentees[0].id, by=season.mentors[0])
    await Block.put(season.mentors[1].id, by=season.mentees[1])
    following = await worked_off(await draft.follow(RunOptions(), by=season.owner))
    pairs = {one.mentee_id: one.mentor_id for one in await MatchedPair.filter(matching_id=following.id)}
    assert pairs == {
        season.mentees[0].id: season.mentors[1].id,
        season.mentees[1].id: season.mentors[0].id,
    }


async def test_a_pair_that_is_forbidden_while_the_next_draft_is_solved_is_in_none_that_follows(database: str) -> None:
    season = await a_season(2, 2)
    draft = await season.run()
    asked = await draft.follow(RunOptions(), by=season.owner)
    parted = await MatchedPair.get(matching_id=draft.id, mentee_id=season.mentees[0].id)
    await parted.forbid(by=season.owner)
    following = await worked_off(asked)
    assert not await MatchedPair.exists(matching_id=following.id, mentee_id=season.mentees[0].id)
    (left,) = await LeftOver.filter(matching_id=following.id, profile_id=season.mentees[0].id)
    assert left.reason["forbidden"]
