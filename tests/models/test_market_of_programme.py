"""Of what a run is made: who is bound already, who has which places, and who is kept apart without a word."""

from uuid import UUID

import pytest

from models.account import Account
from models.block import Block
from models.database import transaction
from models.matching import MILLION, LeftOver, LeftOverSide, MatchedPair, Matching, RunOptions
from models.mentorship import Cadence, Mentorship
from models.organisation import Cohort, Enrolment, PairRule, PairRuleKind, Participation, ProgrammeSide
from models.profile import Profile
from models.refusal import Refused
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


async def elsewhere(season: Season, mentor: Account, how: str) -> RunOptions:
    """A mentor is in no run any more, or as no mentor; and the run that is meant."""
    match how:
        case "gone":
            await (await Participation.get(profile_id=mentor.id)).leave(by=mentor)
        case "a mentee":
            await Participation.enrol(season.programme, [Enrolment(mentor.id, ProgrammeSide.MENTEE)], by=season.owner)
        case _:
            cohort = await Cohort.open(season.programme, by=season.owner, name="B")
            mine = Participation.filter(programme_id=season.programme.id).exclude(profile_id=mentor.id)
            await mine.update(cohort_id=cohort.id)
            return RunOptions(cohort_id=cohort.id)
    return RunOptions()


@pytest.mark.parametrize("how", ["gone", "a mentee", "another cohort"])
async def test_whoever_has_a_mentor_who_is_not_in_the_run_takes_nobodys_place_in_it(database: str, how: str) -> None:
    season = await a_season(2, 2)
    (has, free), (theirs, other) = season.mentees, season.mentors
    await under_way(season, has, theirs)
    # What is said of people who are not to be paired here keeps nobody else from it.
    for mentee, mentor in ((has, other), (free, theirs)):
        await PairRule.put(season.programme, mentee.id, mentor.id, PairRuleKind.MUST, by=season.owner)
    draft = await season.run(await elsewhere(season, theirs, how))
    pairs = await MatchedPair.filter(matching_id=draft.id)
    assert [(one.mentee_id, one.mentor_id) for one in pairs] == [(free.id, other.id)]
    # Nor are they told to lack one.
    left = await LeftOver.filter(matching_id=draft.id).values_list("profile_id", flat=True)
    assert left == ([theirs.id] if how == "a mentee" else [])


async def test_where_all_have_a_mentor_in_the_programme_there_is_nobody_to_be_matched(database: str) -> None:
    season = await a_season(1, 2)
    await under_way(season, season.mentees[0], season.mentors[0])
    await elsewhere(season, season.mentors[0], "gone")
    with pytest.raises(Refused, match="have one in this programme already"):
        await season.run()


async def test_a_pair_that_must_be_comes_out_and_waits_where_its_mentee_has_another_mentor(database: str) -> None:
    season = await a_season(2, 2, capacity=2)
    (one, other), (mentor, another) = season.mentees, season.mentors
    # Against what suits them best.
    for mentee, must in ((one, another), (other, mentor)):
        await PairRule.put(season.programme, mentee.id, must.id, PairRuleKind.MUST, by=season.owner)
    assert await pairs_after(season) == {one.id: another.id, other.id: mentor.id}
    await under_way(season, one, mentor)
    assert await pairs_after(season) == {one.id: mentor.id, other.id: mentor.id}


async def test_a_place_that_is_taken_by_somebody_who_has_left_the_programme_is_not_given_again(database: str) -> None:
    season = await a_season(3, 2)
    await under_way(season, season.mentees[0], season.mentors[0])
    await (await Participation.get(profile_id=season.mentees[0].id)).leave(by=season.mentees[0])
    assert list((await pairs_after(season)).values()) == [season.mentors[1].id]


