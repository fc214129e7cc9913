"""The demo community before it is in a database."""

import re
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api.demo.community import Community, community
from api.demo.hours import DAYS, shared_hour
from api.demo.passwords import readable
from api.demo.people import people
from api.demo.stories import STORIES
from api.demo.timeline import Moment, timeline
from models import password

ROOT = Path(__file__).parents[2]
# A smaller seed is no simpler, so none is looked for.
seeds = settings(deadline=None, max_examples=15, phases=[Phase.reuse, Phase.generate])


def planned(seed: int) -> tuple[Community, list[Moment]]:
    random = Random(seed)
    everybody = community(random)
    return everybody, timeline(everybody, random)


def test_the_plan_is_the_same_in_every_process() -> None:
    script = "from tests.api.test_demo_plan import planned; print(planned(7))"
    plans = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(plans) == 1


@seeds
@given(st.integers())
def test_every_seed_casts_every_story_with_people_whom_it_suits(seed: int) -> None:
    plan, moments = planned(seed)
    assert (plan, moments) == planned(seed)
    assert len({person.name for person in plan.people}) == len({person.email for person in plan.people}) == 60
    assert {pair.story for pair in plan.pairs} == set(STORIES)
    load = Counter([pair.mentor.name for pair in plan.pairs] + [hope.mentor.name for hope in plan.hopes])
    for pair in plan.pairs:
        assert pair.story.suits(pair.mentor, pair.mentee)
        assert pair.story.skills[0] in pair.mentor.offered
        assert pair.story.skills[0] in pair.mentee.wanted
    for person in plan.people:
        assert load[person.name] <= person.capacity
        assert re.fullmatch(r"[a-z-]+\.[a-z-]+@example\.org", person.email)
        assert not set(person.offered) & set(person.wanted)
    agos = [moment.ago for moment in moments]
    assert agos == sorted(agos, reverse=True)
    assert agos[-1] > timedelta()


def test_another_seed_makes_another_community() -> None:
    assert planned(7) != planned(8)


@seeds
@given(st.integers(), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_two_people_meet_when_it_suits_both(seed: int, day: date) -> None:
    one, other = Random(seed).sample(people(Random(seed)), 2)
    hour = shared_hour(one, other, day)
    assert day <= hour.date() < day + timedelta(days=DAYS)
    for person in (one, other):
        assert 6 <= hour.astimezone(ZoneInfo(person.time_zone)).hour < 22


def test_a_password_is_readable_and_new_each_time() -> None:
    passwords = {readable() for _ in range(50)}
    assert len(passwords) == 50
    for each in passwords:
        assert re.fullmatch(r"[a-z]+-[a-z]+-[a-z]+-\d{4}", each)
        password.check(each, "ana@example.org")
