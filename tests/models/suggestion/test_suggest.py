"""The people whom somebody might ask."""

import random
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tortoise.queryset import QuerySet

from matching.availability import Window, week_mask
from matching.fit import Person
from matching.text import TextSpace
from models import clock
from models.account import Account
from models.block import Block
from models.mentorship import MeetingKind
from models.profile import Profile
from models.request import Choice, MentorshipRequest, Queue
from models.suggestion import Dismissal, MatchRole, suggest
from models.suggestion.pool import Place, Pool
from models.visibility import Visibility
from tests.matching.reference import score
from tests.models.suggestion.people import MORNINGS, NIGHTS, change, learner, mentor, suggested
from tests.people import pair, person, request

MENTOR = MatchRole.MENTOR


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


async def test_a_mentor_is_suggested_those_who_look_for_one_while_there_is_a_place_for_one(database: str) -> None:
    mara = await mentor("Mara", skills_offered=["SQL"])
    await learner("Fits", skills_wanted=["SQL"], seeking=True)
    await learner("Does not", skills_wanted=["law"], seeking=True)
    await learner("Does not want to be found", skills_wanted=["SQL"])
    assert await suggested(mara, role=MENTOR) == ["Fits", "Does not"]
    (_, first), *_ = await suggest(mara, limit=1, role=MENTOR)
    assert "looks for the one skill that you offer: SQL" in first.reasons
    await pair(mara)
    assert await suggested(mara, role=MENTOR) == []


async def test_not_who_is_ones_mentor_already_but_a_former_one(database: str) -> None:
    mara = await mentor("Mara", capacity=3)
    two = await pair(mara, await learner(seeking=True))
    assert await suggested(two.mentee) == []
    assert await suggested(mara, role=MENTOR) == []
    await two.mentorship.end(by=mara)
    assert await suggested(two.mentee) == ["Mara"]
    assert await suggested(mara, role=MENTOR) == ["Theo"]


async def test_ones_own_mentee_may_be_ones_mentor(database: str) -> None:
    two = await pair(await mentor("Mara"), await learner(capacity=1))
    assert await suggested(two.mentor) == ["Theo"]


async def test_not_who_was_asked_until_they_decline_nor_who_is_among_ones_choices(database: str) -> None:
    asked, first, second = await mentor("Asked"), await mentor("First"), await mentor("Second")
    theo = await learner(seeking=True)
    made = await request(asked, theo)
    choices = [Choice(first.id, "Will you?"), Choice(second.id, "Will you?")]
    await Queue.add(choices, by=theo, months=3, cadence=(await MentorshipRequest.get(id=made.id)).cadence)
    assert await suggested(theo) == []
    # The second does not know yet that somebody thinks of them.
    assert [await suggested(one, role=MENTOR) for one in (asked, first, second)] == [[], [], ["Theo"]]
    await made.decline(by=asked)
    assert await suggested(theo) == ["Asked"]


async def test_nobody_across_a_block_whoever_put_it(database: str) -> None:
    mara, theo = await mentor("Mara"), await learner(seeking=True)
    for one, other in ((mara, theo), (theo, mara)):
        await Block.put(other.id, by=one)
        assert (await suggested(theo), await suggested(mara, role=MENTOR)) == ([], [])
        await Block.lift(other.id, by=one)
    assert (await suggested(theo), await suggested(mara, role=MENTOR)) == (["Mara"], ["Theo"])


async def test_who_is_dismissed_stays_away_from_every_page_until_restored(database: str) -> None:
    people = [await mentor(f"Mentor {number}") for number in range(6)]
    theo = await learner()
    for hidden in people[1::2]:
        await Dismissal.put(hidden.id, MatchRole.MENTEE, by=theo)
        await Dismissal.put(hidden.id, MatchRole.MENTEE, by=theo)
    assert await paged(theo, 2) == ["Mentor 0", "Mentor 2", "Mentor 4"]
    # Another role, and other people, are other suggestions.
    await change(theo, capacity=1)
    await change(people[1], seeking=True)
    assert await suggested(theo, role=MENTOR) == ["Mentor 1"]
    assert len(await suggested(people[0])) == 6
    await Dismissal.lift(people[1].id, MatchRole.MENTEE, by=theo)
    assert await paged(theo, 1) == ["Mentor 0", "Mentor 1", "Mentor 2", "Mentor 4"]


async def test_of_equals_who_is_asked_less_comes_first(database: str) -> None:
    people = [await mentor(f"Asked {number}", capacity=2) for number in (3, 1, 0)]
    roomy = await mentor("Asked 3, of ten places", capacity=10)
    for asked, times in ((people[0], 3), (people[1], 1), (roomy, 3)):
        for _ in range(times):
            await request(asked, await person("Somebody"))
    theo = await learner()
    expected = ["Asked 0", "Asked 3, of ten places", "Asked 1", "Asked 3"]
    assert await suggested(theo) == expected
    assert await paged(theo, 1) == expected
    # Prices may be some seconds old; then they are as the requests are.
    for waiting in await MentorshipRequest.filter(mentor_id=people[0].id):
        await waiting.decline(by=people[0])
    with clock.moved(timedelta(seconds=11)):
        assert await suggested(theo) == ["Asked 3", "Asked 0", "Asked 3, of ten places", "Asked 1"]


