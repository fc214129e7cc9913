"""What holds when a draft is published, whatever has happened since it was made; and what its organisers are told."""

import asyncio
from contextvars import copy_context

import pytest

from models.block import Block
from models.matching import MatchedPair, Matching, RunOptions, publish, publish_some
from models.mentorship import Cadence, Mentorship
from models.organisation import Enrolment, PairRule, PairRuleKind, Participation, ProgrammeSide, PublishAs
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request import Choice, MentorshipRequest, Queue
from tests.models.expect import refused
from tests.models.matching_world import Season, a_season, worked_off
from tests.people import pair as a_pair
from tests.people import person, request

ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"])

APART = "The two cannot be brought together."


async def outcomes(season: Season, draft: Matching) -> list[MatchedPair]:
    """The pairs of a draft once it is published, in the order of the mentees."""
    await publish(draft, by=season.owner)
    while await publish_some():
        pass
    by_mentee = {one.mentee_id: one for one in await MatchedPair.filter(matching_id=draft.id)}
    return [by_mentee[mentee.id] for mentee in season.mentees if mentee.id in by_mentee]


@ONE_ENGINE
async def test_why_two_people_cannot_be_brought_together_is_not_told_to_organisers(database: str) -> None:
    season = await a_season(4, 4, capacity=2)
    draft = await season.run()
    couples = list(zip(season.mentees, season.mentors, strict=True))
    # A block; a request of their own; a choice that its mentor does not know of; a mentorship of their own.
    await Block.put(couples[0][0].id, by=couples[0][1])
    await request(couples[1][1], couples[1][0])
    first = await person("First", capacity=1)
    chosen = [Choice(first.id, "You?"), Choice(couples[2][1].id, "Or you?")]
    await Queue.add(chosen, by=couples[2][0], months=6, cadence=Cadence.WEEKLY)
    await a_pair(couples[3][1], couples[3][0])
    assert {one.refusal for one in await outcomes(season, draft)} == {APART}


@ONE_ENGINE
async def test_all_pairs_of_a_draft_become_the_same_whatever_is_said_of_the_programme_meanwhile(database: str) -> None:
    season = await a_season(3, 3, publish_as=PublishAs.MENTORSHIPS)
    draft = await season.run()
    await publish(draft, by=season.owner)
    await publish_some(1)
    await season.programme.change(by=season.owner, publish_as=PublishAs.REQUESTS)
    assert all(pair.mentorship_id for pair in await outcomes(season, draft))


@ONE_ENGINE
async def test_a_pair_that_may_not_be_any_more_is_not_published(database: str) -> None:
    season = await a_season(2, 2, publish_as=PublishAs.MENTORSHIPS)
    draft = await season.run()
    mentee, mentor = season.mentees[0], season.mentors[0]
    await PairRule.put(season.programme, mentee.id, mentor.id, PairRuleKind.NEVER, by=season.owner)
    (parted, made) = await outcomes(season, draft)
    assert parted.refusal == "They may never be paired, as a rule of this programme says."
    assert made.mentorship_id is not None


@ONE_ENGINE
async def test_swapping_keeps_to_what_was_said_of_two_people_since_the_draft_was_made(database: str) -> None:
    season = await a_season(2, 2)
    (mentee, other), (mentor, another) = season.mentees, season.mentors
    draft = await season.run()
    pair = await MatchedPair.get(matching_id=draft.id, mentee_id=mentee.id)
    with_pair = await MatchedPair.get(matching_id=draft.id, mentee_id=other.id)

    async def rule(of: tuple[object, object], kind: PairRuleKind | None) -> None:
        await PairRule.put(season.programme, *of, kind, by=season.owner)  # type: ignore[arg-type]

    for both, kind in (((mentee.id, another.id), PairRuleKind.NEVER), ((mentee.id, mentor.id), PairRuleKind.MUST)):
        await rule(both, kind)
        with refused(RefusalCode.NOT_ALLOWED, "withPairId"):
            await pair.swap(with_pair.id, by=season.owner)
        await rule(both, None)
    await Block.put(another.id, by=mentee)
    with refused(RefusalCode.NOT_ALLOWED, "withPairId"):
        await pair.swap(with_pair.id, by=season.owner)


@ONE_ENGINE
async def test_pairs_that_are_swapped_and_swapped_back_are_told_as_they_were(database: str) -> None:
    season = await a_season(4, 4)
    await season.speak()
    draft = await season.run()

    async def told() -> list[tuple[object, ...]]:
        pairs = await MatchedPair.filter(matching_id=draft.id).order_by("id")
        return [(one.mentor_id, one.score, one.components, one.reasons) for one in pairs]

    before = await told()
    pair, other = await MatchedPair.filter(matching_id=draft.id).order_by("id").limit(2)
    for _ in range(2):
        await pair.swap(other.id, by=season.owner)
    assert await told() == before


