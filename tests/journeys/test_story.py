"""The whole story over a real server: two people sign up, match, chat live, and see and hear each other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import documents
from tests.journeys.caller import Caller
from tests.journeys.client import Client, Live
from tests.journeys.server import Server

pytestmark = pytest.mark.timeout(180)


class Events:
    """What an inbox brings, kept until somebody waits for it."""

    def __init__(self, live: Live, after: str) -> None:
        self._source = live.subscribe(documents.INBOX, after=after)
        self.cursor = after

    async def next(self, kind: str) -> Any:
        """The next event of this kind; those before it are passed over."""
        async with asyncio.timeout(30):
            async for event in self._source:
                self.cursor = event["cursor"]
                if event["__typename"] == kind:
                    return event
        raise AssertionError(f"the inbox ended before {kind}")


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    with Server(database_url, tmp_path / "server.log") as server:
        yield server


async def test_two_people_match_chat_and_see_each_other(server: Server) -> None:
    async with Client(server) as mara, Client(server) as theo:
        mentor, mentee = await mara.sign_up("Mara"), await theo.sign_up("Theo")
        async with mara.live() as mara_live, theo.live() as theo_live:
            mara_inbox = Events(mara_live, mentor["inboxCursor"])
            theo_inbox = Events(theo_live, mentee["inboxCursor"])
            mentorship = await _match(mara, theo, mara_inbox, theo_inbox)
            await _work(mara, theo, mentorship["id"], mara_inbox)
            await _chat(mara, theo_live, mentorship["conversation"]["id"], mara_inbox, theo_inbox)
            await _call(mara_live, theo_live, mentorship["id"], theo_inbox)
            await _end(mara, theo, mentorship, theo_inbox)


async def _match(mara: Client, theo: Client, mara_inbox: Events, theo_inbox: Events) -> Any:
    offered = {"capacity": 1, "skillsOffered": ["SQL", "Hiring"], "languages": ["pt", "en"]}
    profile = (await mara.call(documents.UPDATE_PROFILE, input=offered))["profile"]
    assert [skill["name"] for skill in profile["skillsOffered"]] == ["Hiring", "SQL"]
    await theo.call(documents.UPDATE_PROFILE, input={"skillsWanted": ["sql"], "languages": ["pt"]})

    (found,) = (await theo.call(documents.MENTORS, skill="SQL"))["edges"]
    assert found["node"] == {"id": profile["id"], "name": "Mara", "placesFree": 1}
    (suggested,) = (await theo.call(documents.SUGGESTIONS))["edges"]
    assert suggested["node"]["name"] == "Mara"
    assert any("SQL" in reason for reason in suggested["reasons"])

    asked = await theo.call(
        documents.REQUEST, input={"mentorId": profile["id"], "message": "Teach me SQL?", "clientId": "ask-1"}
    )
    heard = (await mara_inbox.next("RequestChanged"))["request"]
    assert heard == {"id": asked["request"]["id"], "status": "PENDING", "mentorship": None}
    accepted = await mara.call(documents.ACCEPT, input={"requestId": heard["id"]})
    assert accepted["request"]["status"] == "ACCEPTED"
    begun = (await theo_inbox.next("MentorshipChanged"))["mentorship"]
    assert begun == accepted["mentorship"]
    return begun


async def _work(mara: Client, theo: Client, mentorship_id: str, mara_inbox: Events) -> None:
    goal = (
        await theo.call(
            documents.ADD_GOAL,
            input={"mentorshipId": mentorship_id, "title": "Own a schema", "milestones": ["Read", "Write"]},
        )
    )["goal"]
    assert (await mara_inbox.next("GoalChanged"))["goal"]["title"] == "Own a schema"
    done = await mara.call(documents.COMPLETE_MILESTONE, input={"milestoneId": goal["milestones"][0]["id"]})
    assert done["milestone"]["completedAt"] is not None
    steps = (await mara_inbox.next("GoalChanged"))["goal"]["milestones"]
    assert [step["completedAt"] is not None for step in steps] == [True, False]


async def _chat(mara: Client, theo_live: Live, conversation_id: str, mara_inbox: Events, theo_inbox: Events) -> None:
    hello = {"conversationId": conversation_id, "body": "Olá, Theo! 👋", "clientId": "m1"}
    sent = (await mara.call(documents.SEND, input=hello))["sent"]
    heard = (await theo_inbox.next("MessageCreated"))["message"]
    assert heard == {**sent, "author": {"name": "Mara"}}
    again = (await mara.call(documents.SEND, input=hello))["sent"]
    assert again == sent
    answer = {"conversationId": conversation_id, "body": "Olá!", "clientId": "t1"}
    sent = (await theo_live.call(documents.SEND, input=answer))["sent"]
    assert sent["number"] == 2
    # Her own first message came before it.
    assert (await mara_inbox.next("MessageCreated"))["message"]["number"] == 1
    assert (await mara_inbox.next("MessageCreated"))["message"]["body"] == "Olá!"
    read = await mara.call(documents.MARK_READ, input={"conversationId": conversation_id, "number": 2})
    assert read["conversation"] == {"unreadCount": 0, "readNumber": 2}


async def _call(mara_live: Live, theo_live: Live, mentorship_id: str, theo_inbox: Events) -> None:
    started = await mara_live.call(documents.START_VIDEO, input={"mentorshipId": mentorship_id})
    ringing = (await theo_inbox.next("VideoSessionChanged"))["session"]
    assert ringing == started["session"]
    mara = await Caller(mara_live, brightness=60).join(ringing["id"], "laptop")
    theo = await Caller(theo_live, brightness=200).join(ringing["id"], "phone")
    try:
        assert (mara.seat["polite"], theo.seat["polite"]) == (False, True)
        async with asyncio.timeout(60):
            await asyncio.gather(mara.peer.frames(video=3, audio=3), theo.peer.frames(video=3, audio=3))
        # Each sees the other's picture, not their own.
        assert mara.peer.brightness == pytest.approx(200, abs=10)
        assert theo.peer.brightness == pytest.approx(60, abs=10)
        ended = await theo_live.call(documents.END_VIDEO, input={"sessionId": ringing["id"]})
        assert ended["session"]["status"] == "ENDED"
        assert all(participant["leftAt"] for participant in ended["session"]["participants"])
        async with asyncio.timeout(10):
            await asyncio.gather(mara.over.wait(), theo.over.wait())
        for caller in (mara, theo):
            assert caller.heard[-1] == "SessionEnded"
            assert caller.seqs == list(range(1, len(caller.seqs) + 1))
    finally:
        await asyncio.gather(mara.close(), theo.close())


async def _end(mara: Client, theo: Client, mentorship: Any, theo_inbox: Events) -> None:
    ended = await mara.call(documents.END_MENTORSHIP, input={"mentorshipId": mentorship["id"], "reason": "Done."})
    assert ended["mentorship"]["status"] == "ENDED"
    assert (await theo_inbox.next("MentorshipChanged"))["mentorship"]["status"] == "ENDED"
    late = {"conversationId": mentorship["conversation"]["id"], "body": "One more thing", "clientId": "t2"}
    assert (await theo.call(documents.SEND, input=late))["code"] == "WRONG_STATE"


async def test_signing_out_closes_the_sockets_of_that_sign_in_alone(server: Server) -> None:
    async with Client(server) as ana:
        await ana.sign_up("Ana")
        other = Client(server, ana.token)
        async with ana.live() as phone, other.live() as laptop:
            await ana.call(documents.SIGN_OUT, input={})
            async with asyncio.timeout(5):
                await asyncio.gather(phone.closed.wait(), laptop.closed.wait())
            assert phone.socket.close_code == 4401
        answer = await ana.http.post(
            server.url, json={"query": "{ viewer { id } }"}, headers={"authorization": f"Bearer {ana.token}"}
        )
        assert answer.json() == {"data": {"viewer": None}}
        await other.http.aclose()
