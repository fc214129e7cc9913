"""The names of variables are the client's to choose: none of them means anything to a statement."""

import orjson
import pytest

from models.profile import Profile
from models.session import Session
from schema.context import Context
from schema.execution import prepare, run
from tests.people import pair, person

PRIVATE = """viewer { email } mentorshipRequests { edges { node { message } } }
    conversations { edges { node { unreadCount messages(last: 5) { edges { node { body clientId } } } } } }"""

# What the planner calls its own values, and some that it might.
NAMES = ["viewer", "rows", "row", "id", "skill", "after", "account", "_", "session"]


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_reads_as_somebody_else_by_the_name_of_a_variable(database: str, name: str) -> None:
    two, eve = await pair(), await person("Eve")
    await two.conversation.send("between us", by=two.mentee, client_id="secret")
    asking = Context(session=(await Session.open(eve))[0])
    by_id = f"query(${name}: ID!) {{ profile(id: ${name}) {{ name }} {PRIVATE} }}"
    by_text = f"query(${name}: String) {{ mentors(skill: ${name}) {{ totalCount }} {PRIVATE} }}"
    for victim in (two.mentor, two.mentee):
        for source, value in (
            (by_id, f"Profile:{victim.id}"),
            (by_text, str(victim.id)),
            (by_text, str(victim.id).upper()),
        ):
            answer = orjson.loads(await run(prepare(source, {name: value}, None), asking))["data"]
            assert answer["viewer"] == {"email": eve.email}
            assert answer["conversations"] == answer["mentorshipRequests"] == {"edges": []}


@pytest.mark.parametrize("name", NAMES)
async def test_nor_below_the_row_of_a_mutation(database: str, name: str) -> None:
    two, eve = await pair(), await person("Eve")
    await two.conversation.send("between us", by=two.mentee, client_id="secret")
    source = f"""mutation(${name}: String, $capacity: Int) {{
        updateProfile(input: {{capacity: $capacity, name: ${name}}}) {{
            ... on UpdateProfilePayload {{ profile {{ id skillsOffered {{ name }} }} }}
            ... on Refusal {{ code }} }} }}"""
    await (await Profile.get(id=two.mentor.id)).change(by=two.mentor, skills_offered=["SQL"])
    asking = Context(session=(await Session.open(eve))[0])
    answer = orjson.loads(await run(prepare(source, {name: str(two.mentor.id), "capacity": 1}, None), asking))
    assert answer["data"]["updateProfile"]["profile"] == {"id": f"Profile:{eve.id}", "skillsOffered": []}


async def test_one_variable_may_stand_in_several_arguments(database: str) -> None:
    two = await pair()
    source = """query($a: ID!, $b: ID!) { profile(id: $a) { id } node(id: $a) { id } other: profile(id: $b) { id } }"""
    asking = Context(session=(await Session.open(two.mentor))[0])
    given = {"a": f"Profile:{two.mentee.id}", "b": f"Profile:{two.mentor.id}"}
    answer = orjson.loads(await run(prepare(source, given, None), asking))["data"]
    assert [answer[name]["id"] for name in ("profile", "node", "other")] == [given["a"], given["a"], given["b"]]