@ONE_ENGINE
async def test_two_swaps_at_once_lose_nobody_their_mentor(database: str) -> None:
    season = await a_season(3, 3)
    draft = await season.run()
    first, second, third = await MatchedPair.filter(matching_id=draft.id).order_by("id")
    swapped = await asyncio.gather(
        first.swap(second.id, by=season.owner), first.swap(third.id, by=season.owner), return_exceptions=True
    )
    assert [one.code for one in swapped if isinstance(one, Refused)] in ([], [RefusalCode.WRONG_STATE])
    mentors = await MatchedPair.filter(matching_id=draft.id).values_list("mentor_id", flat=True)
    assert len({*mentors}) == 3


@ONE_ENGINE
async def test_a_mentee_who_waits_for_an_answer_to_one_draft_is_not_asked_for_by_another(database: str) -> None:
    season = await a_season(2, 2, capacity=3)
    first, second = await season.run(), await season.run()
    (pair, other) = await MatchedPair.filter(matching_id=second.id)
    await pair.swap(other.id, by=season.owner)
    await outcomes(season, first)
    waiting = "The mentee waits for an answer that an earlier draft has asked for."
    assert {one.refusal for one in await outcomes(season, second)} == {waiting}


@ONE_ENGINE
async def test_drafts_ask_nobody_for_more_places_than_they_have_in_the_programme(database: str) -> None:
    season = await a_season(2, 1, capacity=3)
    said = Enrolment(season.mentors[0].id, ProgrammeSide.MENTOR, capacity=1)
    await Participation.enrol(season.programme, [said], by=season.owner)
    first = await season.run()
    (pair,) = await MatchedPair.filter(matching_id=first.id)
    rule = season.programme, pair.mentee_id, pair.mentor_id
    await PairRule.put(*rule, PairRuleKind.NEVER, by=season.owner)
    second = await season.run()
    await PairRule.put(*rule, None, by=season.owner)
    await outcomes(season, first)
    (other,) = await outcomes(season, second)
    assert other.refusal == "Mentor 0 has no free place in this programme now."


@ONE_ENGINE
@pytest.mark.parametrize("publish_as", PublishAs)
async def test_whom_a_draft_has_asked_for_stay_in_those_that_follow_and_are_asked_once(
    database: str, publish_as: PublishAs
) -> None:
    season = await a_season(3, 2, capacity=2)
    for mentor in season.mentors:
        said = Enrolment(mentor.id, ProgrammeSide.MENTOR, capacity=1)
        await Participation.enrol(season.programme, [said], by=season.owner)
    before = await season.run()
    asked = await outcomes(season, await season.run())
    # Whatever is said now, the answers are awaited.
    await PairRule.put(season.programme, asked[0].mentee_id, asked[1].mentor_id, PairRuleKind.MUST, by=season.owner)
    await season.programme.change(by=season.owner, publish_as=publish_as)
    following = await season.run()
    pairs = await MatchedPair.filter(matching_id=following.id)
    assert {(one.request_id, one.fixed) for one in pairs} == {(one.request_id, True) for one in asked}
    for pair in pairs:
        with refused(RefusalCode.WRONG_STATE, "pairId"):
            await pair.lock(False, by=season.owner)
    # Also of a draft that was there before, of the same pairs.
    for draft in (before, following):
        came = await outcomes(season, draft)
        assert {one.request_id for one in came} == {one.request_id for one in asked}
        assert not any(one.refusal for one in came)
    assert await MentorshipRequest.all().count() == 2


@ONE_ENGINE
async def test_whoever_was_declined_is_free_again_and_asked_nothing_by_a_draft_of_before(database: str) -> None:
    season = await a_season(2, 2)
    (declined, _) = await outcomes(season, await season.run())
    before = await season.run()
    mentor = next(one for one in season.mentors if one.id == declined.mentor_id)
    request = await MentorshipRequest.get(id=declined.request_id)
    await request.decline(by=mentor)
    following = await worked_off(await before.follow(RunOptions(), by=season.owner))
    (pair, _) = await outcomes(season, before)
    assert pair.request_id == declined.request_id
    assert not pair.refusal
    assert await MentorshipRequest.all().count() == 2
    pair = await MatchedPair.get(matching_id=following.id, mentee_id=declined.mentee_id)
    assert (pair.fixed, pair.request_id) == (False, None)


@pytest.mark.parametrize("engine", ["postgres"])
async def test_a_block_that_comes_while_a_pair_is_published_is_seen_or_comes_after(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    season = await a_season(1, 1, publish_as=PublishAs.MENTORSHIPS)
    await publish(await season.run(), by=season.owner)
    # Out of the unit that publishes.
    begun, blocked, beside = Mentorship.begin, asyncio.Event(), copy_context()
    blocks: list[asyncio.Task[Block]] = []

    async def begin(*people: object, **terms: object) -> Mentorship:
        # After what is asked of the two, and before anything is made.
        blocks.append(asyncio.create_task(Block.put(season.mentees[0].id, by=season.mentors[0]), context=beside))
        await asyncio.wait(blocks, timeout=0.3)
        assert not blocks[0].done()
        blocked.set()
        return await begun(*people, **terms)  # type: ignore[arg-type]

    monkeypatch.setattr(Mentorship, "begin", begin)
    await publish_some()
    await blocks[0]
    assert blocked.is_set()
    assert await Profile.filter(id=season.mentors[0].id, mentees=1).exists()
