"""How a person shows."""

import asyncio
import unicodedata
from typing import Any

import pytest

from models.profile import LANGUAGE, MOST_CAPACITY, Profile, camel, zone
from models.refusal import RefusalCode
from models.skill import Skill
from tests.models.expect import refused
from tests.people import person


async def names(profile: Profile, relation: str) -> set[str]:
    return {skill.name for skill in await getattr(profile, relation).all()}


async def test_a_change_sets_what_is_given_and_keeps_the_rest(database: str) -> None:
    ana = await person("Ana", headline="Ask me", languages=["pt"], skills_offered=["SQL"])
    profile = await Profile.get(id=ana.id)
    await profile.change(by=ana, industry="health", availability=[{"weekday": 1, "start": 540, "end": 600}])
    stored = await Profile.get(id=ana.id)
    assert (stored.name, stored.headline, stored.industry, stored.languages) == ("Ana", "Ask me", "health", ["pt"])
    assert stored.availability == [{"weekday": 1, "start": 540, "end": 600}]
    assert await names(stored, "skills_offered") == {"SQL"}


async def test_only_its_person_changes_a_profile(database: str) -> None:
    ana, eve = await person("Ana"), await person("Eve")
    with refused(RefusalCode.NOT_ALLOWED):
        await (await Profile.get(id=ana.id)).change(by=eve, name="Not Ana")
    assert (await Profile.get(id=ana.id)).name == "Ana"


BAD: dict[str, list[Any]] = {
    "name": ["", " ", "x" * 81, "A\u202ena"],
    "headline": ["x" * 121, "two\nlines"],
    "experience": ["x" * 4_001, "NUL\0"],
    "industry": ["x" * 61],
    "years_of_experience": [-1, 81],
    "capacity": [-1, MOST_CAPACITY + 1],
    "languages": [["EN"], ["english"], ["pt_BR"], [""], ["en\n"], ["en"] * 21],
    "time_zone": ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "europe/lisbon", "UTC\0"],
    "availability": [
        [{"weekday": 7, "start": 0, "end": 60}],
        [{"weekday": 0, "start": -1, "end": 60}],
        [{"weekday": 0, "start": 60, "end": 60}],
        [{"weekday": 0, "start": 0, "end": 1_441}],
        [{"weekday": 0, "start": 0, "end": 60}] * 51,
    ],
    "skills_offered": [[""], ["x" * 61], ["S\u200bQL"], [f"skill {number}" for number in range(31)]],
    "skills_wanted": [["SQL", "two\nlines"]],
}


@pytest.mark.parametrize("name", BAD)
async def test_a_value_that_cannot_be_is_refused_by_its_field_and_nothing_is_written(database: str, name: str) -> None:
    ana = await person("Ana", headline="Ask me", skills_offered=["SQL"])
    before = await Profile.filter(id=ana.id).values()
    for value in BAD[name]:
        # A good change beside the bad one: it is not stored either.
        beside = {"headline": "New"} if name != "headline" else {"industry": "health"}
        with refused(RefusalCode.INVALID, camel(name)):
            await (await Profile.get(id=ana.id)).change(by=ana, **{**beside, name: value})
    stored = await Profile.get(id=ana.id)
    assert await Profile.filter(id=ana.id).values() == before
    assert await names(stored, "skills_offered") == {"SQL"}


