"""`alongside watch`: an inbox in a terminal, over the same WebSocket as every other client."""

import sys
from typing import Any

import orjson
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

INBOX = """subscription($after: String) { inbox(after: $after) { __typename ... on InboxEvent { cursor }
  ... on MessageCreated { message { number author { name } body } }
  ... on RequestChanged { request { id status mentee { name } message } }
  ... on MentorshipChanged { mentorship { id status conversation { id } } }
  ... on GoalChanged { goal { title status } }
  ... on MeetingChanged { meeting { startsAt status } }
  ... on VideoSessionChanged { session { id status } } } }"""


class Refused(Exception):
    """The server did not let us in, or not the subscription."""


async def watch(url: str, token: str, after: str | None) -> None:
    """Print each event of the token's inbox as a line of JSON, until the socket closes. Raises `Refused`."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:

        async def say(**message: Any) -> None:
            await socket.send(orjson.dumps(message).decode())

        await say(type="connection_init", payload={"authorization": f"Bearer {token}"})
        async for text in socket:
            match orjson.loads(text):
                case {"type": "connection_ack"}:
                    await say(id="1", type="subscribe", payload={"query": INBOX, "variables": {"after": after}})
                case {"type": "next", "payload": {"data": {"inbox": event}}}:
                    sys.stdout.write(orjson.dumps(event).decode() + "\n")
                    sys.stdout.flush()
                case {"type": "error", "payload": errors}:
                    raise Refused(errors[0]["message"])
        if socket.close_code != 1000:
            raise Refused(f"the socket closed with {socket.close_code}: {socket.close_reason}")
