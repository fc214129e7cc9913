"""Asking for a mutation, and what came of it."""

from collections.abc import Mapping
from typing import Any

from models.session import Session
from tests.schema.asking import ask
from tests.schema.refusals.good_inputs import GOOD
from tests.schema.refusals.world import World
from tests.schema.tables import rows

# Whom the mutation is asked by; the mentee where nobody is named.
BY_MENTOR = {"acceptMentorshipRequest", "declineMentorshipRequest"}


def actor(world: World, name: str) -> Session:
    if name in {"withdrawMentorshipRequest", "reorderMentorshipRequests"}:
        return world.asker
    return world.mentor if name in {*BY_MENTOR, "offerMentorship"} else world.mentee


async def do(by: Session | None, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The answer of a mutation: its payload's type, or its refusal."""
    capital = name[0].upper() + name[1:]
    answer = await ask(
        f"""mutation($input: {capital}Input!) {{ {name}(input: $input) {{
            __typename ... on Refusal {{ code message field }} }} }}""",
        by,
        input=given,
    )
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"][name])


async def failures(world: World, name: str, at: str, bad: Mapping[str, Any], code: str) -> dict[str, Any]:
    """What was not refused with this code and field; and what was written although it was refused."""
    before = await rows()
    wrong: dict[str, Any] = {}
    for number, (case, value) in enumerate(bad.items()):
        given = {**GOOD[name](world), at: value}
        # One that is taken by mistake should not stand in the way of the next.
        if "clientId" in given and at != "clientId":
            given["clientId"] = str(number)
        if name == "signUp" and at in ("name", "timeZone"):
            given["email"] = f"new{number}@example.org"
        try:
            answer = await do(actor(world, name), name, given)
        except AssertionError as error:
            wrong[case] = str(error)[:160]
            continue
        if (answer.get("code"), answer.get("field")) != (code, at):
            wrong[case] = {key: value for key, value in answer.items() if key != "message"}
        if (now := await rows()) != before:
            wrong[f"{case}: written"] = [
                table for table in now.keys() | before.keys() if now.get(table) != before.get(table)
            ]
            before = now
    return wrong
