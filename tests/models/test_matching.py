"""Runs over a programme and their drafts: made, changed, followed, compared, replayed, given up and published."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models import clock
from models.block import Block
from models.inbox import Kind
from models.matching import (
    ForbiddenPair,
    LeftOver,
    LeftOverSide,
    MatchedPair,
    Matching,
    MatchingInput,
    MatchingStatus,
    RunOptions,
    compare,
    publish,
    publish_some,
)
from models.mentorship import Mentorship
from models.organisation import (
    Cohort,
    Enrolment,
    HardRule,
    PairRule,
    PairRuleKind,
    Participation,
    Programme,
    ProgrammeMode,
    PublishAs,
)
from models.profile import Profile
from models.refusal import RefusalCode
from models.request import MentorshipRequest
from tests.models.expect import news, refused
from tests.models.matching_world import Season, a_season, worked_off
from tests.people import pair as a_pair

ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"])


async def pairs_of(draft: Matching) -> set[tuple[UUID, UUID]]:
    return {(one.mentee_id, one.mentor_id) for one in await MatchedPair.filter(matching_id=draft.id)}


async def test_a_run_makes_a_draft_with_scores_reasons_and_who_is_left_over_and_why(database: str) -> None:
    season = await a_season()
    draft = await season.run()
    assert (draft.status, draft.number, draft.percent, draft.running_in) == (MatchingStatus.DRAFT, 1, 100, None)
    assert draft.gap == 0
    assert draft.figures is not None
    assert (draft.figures["pairs"], draft.figures["idle_mentors"]) == (2, 0)
    # The best for all together: each of the first two has what they look for.
    assert await pairs_of(draft) == {
        (mentee.id, mentor.id) for mentee, mentor in zip(season.mentees[:2], season.mentors, strict=True)
    }
    (first, _) = await MatchedPair.filter(matching_id=draft.id).order_by("-score", "id")
    assert 0 < first.score <= 1_000_000
    assert sum(part[4] for part in first.components) * 1_000_000 == pytest.approx(first.score, abs=1)
    assert first.reasons
    (left,) = await LeftOver.filter(matching_id=draft.id)
    assert (left.profile_id, left.side) == (season.mentees[2].id, LeftOverSide.MENTEE)
    shortage = left.reason["shortage"]
    assert (shortage["mentees"], shortage["places"]) == (3, 2)
    assert left.reason["why"] == ["3 people share only 2 places"]


async def test_a_retry_finds_the_first_run_and_two_at_once_are_one(database: str) -> None:
    season = await a_season(1, 1)

    async def run(key: str) -> Matching:
        return await Matching.run(season.programme, RunOptions(), by=season.owner, client_id=key)

    made = await asyncio.gather(run("one"), run("one"), run("two"), return_exceptions=True)
    assert len({one.id for one in made if isinstance(one, Matching)}) == 1
    assert await Matching.all().count() == 1
    with refused(RefusalCode.WRONG_STATE, "programmeId"):
        await run("three")


@ONE_ENGINE
async def test_nobody_is_looked_through_for_a_run_that_cannot_be(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    season = await a_season(1, 1)
    draft = await season.run()
    looked: list[object] = []

    def look(*_: object) -> None:
        looked.append(_)

    for name in ("population._gather", "input.MatchingInput.of"):
        monkeypatch.setattr(f"models.matching.{name}", look)

    async def refuses(code: RefusalCode) -> None:
        for ask in (
            Matching.run(season.programme, RunOptions(), by=season.owner),
            draft.follow(RunOptions(), by=season.owner),
            draft.replay(by=season.owner),
        ):
            with refused(code):
                await ask

    await Matching.filter(id=draft.id).update(running_in=season.programme.id)
    await refuses(RefusalCode.WRONG_STATE)
    await Matching.filter(id=draft.id).update(running_in=None, number=200)
    await refuses(RefusalCode.LIMIT_REACHED)
    assert not looked


async def test_a_run_that_is_cancelled_or_whose_server_has_stopped_leaves_no_draft_and_says_so(database: str) -> None:
    season = await a_season(1, 1)
    for end in ("cancelled", "stopped"):
        await Matching.run(season.programme, RunOptions(), by=season.owner)
        claimed = await Matching.claim()
        assert claimed is not None
        assert await claimed.came_to("solving", 50)
        if end == "cancelled":
            await claimed.cancel(by=season.owner)
        else:
            with clock.moved(timedelta(seconds=31)):
                assert await Matching.sweep() == 1
        # The process that worked on it comes too late.
        assert not await claimed.came_to("proving", 90)
        assert not await claimed.finish(
            {"pairs": [], "leftovers": [], "idle": [], "value": 0, "bound": 0, "gap": 0, "figures": {}, "digest": ""}
        )
        told = await Matching.get(id=claimed.id)
        assert told.status is (MatchingStatus.CANCELLED if end == "cancelled" else MatchingStatus.FAILED)
        assert end in told.error
        assert await MatchedPair.all().count() == 0
    # And the next can run.
    assert (await season.run()).number == 3


async def test_two_servers_do_not_work_off_one_run(database: str) -> None:
    season = await a_season(1, 1)
    await Matching.run(season.programme, RunOptions(), by=season.owner)
    claimed = await asyncio.gather(*(Matching.claim() for _ in range(4)))
    assert len([one for one in claimed if one is not None]) == 1


@ONE_ENGINE
async def test_a_replay_comes_to_the_same_pairs_of_the_same_input_whatever_has_changed_since(database: str) -> None:
    season = await a_season()
    draft = await season.run()
    (one, *_) = await MatchedPair.filter(matching_id=draft.id)
    await one.forbid(by=season.owner)
    await season.programme.change(by=season.owner, weights={"availability": 1.0})
    again = await worked_off(await draft.replay(by=season.owner))
    assert (again.result_digest, again.input_digest) == (draft.result_digest, draft.input_digest)
    await Matching.filter(id=draft.id).update(algorithm="0")
    with refused(RefusalCode.WRONG_STATE, "matchingId"):
        await draft.replay(by=season.owner)
    with clock.moved(timedelta(days=181)):
        assert await MatchingInput.forget() == 2


async def test_what_organisers_change_in_a_draft_holds_in_the_one_that_follows(database: str) -> None:
    season = await a_season(3, 3)
    draft = await season.run()
    first, second, third = [
        await MatchedPair.get(matching_id=draft.id, mentee_id=mentee.id) for mentee in season.mentees
    ]
    before = {first.mentor_id, second.mentor_id}
    mine, theirs = await first.swap(second.id, by=season.owner)
    assert {mine.mentor_id, theirs.mentor_id} == before
    assert mine.score < first.score
    kept = await mine.lock(True, by=season.owner)
    with refused(RefusalCode.WRONG_STATE, "pairId"):
        await kept.forbid(by=season.owner)
    with refused(RefusalCode.WRONG_STATE, "pairId"):
        await theirs.swap(kept.id, by=season.owner)
    await third.forbid(by=season.owner)
    assert await LeftOver.filter(matching_id=draft.id, profile_id=season.mentees[2].id).exists()
    following = await worked_off(await draft.follow(RunOptions(), by=season.owner))
    pairs = await pairs_of(following)
    assert (mine.mentee_id, mine.mentor_id) in pairs
    assert (third.mentee_id, third.mentor_id) not in pairs
    assert await ForbiddenPair.filter(matching_id=following.id).count() == 1
    assert (await MatchedPair.get(matching_id=following.id, mentee_id=mine.mentee_id)).fixed
    # Also in what follows a replay, and a replay of that.
    replay = await worked_off(await following.replay(by=season.owner))
    again = await worked_off(await replay.replay(by=season.owner))
    assert await pairs_of(again) == pairs
    last = await worked_off(await again.follow(RunOptions(), by=season.owner))
    assert (third.mentee_id, third.mentor_id) not in await pairs_of(last)
    assert await ForbiddenPair.filter(matching_id=last.id).count() == 1


@ONE_ENGINE
async def test_when_somebody_joins_few_others_move(database: str) -> None:
    season = await a_season(6, 6)
    await Participation.filter(profile_id=season.mentees[5].id).delete()
    draft = await season.run()
    await Participation.enrol(season.programme, [Enrolment(season.mentees[5].id)], by=season.owner)
    following = await worked_off(await draft.follow(RunOptions(), by=season.owner))
    told = await compare(draft.id, following.id, by=season.owner)
    assert told is not None
    assert (told.joined, told.dropped, told.same) == (1, 0, 5)
    assert await compare(draft.id, following.id, by=season.mentees[0]) is None


@ONE_ENGINE
async def test_a_comparison_tells_who_gains_and_who_loses_when_a_rule_is_relaxed(database: str) -> None:
    season = await a_season(2, 2, different_team=True)
    said = [Enrolment(one.id, team="Red") for one in (season.mentees[0], season.mentors[0])]
    await Participation.enrol(season.programme, said, by=season.owner)
    strict = await season.run()
    assert (season.mentees[0].id, season.mentors[0].id) not in await pairs_of(strict)
    relaxed = await season.run(RunOptions(relax=(HardRule.DIFFERENT_TEAM,)))
    told = await compare(strict.id, relaxed.id, by=season.owner)
    assert told is not None
    assert (told.moved, told.gaining, told.losing, told.same) == (2, 2, 0, 0)
    assert [change.mentee_id for change in told.changes if change.gain > 0]
    back = await compare(relaxed.id, strict.id, by=season.owner)
    assert back is not None
    assert (back.gaining, back.losing) == (0, 2)


@ONE_ENGINE
async def test_somebody_left_over_is_told_which_rule_excludes_how_many_mentors(database: str) -> None:
    season = await a_season(2, 2, same_site=True)
    said = [Enrolment(season.mentees[0].id, site="Porto")]
    said += [Enrolment(one.id, site="Lisbon") for one in season.mentors]
    await Participation.enrol(season.programme, said, by=season.owner)
    draft = await season.run()
    left = await LeftOver.get(matching_id=draft.id, profile_id=season.mentees[0].id)
    assert left.reason["exclusions"] == [["the same site", 2, 2]]


@ONE_ENGINE
async def test_in_a_programme_of_a_shared_language_people_who_share_none_are_not_paired(database: str) -> None:
    season = await a_season(2, 2, shared_language=True)
    # The first suits the first best. They, and they alone, share nothing; a kind of a language is that language.
    spoken = {season.mentees[0]: ["pt-BR"], season.mentees[1]: ["de", "en"]}
    spoken |= {season.mentors[0]: ["en-GB"], season.mentors[1]: ["pt", "fr"]}
    for one, languages in spoken.items():
        await (await Profile.get(id=one.id)).change(by=one, languages=languages)
    draft = await season.run()
    assert await pairs_of(draft) == {
        (mentee.id, mentor.id) for mentee, mentor in zip(season.mentees, reversed(season.mentors), strict=True)
    }
    # Who speaks to nobody is told so.
    await (await Profile.get(id=season.mentees[0].id)).change(by=season.mentees[0], languages=["fi"])
    draft = await season.run()
    left = await LeftOver.get(matching_id=draft.id, profile_id=season.mentees[0].id)
    assert left.reason["exclusions"] == [["a shared language", 2, 2]]
    assert await pairs_of(draft) == {(season.mentees[1].id, season.mentors[0].id)}


@ONE_ENGINE
@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        ("nobody", "programmeId"),
        ("no place", "programmeId"),
        ("the people's own affair", "programmeId"),
        ("must, against a rule", "programmeId"),
        ("must, without a place", "programmeId"),
        ("fairness", "fairness"),
        ("stickiness", "stickiness"),
        ("another's cohort", "cohortId"),
    ],
)
async def test_what_cannot_be_solved_is_refused_and_nothing_is_kept(database: str, spoil: str, field: str) -> None:
    season = await a_season(2, 1, no_line_manager=True)
    options = RunOptions()
    mentee, mentor = season.mentees[0], season.mentors[0]
    must = PairRule.put(season.programme, mentee.id, mentor.id, PairRuleKind.MUST, by=season.owner)
    match spoil:
        case "nobody":
            await Participation.all().delete()
        case "the people's own affair":
            await season.programme.change(by=season.owner, mode=ProgrammeMode.SELF)
            season.programme = await Programme.get(id=season.programme.id)
        case "no place":
            await Profile.filter(id=mentor.id).update(capacity=0)
        case "must, against a rule":
            await must
            said = [Enrolment(mentee.id, manager="7"), Enrolment(mentor.id, staff_key="7")]
            await Participation.enrol(season.programme, said, by=season.owner)
        case "must, without a place":
            await must
            await PairRule.put(season.programme, season.mentees[1].id, mentor.id, PairRuleKind.MUST, by=season.owner)
        case "another's cohort":
            other = await Programme.set_up(
                season.organisation, by=season.owner, name="Other",
                starts_on=clock.now().date(), ends_on=clock.now().date(),
            )  # fmt: skip
            options = RunOptions(cohort_id=(await Cohort.open(other, by=season.owner, name="C")).id)
        case name:
            options = RunOptions(**{name: float("nan")})
    if not spoil.startswith("must"):
        must.close()
    with refused(RefusalCode.NOT_FOUND if field == "cohortId" else ANY_STATE[field], field):
        await Matching.run(season.programme, options, by=season.owner)
    assert await Matching.all().count() == await MatchingInput.all().count() == 0


ANY_STATE: dict[str, Any] = {
    "programmeId": RefusalCode.WRONG_STATE,
    "fairness": RefusalCode.INVALID,
    "stickiness": RefusalCode.INVALID,
}


async def published(draft: Matching, season: Season) -> Matching:
    await publish(draft, by=season.owner)
    # Two servers work on it, and one of them again.
    await asyncio.gather(publish_some(), publish_some())
    await publish_some()
    return await Matching.get(id=draft.id)


async def test_publishing_makes_each_mentorship_once_and_both_hear_of_it(database: str) -> None:
    season = await a_season(publish_as=PublishAs.MENTORSHIPS)
    draft = await published(await season.run(), season)
    assert (draft.status, draft.percent) == (MatchingStatus.PUBLISHED, 100)
    assert await Mentorship.all().count() == 2
    for one in (season.mentees[0], season.mentors[0]):
        assert Kind.MENTORSHIP_CHANGED in await news(one)
    assert sorted([one.mentees for one in await Profile.filter(id__in=[one.id for one in season.mentors])]) == [1, 1]
    # Saying it again changes nothing; and what is under way stays in the next draft, and is not made again.
    await published(draft, season)
    assert await Mentorship.all().count() == 2
    following = await season.run()
    assert {one.under_way for one in await MatchedPair.filter(matching_id=following.id)} == {True}
    await published(following, season)
    assert await Mentorship.all().count() == 2


async def test_a_draft_that_is_published_by_several_at_once_is_published(database: str) -> None:
    season = await a_season(1, 1)
    draft = await season.run()
    said = await asyncio.gather(*(publish(draft, by=season.owner) for _ in range(4)))
    assert {one.status for one in said} == {MatchingStatus.PUBLISHING}


async def test_a_pair_that_cannot_be_made_says_why_and_the_others_are_made(database: str) -> None:
    season = await a_season(3, 3, publish_as=PublishAs.MENTORSHIPS)
    draft = await season.run()
    # One place is taken elsewhere meanwhile, and one of another pair is blocked.
    await a_pair(season.mentors[0])
    await Block.put(season.mentees[1].id, by=season.mentors[1])
    await published(draft, season)
    outcome = {one.mentee_id: one for one in await MatchedPair.filter(matching_id=draft.id)}
    full, blocked, made = (outcome[mentee.id] for mentee in season.mentees)
    assert "no free place" in (full.refusal or "")
    assert blocked.refusal == "The two cannot be brought together."
    assert (made.refusal, made.mentorship_id is not None) == (None, True)
    assert await Mentorship.all().count() == 2


@ONE_ENGINE
async def test_publishing_as_requests_leaves_the_answer_to_the_mentor(database: str) -> None:
    season = await a_season(1, 1)
    draft = await published(await season.run(), season)
    (asked,) = await MentorshipRequest.all()
    assert (asked.mentor_id, asked.programme_id) == (season.mentors[0].id, season.programme.id)
    pair = await MatchedPair.get(matching_id=draft.id)
    assert pair.request_id == asked.id
    assert await Mentorship.all().count() == 0
