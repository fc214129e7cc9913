"""The pool of a process is the database's, whoever has changed it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tortoise.connection import get_connection

from models.account import Account
from models.database import dialect
from models.mentorship import Mentorship, MentorshipStatus
from models.profile import Profile
from models.suggestion import gather, reading
from models.suggestion.pool import Pool, pool
from tests.models.suggestion.people import MORNINGS, change, learner, mentor, suggested
from tests.people import pair, person


def held(of: Pool) -> dict[Any, Any]:
    """All that a pool has of each person."""
    candidates = of._candidates
    rows = zip(of.population.people, candidates.places.tolist(), candidates.seeking.tolist(), strict=True)
    return {someone.id: (someone, places, seeking) for someone, places, seeking in rows}


async def test_an_edit_shows_in_the_next_query(database: str) -> None:
    sql, law = await mentor("SQL", skills_offered=["SQL"]), await mentor("Law", skills_offered=["law"])
    viewer = await learner(skills_wanted=["SQL"])
    assert await suggested(viewer) == ["SQL", "Law"]
    await change(viewer, skills_wanted=["law"])
    assert await suggested(viewer) == ["Law", "SQL"]
    await change(sql, skills_offered=["law"], years_of_experience=9)
    assert await suggested(viewer) == ["SQL", "Law"]
    await change(law, capacity=0)
    assert await suggested(viewer) == ["SQL"]
    taken = await pair(sql)
    assert await suggested(viewer) == []
    await taken.mentorship.end(by=sql)
    new = await mentor("New")
    assert await suggested(viewer) == ["SQL", "New"]
    await Account.filter(id=new.id).delete()
    assert await suggested(viewer) == ["SQL"]


async def edit(who: Account, chance: random.Random) -> None:
    await change(who, skills_offered=chance.sample(["SQL", "law", "tax"], 2), headline=f"{chance.random()}")


async def want(who: Account, chance: random.Random) -> None:
    await change(
        who,
        skills_wanted=chance.choice(([], ["SQL"])),
        seeking=True,
        capacity=chance.randint(1, 3),
        availability=MORNINGS,
    )


async def end(who: Account, _: random.Random) -> None:
    for mentorship in await Mentorship.filter(mentor_id=who.id, status=MentorshipStatus.ACTIVE).limit(1):
        await mentorship.end(by=who)


async def take(who: Account, _: random.Random) -> None:
    if await Profile.filter(id=who.id, mentees=0, capacity__gt=0).exists():
        await pair(who, await person("Mentee"))


async def leave(who: Account, _: random.Random) -> None:
    if not await Mentorship.filter(mentor_id=who.id).exists():
        await Account.filter(id=who.id).delete()


DEEDS: list[Callable[[Account, random.Random], Awaitable[None]]] = [edit, want, take, end, leave]


async def test_whatever_is_done_the_pools_of_all_workers_are_as_one_made_anew(database: str) -> None:
    """Two that look at different times, and hear of nothing, against one that reads everybody."""
    chance = random.Random(11)
    people = [await mentor(f"Mentor {number}") for number in range(5)]
    eager, lazy = Pool(), Pool()
    await lazy.fresh()
    for number in range(24):
        deed = DEEDS[number % len(DEEDS)]
        who = await Account.get_or_none(id=chance.choice(people).id)
        if who is not None:
            await deed(who, chance)
        await eager.fresh()
        if number % 6 == 5:
            assert held(await lazy.fresh()) == held(eager) == held(await Pool().fresh()), number
    people_left = {row.id for row in await Profile.all()}
    assert set(held(eager)) == people_left
    # Some of it happened: people came and went.
    assert people_left - {one.id for one in people}
    assert {one.id for one in people} - people_left


async def test_those_who_come_together_share_a_look_and_none_takes_one_that_began_before(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theo = await learner()
    here = await Pool().fresh()
    looks = 0
    real = reading.changes

    async def counted(since: int) -> reading.Changes:
        nonlocal looks
        looks += 1
        found = await real(since)
        if looks == 1:
            # This look has read already: what is stored now it cannot know.
            await change(theo, headline="Changed")
            late.append(asyncio.create_task(here.fresh()))
            late.append(asyncio.create_task(here.fresh()))
            await asyncio.sleep(0)
        return found

    late: list[asyncio.Task[Pool]] = []
    monkeypatch.setattr(reading, "changes", counted)
    await asyncio.gather(*(here.fresh() for _ in range(5)))
    await asyncio.gather(*late)
    assert here.population[theo.id].about == "Changed"
    assert looks == 2


async def test_who_gives_up_waiting_does_not_take_the_look_from_others(database: str) -> None:
    await learner()
    here = Pool()
    first, second = asyncio.create_task(here.fresh()), asyncio.create_task(here.fresh())
    await asyncio.sleep(0)
    first.cancel()
    assert len((await second).population) == 1


async def test_a_pool_that_could_not_be_filled_is_filled_by_who_asks(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theo = await learner()
    await mentor("Mara")

    async def away() -> list[bytes | str]:
        raise OSError("the database is away")

    with monkeypatch.context() as outage:
        outage.setattr(reading, "everybody", away)
        await gather()
        assert len(pool().population) == 0
    assert await suggested(theo) == ["Mara"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_many_are_read_by_pages(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {(await learner()).id for _ in range(5)}
    monkeypatch.setattr(reading, "PAGE", 2)
    monkeypatch.setattr(reading, "_EVERYBODY", reading._EVERYBODY.replace("LIMIT 500", "LIMIT 2"))
    assert set(held(await Pool().fresh())) == ids


@pytest.mark.parametrize("engine", ["postgres"])
async def test_a_unit_that_began_before_and_commits_after_others_is_found(database: str) -> None:
    """A number taken from a sequence, or a clock, would be below the mark by then."""
    early, late = await learner("Early"), await learner("Late")
    here = await Pool().fresh()
    slow = await asyncpg.connect(database)
    try:
        unit = slow.transaction()
        await unit.start()
        await slow.execute("UPDATE profile SET headline = 'Early' WHERE id = $1", early.id)
        await change(late, headline="Late")
        await here.fresh()
        assert abouts(here, early, late) == ["", "Late"]
        # Found again in each look until the slow one has ended, and known.
        again = {each.id: each.number for each in (await reading.changes(here._mark or 0)).changed}
        assert again[late.id] == here._known[late.id]
        await unit.commit()
        await here.fresh()
        assert abouts(here, early, late) == ["Early", "Late"]
    finally:
        await slow.close()


def abouts(of: Pool, *people: Account) -> list[str]:
    return [of.population[one.id].about for one in people]


@pytest.mark.parametrize("engine", ["postgres"])
async def test_the_numbers_of_another_server_are_forgotten(database: str) -> None:
    """After a dump is read into a new one, where units count from the beginning."""
    theo = await learner()
    await get_connection(dialect()).execute_query("UPDATE profile_change SET number = $1", [2**60])
    here = await Pool().fresh()
    assert here._known == {}
    await change(theo, headline="Changed")
    await here.fresh()
    assert abouts(here, theo) == ["Changed"]


async def test_a_row_that_is_changed_by_hand_is_noticed_too(database: str) -> None:
    theo = await learner(skills_offered=["SQL"])
    here = await Pool().fresh()
    await get_connection(dialect()).execute_script("DELETE FROM profile_skill_offered")
    await here.fresh()
    someone = here.population[UUID(str(theo.id))]
    assert someone.skills_offered == frozenset()
