"""What an organiser sets of a programme, and sees of what became of it."""

from dataclasses import fields

from matching.fit import NAMES
from models.matching import publish, publish_some
from models.request import MentorshipRequest
from schema.organisation.programmes import WeightsInput
from tests.models.matching_world import a_season
from tests.schema.asking import ask, signed_in

PAIRS = """query($id: ID!) { matching(id: $id) { pairs { edges { node {
    mentee { id } requestStatus request { id message } } } } } }"""


def test_each_component_of_a_score_can_be_weighed() -> None:
    assert tuple(field.name for field in fields(WeightsInput)) == NAMES  # type: ignore[arg-type]


async def test_organisers_see_how_the_requests_of_a_draft_were_answered_and_not_what_was_said(database: str) -> None:
    season = await a_season(3, 3)
    draft = await season.run()
    sees = await signed_in(season.owner)

    async def told() -> dict[str, str | None]:
        answer = await ask(PAIRS, sees, id=f"Matching:{draft.id}")
        nodes = [edge["node"] for edge in answer["data"]["matching"]["pairs"]["edges"]]
        assert {node["request"] for node in nodes} == {None}
        return {node["mentee"]["id"]: node["requestStatus"] for node in nodes}

    people = [f"Profile:{one.id}" for one in season.mentees]
    assert await told() == dict.fromkeys(people)
    await publish(draft, by=season.owner)
    await publish_some()
    assert await told() == dict.fromkeys(people, "PENDING")
    by_id = {one.id: one for one in season.mentors}
    asked = {one.mentee_id: one for one in await MentorshipRequest.all()}
    first, second, _ = (asked[one.id] for one in season.mentees)
    await first.accept(by=by_id[first.mentor_id])
    await second.decline(by=by_id[second.mentor_id], reason="Not now.")
    assert await told() == dict(zip(people, ["ACCEPTED", "DECLINED", "PENDING"], strict=True))
