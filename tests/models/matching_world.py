"""A programme with people who can be matched, and runs that are worked off in the test's own process."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from matching.programme.frozen import solved
from models import clock
from models.account import Account
from models.matching import Matching, MatchingInput, RunOptions
from models.organisation import Enrolment, Organisation, OrganisationRole, Participation, Programme, ProgrammeSide
from models.profile import Profile
from tests.people import person

# What a mentee wants, and what a mentor says who is of some use for that.
WORDS = (
    ("become a tax lawyer and argue before courts", "tax law and courts for decades"),
    ("lead a team of engineers building bridges", "engineer of bridges and team lead"),
    ("raise bees and sell honey", "beekeeper, honey, markets"),
    ("write novels in Portuguese", "novelist and translator from Portuguese"),
)


@dataclass
class Season:
    """An organisation's programme: whoever owns it, mentees and mentors."""

    organisation: Organisation
    programme: Programme
    owner: Account
    mentees: list[Account]
    mentors: list[Account]

    async def run(self, options: RunOptions | None = None) -> Matching:
        """A draft of the programme as it is now."""
        return await worked_off(await Matching.run(self.programme, options or RunOptions(), by=self.owner))

    async def speak(self) -> None:
        """Everybody says something in words, mentees in their profiles and in answers."""
        for one, (wants, _) in zip(self.mentees, WORDS, strict=True):
            await (await Profile.get(id=one.id)).change(by=one, goals=wants)
            said = Enrolment(one.id, ProgrammeSide.MENTEE, answers=[("What for?", f"To {wants} with others")])
            await Participation.enrol(self.programme, [said], by=self.owner)
        for one, (_, offers) in zip(self.mentors, WORDS, strict=True):
            await (await Profile.get(id=one.id)).change(by=one, headline="Mentor", experience=offers)


async def worked_off(asked: Matching) -> Matching:
    """What has become of a run once it was worked off."""
    claimed = await Matching.claim()
    assert claimed is not None
    assert claimed.id == asked.id
    assert await claimed.finish(solved(await MatchingInput.of(asked.id)))
    return await Matching.get(id=asked.id)


async def a_season(mentees: int = 3, mentors: int = 2, capacity: int = 1, **settings: Any) -> Season:
    """A programme of so many people. All want and offer the same; the first mentee suits the first mentor best."""
    owner = await person("Owner")
    organisation = await Organisation.found("Guild", by=owner)
    today = clock.now().date()
    days = {"starts_on": today, "ends_on": today + timedelta(days=180)}
    programme = await Programme.set_up(organisation, by=owner, name="Run", **days, **settings)
    season = Season(organisation, programme, owner, [], [])
    for number in range(mentees):
        season.mentees.append(await person(f"Mentee {number}", skills_wanted=["Law", f"Skill {number}"]))
    for number in range(mentors):
        season.mentors.append(
            await person(f"Mentor {number}", skills_offered=["Law", f"Skill {number}"], capacity=capacity)
        )
    people = [*season.mentees, *season.mentors]
    asked = await organisation.invite(
        by=owner, profile_ids=[one.id for one in people], emails=[], role=OrganisationRole.PARTICIPANT
    )
    by_id = {one.id: one for one in people}
    for invitation in asked:
        assert invitation.profile_id is not None
        await invitation.accept(by=by_id[invitation.profile_id])
    said = [Enrolment(one.id, ProgrammeSide.MENTEE) for one in season.mentees]
    said += [Enrolment(one.id, ProgrammeSide.MENTOR) for one in season.mentors]
    await Participation.enrol(programme, said, by=owner)
    return season
