"""The client `gql` from PyPI, as it comes: it reads our schema, writes and follows an inbox, over restarts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from gql import Client as Gql
from gql import gql
from gql.transport.exceptions import TransportError
from gql.transport.websockets import WebsocketsTransport

from tests.journeys import documents
from tests.journeys.client import Client
from tests.journeys.pairs import match, mentoring
from tests.journeys.server import Server

pytestmark = pytest.mark.timeout(120)

MESSAGES = 12


def client_of(person: Client) -> Gql:
    """What a person's app is made of; it checks what it asks against the schema that it reads from the server."""
    transport = WebsocketsTransport(
        url=person.server.socket_url, init_payload={"authorization": f"Bearer {person.token}"}
    )
    return Gql(transport=transport, fetch_schema_from_transport=True)


async def write(person: Client, conversation_id: str, acknowledged: asyncio.Queue[tuple[int, str]]) -> None:
    """Say so much that the restarts fall within it; the client tries again what was not answered."""
    session: Any = await (app := client_of(person)).connect_async(reconnecting=True)
    send = gql(documents.SEND)
    for number in range(1, MESSAGES + 1):
        body = f"Message {number}"
        send.variable_values = {"input": {"conversationId": conversation_id, "body": body, "clientId": body}}
        sent = (await session.execute(send))["sendMessage"]["sent"]
        acknowledged.put_nowait((sent["number"], sent["body"]))
    await app.close_async()


async def follow(person: Client, cursor: str, heard: list[dict[str, Any]]) -> None:
    """Hear every message, coming back from the last cursor whenever the socket is gone."""
    inbox = gql(documents.INBOX)
    while True:
        inbox.variable_values = {"after": cursor}
        try:
            async with client_of(person) as session:
                async for answer in session.subscribe(inbox):
                    event = answer["inbox"]
                    heard.append(event)
                    cursor = event["cursor"]
                    if len([each for each in heard if "message" in each]) == MESSAGES:
                        return
        except (TransportError, OSError):
            await asyncio.sleep(0.1)


async def test_gql_hears_every_message_once_while_the_server_restarts(database_url: str, tmp_path: Path) -> None:
    with Server(database_url, tmp_path / "server.log") as server:
        async with Client(server) as mara, Client(server) as theo:
            mentor = await mentoring(mara, "Mara")
            cursor = (await theo.sign_up("Theo"))["inboxCursor"]
            begun = await match(mara, mentor["profile"]["id"], theo)
            heard: list[dict[str, Any]] = []
            acknowledged: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
            sent = []
            following = asyncio.create_task(follow(theo, cursor, heard))
            writing = asyncio.create_task(write(mara, begun.conversation_id, acknowledged))
            for leave in (server.kill, server.stop):
                sent += [await acknowledged.get() for _ in range(MESSAGES // 4)]
                await asyncio.to_thread(leave)
                await asyncio.to_thread(server.start)
            await asyncio.gather(writing, following)
            sent += [acknowledged.get_nowait() for _ in range(acknowledged.qsize())]
    messages = [event["message"] for event in heard if "message" in event]
    assert [(message["number"], message["body"]) for message in messages] == sent
    assert [number for number, _ in sent] == list(range(1, MESSAGES + 1))
    assert len({event["cursor"] for event in heard}) == len(heard)
