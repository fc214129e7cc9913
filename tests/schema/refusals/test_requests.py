"""Requests that cannot be made, or not be answered."""

from typing import Any

import pytest

from models import clock
from models.request import REPLY_WITHIN
from tests.people import person, request
from tests.schema.asking import signed_in
from tests.schema.refusals.attempts import BY_MENTOR, do
from tests.schema.refusals.world import World
from tests.schema.tables import rows


async def test_what_has_been_decided_cannot_be_decided_otherwise(world: World) -> None:
    before = await rows()
    accepted = {"requestId": world.ids["accepted"]}
    for by, name in (
        (world.mentor, "declineMentorshipRequest"),
        (world.mentee, "withdrawMentorshipRequest"),
    ):
        answer = await do(by, name, accepted)
        assert (answer["__typename"], answer["code"]) == ("Refusal", "WRONG_STATE")
    # Saying the same again is no mistake, and changes nothing.
    assert (await do(world.mentor, "acceptMentorshipRequest", accepted))["__typename"] != "Refusal"
    assert await rows() == before


async def test_a_request_cannot_be_answered_once_its_time_is_over(world: World) -> None:
    before = await rows()
    with clock.moved(REPLY_WITHIN):
        for name in BY_MENTOR:
            assert (await do(world.mentor, name, {"requestId": world.ids["pending"]}))["code"] == "EXPIRED"
    assert await rows() == before


async def test_a_mentor_without_a_place_cannot_be_asked_nor_say_yes(world: World) -> None:
    nora = await person("Nora", capacity=1)
    first, second = await request(nora, await person()), await request(nora, await person())
    session = await signed_in(nora)
    assert (await do(session, "acceptMentorshipRequest", {"requestId": f"MentorshipRequest:{first.id}"})).get(
        "code"
    ) is None
    before = await rows()
    refused = await do(session, "acceptMentorshipRequest", {"requestId": f"MentorshipRequest:{second.id}"})
    assert refused["code"] == "AT_CAPACITY"
    asked = await do(world.mentee, "requestMentorship", {"mentorId": f"Profile:{nora.id}", "message": "Will you?"})
    assert (asked["code"], asked["field"]) == ("AT_CAPACITY", "mentorId")
    assert await rows() == before


async def test_whom_one_may_not_ask(world: World) -> None:
    nobody = await person("Nobody")
    me = world.pair.mentee
    refused = {
        f"Profile:{me.id}": "INVALID",
        f"Profile:{nobody.id}": "NOT_ALLOWED",
        f"Profile:{world.pair.mentor.id}": "ALREADY_EXISTS",
    }
    before = await rows()
    for mentor, code in refused.items():
        answer = await do(world.mentee, "requestMentorship", {"mentorId": mentor, "message": "Will you?"})
        assert answer["code"] == code
        assert answer["field"] == "mentorId"
    assert await rows() == before


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_mentorship_is_not_left_half_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    async def broken(*_: Any) -> None:
        begun.append(await rows())
        raise RuntimeError("the last step")

    monkeypatch.setattr("models.conversation.Conversation.open", broken)
    before = await rows()
    with pytest.raises(AssertionError, match="INTERNAL"):
        await do(world.mentor, "acceptMentorshipRequest", {"requestId": world.ids["pending"]})
    # The step before had stored the mentorship.
    (meanwhile,) = begun
    assert len(meanwhile["mentorship"]) == len(before["mentorship"]) + 1
    assert await rows() == before
