"""Discovery: the database finds whom a plain reading of the criteria finds; who shows to whom; weeks that are kept."""

from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.availability import Window, overlap_hours, week_mask
from models import clock
from models.account import Account
from models.conversation import Direct
from models.discovery import Criteria, found
from models.mentorship import MeetingKind
from models.organisation import ContactRule, Membership, Organisation, OrganisationRole
from models.profile import NO_HOURS, Profile
from models.refusal import RefusalCode
from models.saved_search import MOST_SAVED, SavedSearch, SearchFor
from models.skill import key_of
from models.visibility import Visibility
from tests.models.expect import refused
from tests.people import pair, person, request
from tests.templates import Template, Templates

SKILLS = ["Python", "SQL", "C++", "Straße"]
LANGUAGES = ["en", "en-GB", "pt", "pt-BR", "zh-Hant"]
INDUSTRIES = ["", "Banking", "banking", "Health"]
WORDS = ["alpha", "beta", "gamma"]
ZONES = ["UTC", "Asia/Kolkata", "America/New_York"]


async def crowd() -> Account:
    """Two dozen people of whom everything is drawn, and who looks for them."""
    draw = Random(7)
    for number in range(24):
        some = {
            "skills_offered": draw.sample(SKILLS, draw.randrange(4)),
            "skills_wanted": draw.sample(SKILLS, draw.randrange(3)),
            "languages": draw.sample(LANGUAGES, draw.randrange(3)),
            "formats": draw.sample(list(MeetingKind), draw.randrange(3)),
            "industry": draw.choice(INDUSTRIES),
            "years_of_experience": draw.randrange(12),
            "capacity": draw.randrange(3),
            "seeking": draw.random() < 0.5,
            "time_zone": draw.choice(ZONES),
            "availability": [{"weekday": draw.randrange(7), "start": 60 * draw.randrange(20), "end": 1320}],
            "headline": draw.choice(WORDS),
            "experience": " ".join(draw.sample(WORDS, 2)),
            "visibility": draw.choice(list(Visibility)),
        }
        one = await person(f"P{number}", **some)
        await Profile.filter(id=one.id).update(mentees=draw.randrange(3))
    return await person("Viewer", availability=[{"weekday": day, "start": 540, "end": 1260} for day in range(7)])


@pytest.fixture
def filled(engine: str, templates: Templates) -> tuple[Template, str]:
    return templates.of(engine, crowd), templates.untouched(engine, crowd)


def some_of(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), max_size=2)


CRITERIA = st.builds(
    Criteria,
    skills_any=some_of([*SKILLS, "STRASSE", "none"]),
    skills_all=some_of([*SKILLS, "python "]),
    languages=some_of([*LANGUAGES, "EN", "p"]),
    industries=some_of(INDUSTRIES[1:]),
    formats=some_of(list(MeetingKind)),
    years_at_least=st.none() | st.integers(0, 12),
    years_at_most=st.none() | st.integers(0, 12),
    overlap_hours=st.none() | st.integers(0, 20),
    places_free=st.none() | st.booleans(),
    text=st.none() | st.sampled_from(["alpha", "Beta gamma", '"alpha beta"', "alpha -beta", "sql"]),
)


@given(criteria=st.lists(CRITERIA, min_size=8, max_size=8), looks_for=st.sampled_from(SearchFor))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_database_finds_whom_a_plain_reading_finds(
    filled: tuple[Template, str], criteria: list[Criteria], looks_for: SearchFor
) -> None:
    template, url = filled
    async with template.opened(url) as who:
        people = await Profile.all().prefetch_related("skills_offered", "skills_wanted")
        me = next(one for one in people if one.id == who.id)
        for each in criteria:
            rows = {row.name for row in await found(looks_for, each, who)}
            assert rows == {one.name for one in people if holds(one, each, looks_for, me)}, each