async def test_pages_follow_each_other_without_a_gap_or_a_double(database: str) -> None:
    for number in range(7):
        # Several score the same: then the id decides.
        await mentor(f"Mentor {number}", skills_offered=["SQL"], years_of_experience=number // 3)
    viewer = await learner(skills_wanted=["SQL"])
    whole = await suggested(viewer)
    assert len(whole) == 7
    assert await paged(viewer, 2) == whole


async def test_whom_one_may_not_see_is_passed_over_and_pages_stay_full(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        await mentor(f"Mentor {number}")
    theo = await learner()

    def visible(_: Account) -> QuerySet[Profile]:
        return Profile.filter(name__in=["Mentor 3", "Mentor 7", "Mentor 8"])

    monkeypatch.setattr(Profile, "visible_to", visible)
    assert await suggested(theo, 2) == ["Mentor 3", "Mentor 7"]
    assert await paged(theo, 1) == ["Mentor 3", "Mentor 7", "Mentor 8"]


@pytest.mark.parametrize("shown", [0, 1, 5])
async def test_however_few_show_the_ranking_is_looked_through_twice(
    database: str, monkeypatch: pytest.MonkeyPatch, shown: int
) -> None:
    for number in range(30):
        hidden = number < 30 - shown
        await mentor(f"Mentor {number}", visibility=Visibility.NOBODY if hidden else Visibility.EVERYONE)
    theo = await learner()
    looks: list[object] = []
    best = Pool.best

    def counted(self: Pool, *of: Any, **more: Any) -> list[Place]:
        looks.append(of)
        return best(self, *of, **more)

    monkeypatch.setattr(Pool, "best", counted)
    assert await suggested(theo, 4) == [f"Mentor {number}" for number in range(30 - shown, 30)][:4]
    assert len(looks) == 2


async def test_the_ranking_is_that_of_the_definition_read_plainly(database: str) -> None:
    """Rows, ranked by arrays, against the same rows read by the ORM and scored pair by pair."""
    chance = random.Random(3)
    skills = ["SQL", "law", "Käse \"und\" 'Brot'", "hiring", "pricing"]
    for number in range(12):
        await person(
            f"Somebody {number}", capacity=chance.choice((0, 1, 2)), languages=chance.choice((["en"], ["pt-BR", "de"])),
            skills_offered=chance.sample(skills, 2), skills_wanted=chance.sample(skills, chance.randint(0, 2)),
            availability=chance.choice((MORNINGS, NIGHTS, [])), time_zone=chance.choice(("UTC", "Asia/Kolkata")),
            years_of_experience=chance.randint(0, 30), industry=chance.choice(("", "Health", "health")),
            headline=chance.choice(("", "Line")), experience=chance.choice(("", "Two\nlines: \\ \"quoted\" 🙂")),
            goals=chance.choice(("", "A line that is quoted")), formats=chance.choice(([], [MeetingKind.PHONE])),
            seeking=chance.random() < 0.6,
        )  # fmt: skip
    for viewer in (await Account.all().order_by("id"))[:4]:
        for role in MatchRole:
            found = [(profile.id, one.fit.score) for profile, one in await suggest(viewer, role=role, limit=20)]
            plain = await defined(viewer, role)
            assert [each for each, _ in found] == [each for each, _ in plain]
            assert [of for _, of in found] == pytest.approx([of for _, of in plain])


async def paged(viewer: Account, size: int) -> list[str]:
    """All that is suggested, page by page."""
    names: list[str] = []
    after: Place | None = None
    while page := await suggest(viewer, limit=size, after=after):
        names += [profile.name for profile, _ in page]
        after = (page[-1][1].rank, page[-1][0].id)
    return names


async def defined(viewer: Account, role: MatchRole) -> list[tuple[object, float]]:
    """What the definition says, of people without requests and mentorships."""
    rows = {row.id: row for row in await Profile.all().prefetch_related("skills_offered", "skills_wanted")}
    known = {
        row.id: Person(
            row.id,
            frozenset(skill.name for skill in row.skills_offered),
            frozenset(skill.name for skill in row.skills_wanted),
            frozenset(row.languages),
            week_mask([Window(**one) for one in row.availability], ZoneInfo(row.time_zone), clock.now().date()),
            row.years_of_experience,
            row.industry,
            row.goals,
            "\n".join(filter(None, (row.headline, row.experience))),
            frozenset(row.formats),
        )
        for row in rows.values()
    }
    me = known[viewer.id]
    # How rare each word is, a pool learns when it is made.
    space = TextSpace(text for one in known.values() for text in (one.goals, one.about))
    if role is MatchRole.MENTEE:
        scored = [(one, score(me, known[one], space=space)) for one in known if rows[one].capacity and one != viewer.id]
    elif rows[viewer.id].capacity:
        scored = [(one, score(known[one], me, space=space)) for one in known if rows[one].seeking and one != viewer.id]
    else:
        scored = []
    return sorted(scored, key=lambda each: (-round(each[1] * 1_000_000), each[0]))
