"""Requests as a client sees them: whose move it is, and what comes next."""

from typing import Any

import pytest

from models.profile import Profile
from tests.people import person
from tests.schema.asking import ask, signed_in

STANDING = "id status place owner waitingFor nextStep expiresAt author { id }"
CHOOSE = f"""mutation($input: RequestMentorsInput!) {{ requestMentors(input: $input) {{
    ... on RequestMentorsPayload {{ requests {{ {STANDING} }} }} ... on Refusal {{ code field message }} }} }}"""
WITHDRAW = f"""mutation($input: WithdrawMentorshipRequestInput!) {{ withdrawMentorshipRequest(input: $input) {{
    ... on WithdrawMentorshipRequestPayload {{ request {{ {STANDING} }} }} ... on Refusal {{ code }} }} }}"""
LISTED = f"{{ mentorshipRequests {{ edges {{ node {{ {STANDING} }} }} }} }}"


async def listed(session: Any) -> list[dict[str, Any]]:
    answer = await ask(LISTED, session)
    return [edge["node"] for edge in answer["data"]["mentorshipRequests"]["edges"]]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_every_choice_says_whose_move_it_is_and_the_mentor_does_not_learn_that_they_are_one(
    database: str,
) -> None:
    theo = await person("Theo")
    mentors = [await person(name, capacity=1) for name in ("Mara", "Nia")]
    by_theo, by_mara, by_nia = [await signed_in(each) for each in (theo, *mentors)]
    choices = [{"mentorId": f"Profile:{each.id}", "message": "Will you?"} for each in mentors]
    answer = await ask(CHOOSE, by_theo, input={"choices": choices})
    first, second = answer["data"]["requestMentors"]["requests"]
    assert (first["status"], first["place"], first["owner"]) == ("PENDING", 1, "MENTOR")
    assert (first["waitingFor"], first["author"]["id"]) == ("Waiting for the mentor.", f"Profile:{theo.id}")
    assert (second["status"], second["owner"], second["expiresAt"]) == ("QUEUED", "NOBODY", None)
    assert second["waitingFor"] == "Waiting for its turn."
    assert {each["id"]: each for each in await listed(by_theo)} == {each["id"]: each for each in (first, second)}
    assert (await listed(by_mara), await listed(by_nia)) == ([{**first, "place": None}], [])
    await Profile.filter(id=mentors[1].id).update(capacity=0)
    answer = await ask(WITHDRAW, by_theo, input={"requestId": first["id"]})
    assert answer["data"]["withdrawMentorshipRequest"]["request"]["nextStep"] == "The mentee may ask again."
    (passed,) = [each for each in await listed(by_theo) if each["id"] == second["id"]]
    assert passed["waitingFor"] == "Passed over: it could not be asked any more."
