"""Who runs mentoring for whom."""

import asyncio
from datetime import date

from models.organisation import Enrolment, Organisation, Participation, Programme
from tests.people import enrolled, member, person


async def a_programme(organisation: str = "Acme", name: str = "Autumn") -> Programme:
    runs = await Organisation.create(name=organisation)
    return await Programme.create(
        organisation_id=runs.id, name=name, starts_on=date(2027, 9, 1), ends_on=date(2028, 2, 29)
    )


async def test_a_person_takes_part_once_however_often_it_is_said(database: str) -> None:
    programme, ana = await a_programme(), await person("Ana")
    first = await enrolled(programme, ana)
    assert (await enrolled(programme, ana)).id == first.id
    assert await Participation.all().count() == 1


async def test_enrolments_at_once_make_one_participation(database: str) -> None:
    programme, ana = await a_programme(), await person("Ana")
    found = await asyncio.gather(*(enrolled(programme, ana) for _ in range(5)))
    assert len({participation.id for participation in found}) == 1


async def test_an_enrolment_whose_caller_gives_up_leaves_the_database_open_for_others(database: str) -> None:
    """Cancelled at any of its steps, it must not keep a lock: that hangs every later write."""
    programme = await a_programme()
    people = [await person(f"Person {number}") for number in range(12)]
    for who in people:
        await member(programme.organisation_id, who)
    for steps, who in enumerate(people):
        task = asyncio.create_task(Participation.join(programme, Enrolment(who.id), by=who))
        for _ in range(steps):
            # A step further each time: the driver's thread answers in between.
            await asyncio.sleep(0.0005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        await enrolled(programme, people[0])
    assert await Participation.filter(profile_id=people[0].id).count() == 1


async def test_a_person_sees_the_programmes_they_take_part_in_and_who_runs_them(database: str) -> None:
    mine, other = await a_programme("Acme"), await a_programme("Umbrella")
    ana, eve = await person("Ana"), await person("Eve")
    await enrolled(mine, ana)
    await enrolled(other, eve)
    assert [one.id for one in await Programme.visible_to(ana)] == [mine.id]
    assert [one.name for one in await Organisation.visible_to(ana)] == ["Acme"]
    assert [one.profile_id for one in await Participation.visible_to(ana)] == [ana.id]


async def test_who_takes_part_in_nothing_sees_no_organisation(database: str) -> None:
    await a_programme()
    nobody = await person()
    for model in (Organisation, Programme, Participation):
        assert await model.visible_to(nobody) == []