def holds(one: Profile, asked: Criteria, looks_for: SearchFor, me: Profile) -> bool:
    """The criteria, read plainly."""
    mentors = looks_for is SearchFor.MENTORS
    keys = {skill.key for skill in (one.skills_offered if mentors else one.skills_wanted)}
    return (
        one.id != me.id
        and one.visibility is Visibility.EVERYONE
        and (one.capacity > 0 if mentors else one.seeking)
        and (not asked.skills_any or bool(keys & set(map(key_of, asked.skills_any))))
        and keys >= set(map(key_of, asked.skills_all))
        and (not asked.languages or any(f"{had}-".lower().startswith(f"{tag}-".lower())
             for had in one.languages for tag in asked.languages))
        and (not asked.industries or one.industry in asked.industries)
        and (not asked.formats or bool(set(one.formats) & set(asked.formats)))
        and (asked.years_at_least is None or one.years_of_experience >= asked.years_at_least)
        and (asked.years_at_most is None or one.years_of_experience <= asked.years_at_most)
        and (asked.overlap_hours is None or overlap_hours(week_of(one), week_of(me)) >= asked.overlap_hours)
        and (asked.places_free is None or (one.mentees < one.capacity) is asked.places_free)
        and (asked.text is None or says(one, asked.text))
    )  # fmt: skip


def week_of(one: Profile) -> int:
    windows = [Window(**window) for window in one.availability]
    return week_mask(windows, ZoneInfo(one.time_zone), clock.now().date())


def says(one: Profile, text: str) -> bool:
    skills = sorted({skill.name for skill in [*one.skills_offered, *one.skills_wanted]})
    texts = [f" {part.lower()} " for part in (one.name, one.headline, one.industry, one.experience, " ".join(skills))]
    if text == '"alpha beta"':
        return any(" alpha beta " in part for part in texts)
    terms = text.lower().split()
    return all(any(f" {t.lstrip('-')} " in part for part in texts) is not t.startswith("-") for t in terms)


async def sees(viewer: Account, other: Account) -> bool:
    """Does the viewer find the other's profile, by its id and among the mentors alike?"""
    by_id = await Profile.visible_to(viewer).filter(id=other.id).exists()
    listed = other.id in [row.id for row in await found(SearchFor.MENTORS, Criteria(), viewer)]
    assert by_id is listed
    return by_id


async def test_a_profile_shows_to_whom_its_person_allows(database: str) -> None:
    open_, inside, hidden = [await person(each, capacity=2, visibility=each) for each in Visibility]
    colleague, stranger = await person("Colleague"), await person("Stranger")
    company = await Organisation.create(name="Company")
    for who in (inside, hidden, colleague, stranger):
        # Whoever is only invited does not belong to it yet.
        joined = None if who is stranger else clock.now()
        role = OrganisationRole.PARTICIPANT
        await Membership.create(organisation_id=company.id, profile_id=who.id, role=role, joined_at=joined)
    assert [await sees(stranger, one) for one in (open_, inside, hidden)] == [True, False, False]
    assert [await sees(colleague, one) for one in (open_, inside, hidden)] == [True, True, False]
    assert await Profile.visible_to(hidden).filter(id=hidden.id).exists()
    with refused(RefusalCode.NOT_FOUND):
        await Direct.open(hidden.id, by=stranger)