async def test_of_the_locked_pairs_the_best_stay_that_the_mentors_still_have_places_for(database: str) -> None:
    season = await a_season(3, 2, capacity=3)
    await Participation.filter(profile_id=season.mentors[1].id).delete()
    draft = await season.run()
    pairs = await MatchedPair.filter(matching_id=draft.id).order_by("-score", "id")
    for pair in pairs:
        await pair.lock(True, by=season.owner)
    await Profile.filter(id=season.mentors[0].id).update(capacity=1)
    following = await worked_off(await draft.follow(RunOptions(), by=season.owner))
    (kept,) = await MatchedPair.filter(matching_id=following.id)
    assert (kept.mentee_id, kept.fixed) == (pairs[0].mentee_id, True)
    assert await LeftOver.filter(matching_id=following.id).count() == 2
    # Whoever must be comes before.
    must = pairs[2].mentee_id
    await PairRule.put(season.programme, must, pairs[2].mentor_id, PairRuleKind.MUST, by=season.owner)
    following = await worked_off(await draft.follow(RunOptions(), by=season.owner))
    assert await MatchedPair.filter(matching_id=following.id).values_list("mentee_id", flat=True) == [must]


async def test_a_mentee_who_must_have_another_mentor_by_now_is_not_held_by_a_lock(database: str) -> None:
    season = await a_season(2, 2)
    (mentee, _), (mentor, other) = season.mentees, season.mentors
    draft = await season.run()
    locked = await MatchedPair.get(matching_id=draft.id, mentee_id=mentee.id)
    assert locked.mentor_id == mentor.id
    await locked.lock(True, by=season.owner)
    await PairRule.put(season.programme, mentee.id, other.id, PairRuleKind.MUST, by=season.owner)
    following = await worked_off(await draft.follow(RunOptions(), by=season.owner))
    assert (await MatchedPair.get(matching_id=following.id, mentee_id=mentee.id)).mentor_id == other.id


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
    left = await LeftOver.filter(matching_id=following.id)
    assert {(one.profile_id, one.side) for one in left if one.reason["forbidden"]} == {
        (parted.mentee_id, LeftOverSide.MENTEE),
        (parted.mentor_id, LeftOverSide.MENTOR),
    }


async def test_whose_other_has_left_while_the_draft_was_solved_is_left_over_and_so_counted(database: str) -> None:
    season = await a_season(4, 3)
    asked = await Matching.run(season.programme, RunOptions(), by=season.owner)
    for gone in (season.mentors[0], season.mentees[1]):
        await (await Participation.get(profile_id=gone.id)).leave(by=gone)
    draft = await worked_off(asked)
    (pair,) = await MatchedPair.filter(matching_id=draft.id)
    left = {(one.profile_id, one.side): one.reason for one in await LeftOver.filter(matching_id=draft.id)}
    short = (season.mentees[3].id, LeftOverSide.MENTEE)
    assert left.keys() == {
        short,
        (season.mentees[0].id, LeftOverSide.MENTEE),
        (season.mentors[1].id, LeftOverSide.MENTOR),
    }
    assert {tuple(why["why"]) for key, why in left.items() if key != short} == {
        ("the other of the pair has left the programme since the run began",)
    }
    assert draft.figures is not None
    score = pair.score / MILLION
    assert draft.figures == pytest.approx(
        {"pairs": 1, "idle_mentors": 1, "gini_of_loads": 0.5}
        | dict.fromkeys(("least_score", "median_score", "mean_score"), score),
        abs=1e-6,
    )


async def test_a_mentor_whose_only_pair_is_forbidden_is_left_over_too_and_one_who_has_others_is_not(
    database: str,
) -> None:
    season = await a_season(2, 1, capacity=2)
    (mentor,) = season.mentors
    draft = await season.run()
    sides: list[list[LeftOverSide]] = []
    for pair in await MatchedPair.filter(matching_id=draft.id):
        await pair.forbid(by=season.owner)
        sides.append(await LeftOver.filter(matching_id=draft.id, profile_id=mentor.id).values_list("side", flat=True))  # type: ignore[arg-type]
    assert sides == [[], [LeftOverSide.MENTOR]]
