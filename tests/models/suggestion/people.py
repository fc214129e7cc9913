"""People of these tests, and what is suggested to them."""

from typing import Any

from models.account import Account
from models.profile import Profile
from models.suggestion import MatchRole, suggest
from tests.people import person

MORNINGS = [{"weekday": day, "start": 540, "end": 720} for day in range(5)]
NIGHTS = [{"weekday": day, "start": 60, "end": 240} for day in range(5)]


async def mentor(name: str, **profile: Any) -> Account:
    return await person(name, **{"capacity": 1, "languages": ["en"], "availability": MORNINGS, **profile})


async def learner(name: str = "Theo", **profile: Any) -> Account:
    return await person(name, **{"languages": ["en"], "availability": MORNINGS, **profile})


async def change(who: Account, **profile: Any) -> None:
    await (await Profile.get(id=who.id)).change(by=who, **profile)


async def suggested(viewer: Account, limit: int = 10, role: MatchRole = MatchRole.MENTEE) -> list[str]:
    return [profile.name for profile, _ in await suggest(viewer, limit=limit, role=role)]
