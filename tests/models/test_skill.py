"""The shared vocabulary of skills."""

import asyncio
import sys
import time

import pytest

from models.profile import Profile
from models.refusal import RefusalCode
from models.skill import LONGEST_NAME, MOST_PER_PERSON, Skill
from tests.models.expect import refused
from tests.people import person


async def test_the_vocabulary_learns_new_names_and_knows_old_ones_in_any_case(database: str) -> None:
    first = await Skill.named(["Python", "Public speaking"], "skills")
    again = await Skill.named(["PUBLIC SPEAKING", "python", "SQL"], "skills")
    # The spelling that came first stays.
    assert [skill.name for skill in again] == ["Public speaking", "Python", "SQL"]
    assert {skill.id for skill in first} < {skill.id for skill in again}
    assert await Skill.all().count() == 3


async def test_each_skill_comes_once_in_the_order_of_its_first_name(database: str) -> None:
    skills = await Skill.named(["b", "a", "B", " b ", "c", "A"], "skills")
    assert [skill.key for skill in skills] == ["b", "a", "c"]


async def test_spellings_that_differ_in_composition_are_one_skill(database: str) -> None:
    await Skill.named(["Re\u0301sume\u0301"], "skills")
    (skill,) = await Skill.named(["R\u00e9sum\u00e9"], "skills")
    assert (skill.key, await Skill.all().count()) == ("r\u00e9sum\u00e9", 1)


async def test_no_name_is_no_skill(database: str) -> None:
    assert await Skill.named([], "skills") == []


async def test_more_than_a_person_may_name_is_refused(database: str) -> None:
    names = [f"skill {number}" for number in range(MOST_PER_PERSON + 1)]
    assert len(await Skill.named(names[1:], "skillsOffered")) == MOST_PER_PERSON
    with refused(RefusalCode.INVALID, "skillsOffered"):
        await Skill.named(names, "skillsOffered")


@pytest.mark.parametrize("name", ["", "x" * 61, "two\nlines", "S\u200bQL", "\ud800"])
async def test_a_name_is_one_visible_line_of_at_most_60_characters(database: str, name: str) -> None:
    with refused(RefusalCode.INVALID, "skillsWanted"):
        await Skill.named([name], "skillsWanted")


@pytest.mark.parametrize("name", ["ß" * 60, "\u0390" * 60], ids=["sharp s", "iota with two marks"])
async def test_a_name_whose_lower_case_is_longer_is_stored_or_refused(database: str, name: str) -> None:
    """Case folding makes two or three letters of one: the key must hold them, or a person must hear why not."""
    try:
        (skill,) = await Skill.named([name], "skillsWanted")
    except Exception:
        with refused(RefusalCode.INVALID, "skillsWanted"):
            await Skill.named([name], "skillsWanted")
    else:
        assert skill.name == name


async def test_eight_people_who_name_the_same_new_skills_at_once_share_them(database: str) -> None:
    people = [await person(f"Person {number}") for number in range(8)]
    profiles = [await Profile.get(id=one.id) for one in people]
    names = ["Python", "SQL", "hiring"]
    await asyncio.gather(
        *(
            # Half of them in the other order: on PostgreSQL they wait for each other.
            profile.change(by=one, skills_offered=names[:: (1, -1)[number % 2]])
            for number, (one, profile) in enumerate(zip(people, profiles, strict=True))
        )
    )
    assert await Skill.all().count() == 3
    for profile in profiles:
        assert {skill.name for skill in await profile.skills_offered.all()} == set(names)


@pytest.mark.timeout(30)
async def test_many_who_learn_new_skills_in_all_orders_do_not_wait_for_each_other(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even once: PostgreSQL notices after a second that two wait for each other, and one begins anew."""
    again: list[int] = []
    monkeypatch.setattr(sys.modules["models.database.transaction"], "pause", lambda attempt: again.append(attempt) or 0)
    people = [await person(f"Person {number}") for number in range(6)]
    profiles = [await Profile.get(id=one.id) for one in people]
    names = [f"skill {number}" for number in range(20)]
    turned = [names[start:] + names[:start] for start in range(0, 20, 3)]
    await asyncio.gather(
        *(
            # What one offers first, another wants last.
            profile.change(by=one, skills_offered=order[:10], skills_wanted=order[10:])
            for one, profile, order in zip(people, profiles, turned, strict=False)
        )
    )
    assert await Skill.all().count() == 20
    assert again == []


async def test_skills_are_found_by_how_they_begin(database: str) -> None:
    ana = await person()
    longest = "\u00e5" * LONGEST_NAME
    await Skill.named(["Welding", "Web design", "Law", longest], "skills")
    for letters, found in {"WE": 2, " law": 1, "": 4, "aw": 0, "a\u030a" * LONGEST_NAME: 1}.items():
        assert await Skill.starting_with(ana, letters, "startingWith").count() == found


@pytest.mark.parametrize("letters", ["x" * 61, "x" * 60_000, "a" + "\u0301\u0316" * 30_000])
async def test_what_is_longer_than_any_name_is_not_looked_for(database: str, letters: str) -> None:
    ana, started = await person(), time.process_time()
    with refused(RefusalCode.INVALID, "startingWith"):
        await Skill.starting_with(ana, letters, "startingWith")
    assert await Profile.mentors(ana, skill=letters) == []
    assert time.process_time() - started < 1


async def test_everybody_sees_the_vocabulary(database: str) -> None:
    await Skill.named(["SQL"], "skills")
    assert [skill.name for skill in await Skill.visible_to(await person())] == ["SQL"]