GOOD: dict[str, list[Any]] = {
    "headline": ["", "x" * 120],
    "experience": ["", "Two\nlines 👩\u200d💻"],
    "years_of_experience": [0, 80],
    "capacity": [0, MOST_CAPACITY],
    "languages": [[], ["en", "pt-BR", "zh-Hant", "es-419", "sr-Latn-RS", "tlh"]],
    "time_zone": ["UTC", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"],
    "availability": [[], [{"weekday": 6, "start": 1_380, "end": 60}], [{"weekday": 0, "start": 0, "end": 1_440}]],
}


@pytest.mark.parametrize("name", GOOD)
async def test_a_value_at_the_bounds_is_stored(database: str, name: str) -> None:
    ana = await person("Ana")
    for value in GOOD[name]:
        await (await Profile.get(id=ana.id)).change(by=ana, **{name: value})
        assert getattr(await Profile.get(id=ana.id), name) == value


async def test_a_language_that_is_named_twice_is_kept_once_in_its_order(database: str) -> None:
    ana = await person("Ana", languages=["pt", "en", "pt"])
    assert (await Profile.get(id=ana.id)).languages == ["pt", "en"]


def test_a_language_tag_ends_where_the_line_ends() -> None:
    assert LANGUAGE.fullmatch("pt-BR")
    assert not LANGUAGE.fullmatch("pt-BR-x-secret")


async def test_skills_are_replaced_as_a_whole_and_can_be_taken_away(database: str) -> None:
    ana = await person("Ana", skills_offered=["SQL", "Python"], skills_wanted=["law"])
    profile = await Profile.get(id=ana.id)
    await profile.change(by=ana, skills_offered=["Python", "hiring", "PYTHON"])
    assert await names(profile, "skills_offered") == {"Python", "hiring"}
    assert await names(profile, "skills_wanted") == {"law"}
    await profile.change(by=ana, skills_offered=[])
    assert await names(profile, "skills_offered") == set()
    # The vocabulary keeps what it has learnt.
    assert await Skill.exists(name="SQL")


async def test_two_changes_at_once_of_different_fields_both_stay(database: str) -> None:
    ana = await person("Ana")
    one, other = await Profile.get(id=ana.id), await Profile.get(id=ana.id)
    await asyncio.gather(one.change(by=ana, headline="Ask me"), other.change(by=ana, industry="health"))
    stored = await Profile.get(id=ana.id)
    assert (stored.headline, stored.industry) == ("Ask me", "health")


async def test_changes_at_once_of_the_same_skills_leave_those_of_one_of_them(database: str) -> None:
    ana = await person("Ana")
    profiles = [await Profile.get(id=ana.id) for _ in range(6)]
    lists = [[f"{number} {skill}" for skill in "abc"] for number in range(len(profiles))]
    await asyncio.gather(
        *(
            profile.change(by=ana, skills_offered=offered, skills_wanted=offered)
            for profile, offered in zip(profiles, lists, strict=True)
        )
    )
    for relation in ("skills_offered", "skills_wanted"):
        kept = [skill.name for skill in await getattr(profiles[0], relation).all()]
        assert sorted(kept) in lists


async def test_mentors_are_the_others_with_a_capacity(database: str) -> None:
    viewer = await person("Ana", capacity=2)
    mara = await person("Mara", capacity=1)
    await person("Theo")
    assert [profile.id for profile in await Profile.mentors(viewer)] == [mara.id]


@pytest.mark.parametrize(
    "skill", ["Résumé writing", " RÉSUMÉ WRITING ", unicodedata.normalize("NFD", "résumé writing")]
)
async def test_mentors_are_found_by_a_skill_however_it_is_spelt(database: str, skill: str) -> None:
    viewer = await person("Ana")
    mara = await person("Mara", capacity=1, skills_offered=["Résumé writing", "SQL"])
    await person("Nia", capacity=1, skills_offered=["SQL"])
    await person("Theo", skills_offered=["Résumé writing"])
    assert [profile.id for profile in await Profile.mentors(viewer, skill=skill)] == [mara.id]


@pytest.mark.parametrize("skill", ["", "no such skill", "%", "NUL \0", "surrogate \ud800"])
async def test_a_skill_that_nobody_offers_finds_nobody(database: str, skill: str) -> None:
    viewer, _ = await person("Ana"), await person("Mara", capacity=1, skills_offered=["SQL"])
    assert await Profile.mentors(viewer, skill=skill) == []


async def test_places_are_taken_up_to_the_capacity_and_given_back(database: str) -> None:
    mara = await person("Mara", capacity=2)
    profile = await Profile.get(id=mara.id)
    await profile.take_mentee()
    await profile.take_mentee()
    with refused(RefusalCode.AT_CAPACITY):
        await profile.take_mentee()
    await profile.release_mentee()
    await profile.take_mentee()
    assert (await Profile.get(id=mara.id)).mentees == 2


async def test_giving_back_a_place_that_nobody_took_leaves_none_taken(database: str) -> None:
    mara = await person("Mara", capacity=2)
    await (await Profile.get(id=mara.id)).release_mentee()
    assert (await Profile.get(id=mara.id)).mentees == 0


def test_camel_spells_a_field_as_a_client_does() -> None:
    assert [camel(name) for name in ("name", "skills_offered", "years_of_experience")] == [
        "name",
        "skillsOffered",
        "yearsOfExperience",
    ]


def test_a_zone_is_looked_up_by_its_iana_name_only() -> None:
    assert zone("Europe/Lisbon", "timeZone").key == "Europe/Lisbon"
    with refused(RefusalCode.INVALID, "timeZone"):
        zone("../../etc/passwd", "timeZone")
