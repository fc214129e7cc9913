"""Drafts as their organisers read them."""

import pytest

from models.matching import MatchedPair, RunOptions, publish, publish_some
from models.organisation import PairRule, PairRuleKind
from models.profile import Profile
from models.visibility import Visibility
from tests.models.matching_world import a_season, worked_off
from tests.schema.asking import ask, signed_in

COMPARE = """query($one: ID!, $other: ID!) { compareMatchings(matchingId: $one, withId: $other) {
    moved joined dropped changes { mentee { id } before { id } after { id } } } }"""
ASKED = "query($id: ID!) { matching(id: $id) { pairs { edges { node { requestStatus fixed publishedAt } } } } }"

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


async def test_who_is_hidden_from_organisers_elsewhere_is_in_a_comparison_as_in_the_drafts(database: str) -> None:
    season = await a_season(2, 2)
    first = await season.run()
    for mentee, mentor in zip(season.mentees, season.mentors, strict=True):
        await PairRule.put(season.programme, mentee.id, mentor.id, PairRuleKind.NEVER, by=season.owner)
    second = await worked_off(await first.follow(RunOptions(), by=season.owner))
    await Profile.filter(id__in=[season.mentees[0].id, season.mentors[0].id]).update(visibility=Visibility.NOBODY)
    by = await signed_in(season.owner)
    answer = await ask(COMPARE, by, one=f"Matching:{first.id}", other=f"Matching:{second.id}")
    told = answer["data"]["compareMatchings"]
    assert (told["moved"], told["joined"], told["dropped"]) == (2, 0, 0)
    one, other = (f"Profile:{mentor.id}" for mentor in season.mentors)
    assert {(each["mentee"]["id"], each["before"]["id"], each["after"]["id"]) for each in told["changes"]} == {
        (f"Profile:{season.mentees[0].id}", one, other),
        (f"Profile:{season.mentees[1].id}", other, one),
    }


async def test_whom_a_draft_has_asked_for_are_told_of_in_those_that_follow(database: str) -> None:
    season = await a_season(1, 1)
    draft = await season.run()
    await publish(draft, by=season.owner)
    await publish_some()
    (published,) = await MatchedPair.filter(matching_id=draft.id)
    assert published.request_id
    following = await season.run()
    by, told = await signed_in(season.owner), []
    for one in (draft, following):
        answer = await ask(ASKED, by, id=f"Matching:{one.id}")
        (edge,) = answer["data"]["matching"]["pairs"]["edges"]
        told.append((edge["node"]["requestStatus"], edge["node"]["fixed"], edge["node"]["publishedAt"] is None))
    assert told == [("PENDING", False, False), ("PENDING", True, True)]
