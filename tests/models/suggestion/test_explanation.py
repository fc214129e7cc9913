"""Why two people would suit each other, and why not."""

import pytest

from models.account import Account
from models.block import Block
from models.profile import Profile
from models.refusal import Refused
from models.suggestion import Dismissal, Explanation, MatchRole, explain_match, suggest
from tests.models.suggestion.people import change, learner, mentor
from tests.people import pair, person, request


async def explained(viewer: Account, mentor: Account, mentee: Account) -> Explanation:
    found = await explain_match(viewer, mentor.id, mentee.id)
    assert found is not None
    return found


async def test_who_is_suggested_is_explained_with_the_same_numbers(database: str) -> None:
    mara, theo = await mentor("Mara", skills_offered=["SQL"]), await learner(skills_wanted=["SQL", "law"], seeking=True)
    ((_, suggestion),) = await suggest(theo, limit=5)
    found = await explained(theo, mara, theo)
    assert (found.fit, found.reasons, found.obstacles) == (suggestion.fit, suggestion.reasons, ())
    assert sum(part.contribution for part in found.fit.components) == pytest.approx(found.fit.score)
    assert "offers 1 of the 2 skills that you look for: SQL" in found.reasons
    assert "they are no further on in working life than you" in found.weaknesses
    other = await explained(mara, mara, theo)
    assert other.fit == found.fit
    assert "you are no further on in working life than they" in other.weaknesses


async def test_who_is_not_suggested_is_told_why(database: str) -> None:
    mara, theo = await mentor("Mara"), await learner()
    assert (await explained(mara, mara, theo)).obstacles == ("they do not look for a mentor at present",)
    await change(theo, seeking=True)
    assert (await explained(mara, mara, theo)).obstacles == ()
    made = await request(mara, theo)
    assert (await explained(theo, mara, theo)).obstacles == ("you have asked them already",)
    assert (await explained(mara, mara, theo)).obstacles == ("they have asked you already",)
    mentorship = await made.accept(by=mara)
    paired = "the two of you have an active mentorship"
    assert (await explained(theo, mara, theo)).obstacles == (paired, "they have no free place at present")
    assert (await explained(mara, mara, theo)).obstacles == (paired, "you have no free place at present")
    await mentorship.end(by=theo)
    await Dismissal.put(mara.id, MatchRole.MENTEE, by=theo)
    assert (await explained(theo, mara, theo)).obstacles == ("you have dismissed this suggestion",)
    assert (await explained(mara, mara, theo)).obstacles == ()
    await change(mara, capacity=0)
    assert (await explained(mara, mara, theo)).obstacles == (
        "you do not mentor at present; give your profile a capacity first",
    )


async def test_a_block_is_explained_as_a_stranger_would_be_told(database: str) -> None:
    mara, theo = await mentor("Mara"), await learner(seeking=True)
    nobody, content = await person("No mentor"), await learner("Looks for nobody")
    stranger = (await explained(theo, nobody, theo)).obstacles, (await explained(mara, mara, content)).obstacles
    for one, other in ((mara, theo), (theo, mara)):
        await Block.put(other.id, by=one)
        told = (await explained(theo, mara, theo)).obstacles, (await explained(mara, mara, theo)).obstacles
        assert told == stranger
        await Block.lift(other.id, by=one)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_it_is_told_to_the_two_and_of_those_whom_they_may_see(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await pair()
    stranger = await person()
    assert await explain_match(stranger, two.mentor.id, two.mentee.id) is None
    with pytest.raises(Refused):
        await explain_match(stranger, stranger.id, stranger.id)
    monkeypatch.setattr(Profile, "visible_to", lambda viewer: Profile.filter(id=viewer.id))
    assert await explain_match(two.mentee, two.mentor.id, two.mentee.id) is None
