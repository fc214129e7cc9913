"""People of journeys who are mentor and mentee already."""

from dataclasses import dataclass
from typing import Any

from tests.journeys import documents
from tests.journeys.client import Client


@dataclass
class Mentorship:
    """What a pair has: the global ids of their mentorship and of its conversation."""

    id: str
    conversation_id: str


async def mentoring(client: Client, name: str) -> Any:
    """Sign somebody up who has places for mentees. Returns the account."""
    account = await client.sign_up(name)
    await client.call(documents.UPDATE_PROFILE, input={"capacity": 5})
    return account


async def match(mentor: Client, profile_id: str, mentee: Client) -> Mentorship:
    """The mentee asks the mentor of this profile, who says yes."""
    asked = await mentee.call(documents.REQUEST, input={"mentorId": profile_id, "message": "Will you?"})
    accepted = await mentor.call(documents.ACCEPT, input={"requestId": asked["request"]["id"]})
    begun = accepted["mentorship"]
    return Mentorship(begun["id"], begun["conversation"]["id"])
