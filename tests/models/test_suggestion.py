"""The mentors who would suit a person best."""

from typing import Any

import pytest

from models import suggestion
from models.account import Account
from models.profile import Profile
from models.suggestion import suggest
from tests.people import pair, person

MORNINGS = [{"weekday": day, "start": 540, "end": 720} for day in range(5)]
NIGHTS = [{"weekday": day, "start": 60, "end": 240} for day in range(5)]


async def mentor(name: str, **profile: Any) -> Account:
    return await person(name, **{"capacity": 1, "languages": ["en"], "availability": MORNINGS, **profile})


async def learner(**profile: Any) -> Account:
    return await person("Theo", **{"languages": ["en"], "availability": MORNINGS, **profile})


async def suggested(viewer: Account, limit: int = 10) -> list[str]:
    return [profile.name for profile, _ in await suggest(viewer, limit=limit)]


async def test_who_offers_what_is_wanted_comes_first_and_says_so(database: str) -> None:
    await mentor("Other", skills_offered=["law", "SQL"], languages=["pt"], availability=NIGHTS)
    await mentor("Best", skills_offered=["Python", "SQL"])
    viewer = await learner(skills_wanted=["python", "sql"])
    ranked = await suggest(viewer, limit=10)
    assert [profile.name for profile, _ in ranked] == ["Best", "Other"]
    assert ranked[0][1].fit.score > ranked[1][1].fit.score
    assert any("SQL" in reason for reason in ranked[0][1].reasons)


async def test_only_mentors_with_a_free_place_and_not_oneself(database: str) -> None:
    full = await mentor("Full")
    await pair(full)
    await mentor("Free")
    await person("No mentor")
    assert await suggested(await learner(capacity=3)) == ["Free"]


async def test_not_who_is_ones_mentor_already_but_a_former_one(database: str) -> None:
    mara = await mentor("Mara", capacity=3)
    two = await pair(mara, await learner())
    assert await suggested(two.mentee) == []
    await two.mentorship.end(by=mara)
    assert await suggested(two.mentee) == ["Mara"]


async def test_ones_own_mentee_may_be_ones_mentor(database: str) -> None:
    two = await pair(await mentor("Mara"), await learner(capacity=1))
    assert await suggested(two.mentor) == ["Theo"]


async def test_where_nobody_offers_what_is_wanted_everybody_free_is_considered(database: str) -> None:
    await mentor("Mara", skills_offered=["law"])
    assert await suggested(await learner(skills_wanted=["falconry"])) == ["Mara"]
    assert await suggested(await learner()) == ["Mara"]


async def test_where_somebody_offers_it_the_others_are_not_considered(database: str) -> None:
    await mentor("Wanted", skills_offered=["SQL"])
    await mentor("Other", skills_offered=["law"])
    assert await suggested(await learner(skills_wanted=["SQL"])) == ["Wanted"]


async def test_pages_follow_each_other_without_a_gap_or_a_double(database: str) -> None:
    for number in range(7):
        # Several score the same: then the id decides.
        await mentor(f"Mentor {number}", skills_offered=["SQL"], years_of_experience=number // 3)
    viewer = await learner(skills_wanted=["SQL"])
    whole = [profile.id for profile, _ in await suggest(viewer, limit=10)]
    paged = []
    after = None
    while page := await suggest(viewer, limit=2, after=after):
        paged += [profile.id for profile, _ in page]
        _, last = page[-1]
        after = (last.fit.score, page[-1][0].id)
    assert len(whole) == 7
    assert paged == whole


async def test_no_more_candidates_are_scored_than_the_most(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestion, "MOST_CANDIDATES", 3)
    for number in range(5):
        await mentor(f"Mentor {number}", skills_offered=["SQL"])
    assert len(await suggested(await learner(skills_wanted=["SQL"]))) == 3


async def test_a_change_of_the_profile_changes_the_suggestions_at_once(database: str) -> None:
    sql, law = await mentor("SQL", skills_offered=["SQL"]), await mentor("Law", skills_offered=["law"])
    viewer = await learner(skills_wanted=["SQL"])
    assert await suggested(viewer) == ["SQL"]
    await (await Profile.get(id=viewer.id)).change(by=viewer, skills_wanted=["law"])
    assert await suggested(viewer) == ["Law"]
    await (await Profile.get(id=law.id)).change(by=law, skills_offered=["SQL"])
    await (await Profile.get(id=viewer.id)).change(by=viewer, skills_wanted=["SQL"])
    assert set(await suggested(viewer)) == {"SQL", "Law"}
    await (await Profile.get(id=sql.id)).change(by=sql, capacity=0)
    assert await suggested(viewer) == ["Law"]