async def test_whoever_has_to_do_with_somebody_hidden_sees_them(database: str) -> None:
    hidden = await person("Hidden", capacity=5)
    two = await pair(hidden)
    asker, talker, declined = await person("Asker"), await person("Talker"), await person("Declined")
    await request(hidden, asker)
    await Account.all().update(contact=ContactRule.EVERYONE)
    await Direct.open(hidden.id, by=talker)
    turned_down = await request(hidden, declined)
    await turned_down.decline(by=hidden, reason="")
    await (await Profile.get(id=hidden.id)).change(by=hidden, visibility=Visibility.NOBODY)
    assert [await sees(one, hidden) for one in (two.mentee, asker, talker, declined)] == [True, True, True, False]
    # And they see those who have asked them.
    await Profile.filter(id=asker.id).update(visibility=Visibility.NOBODY, capacity=1)
    assert await sees(hidden, asker)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_weeks_are_made_anew_when_the_clocks_change(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    summer, winter = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)
    nine = [{"weekday": 0, "start": 540, "end": 600}]
    with clock.moved(summer - clock.now()):
        lisbon = await person("Lisbon", time_zone="Europe/Lisbon", availability=nine)
        await person("Delhi", time_zone="Asia/Kolkata", availability=nine)
        assert int((await Profile.get(id=lisbon.id)).week, 16) == 1 << 8
        assert await Profile.keep_weeks() == 0
    with clock.moved(winter - clock.now()):
        assert await Profile.keep_weeks() == 1
        assert int((await Profile.get(id=lisbon.id)).week, 16) == 1 << 9
        assert await Profile.keep_weeks() == 0
        # As after the migration, whose rows have no weeks yet.
        await Profile.all().update(week=NO_HOURS, week_offset=None)
        monkeypatch.setattr("models.profile.WEEKS_TOGETHER", 1)
        assert await Profile.keep_weeks() == 2
        assert int((await Profile.get(id=lisbon.id)).week, 16) == 1 << 9


async def test_the_names_of_skills_are_found_as_they_change(database: str) -> None:
    viewer = await person("Viewer")
    mara = await person("Mara", capacity=1, skills_offered=["Python"], skills_wanted=["Haskell"])
    profile = await Profile.get(id=mara.id)

    async def is_found(text: str) -> bool:
        return bool(await found(SearchFor.MENTORS, Criteria(text=text), viewer))

    await profile.change(by=mara, skills_offered=["Rust"])
    assert [await is_found(text) for text in ("python", "rust", "haskell")] == [False, True, True]
    await profile.change(by=mara, skills_wanted=[], goals="Speak in public")
    assert [await is_found(text) for text in ("rust", "haskell", "speak")] == [True, False, True]


async def test_a_saved_search_is_its_persons_alone_and_there_are_only_so_many(database: str) -> None:
    mara, theo = await person("Mara"), await person("Theo")
    keep = {"by": mara, "skills_any": ["SQL"], "text": "cloud"}
    first = await SavedSearch.save_as("Mine", SearchFor.MENTORS, client_id="0", **keep)
    assert (await SavedSearch.save_as("Mine", SearchFor.MENTORS, client_id="0", **keep)).id == first.id
    with refused(RefusalCode.CLIENT_ID_REUSED):
        await SavedSearch.save_as("Other", SearchFor.MENTORS, client_id="0", **keep)
    assert await SavedSearch.visible_to(theo) == []
    with refused(RefusalCode.NOT_ALLOWED):
        await first.remove(by=theo)
    for number in range(1, MOST_SAVED):
        await SavedSearch.save_as("More", SearchFor.MENTEES, by=mara, client_id=str(number))
    with refused(RefusalCode.LIMIT_REACHED):
        await SavedSearch.save_as("Too many", SearchFor.MENTEES, by=mara, client_id="x")
    await first.remove(by=mara)
    assert await SavedSearch.visible_to(mara).count() == MOST_SAVED - 1


async def test_what_cannot_be_stored_is_saved_as_it_is_looked_for(database: str) -> None:
    theo = await person("Theo")
    odd = Criteria(text=f"a{' ' * 300}b\0 e\u0301{chr(0xD800)}", industries=["Health\0"], languages=["p\0t"])
    saved = await SavedSearch.save_as("Odd", SearchFor.MENTORS, by=theo, client_id="k", **odd.given)
    again = await SavedSearch.get(id=saved.id)
    assert (again.text, again.industries, again.languages) == ("a b\ufffd \u00e9?", ["Health\ufffd"], ["p\ufffdt"])
