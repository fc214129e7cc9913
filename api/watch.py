"""`alongside watch`: an inbox in a terminal, over the same WebSocket as every other client.

It comes back with its last cursor when the server restarts or the network fails; whoever is not let in is told why.
"""

import asyncio
import sys
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

INBOX = """subscription($after: String) { inbox(after: $after) { __typename ... on InboxEvent { cursor }
  ... on MessageCreated { message { number author { name } body } }
  ... on RequestChanged { request { id status mentee { name } message } }
  ... on MentorshipChanged { mentorship { id status conversation { id } } }
  ... on GoalChanged { goal { title status } }
  ... on MeetingChanged { meeting { startsAt status } }
  ... on VideoSessionChanged { session { id status } } } }"""

# Without a cursor of their own, somebody begins here; and misses nothing if the first connection is lost at once.
PLACE = "{ viewer { inboxCursor } }"

# Between two tries to come back, in seconds. The last one repeats.
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

# The server said something about us, and would say it again. All else passes: a restart (1012), an outage or too much
# at once (1013), a connection that is lost (1006).
FINAL = range(4400, 4500)


class Refused(Exception):
    """The server cannot be reached at all, did not let us in, or not the subscription."""


class Watch:
    """One inbox, over as many connections as it takes."""

    def __init__(self, url: str, token: str, after: str | None) -> None:
        self.url = url
        self.token = token
        self.after = after
        self._failures = 0
        self._was_in = False

    async def run(self) -> None:
        """Print each event as a line of JSON, for ever. Raises `Refused`."""
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._once()
            except ConnectionClosed as error:
                code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "lost")
                if code in FINAL:
                    raise Refused(f"the server closed the socket: {reason} ({code})") from None
                await self._pause(f"the connection has ended: {reason} ({code})", clock() - began)
            except BrokenPipeError:
                raise Refused("nobody reads what is printed") from None
            except (OSError, WebSocketException) as error:
                # A server that never was there, or that answers otherwise than a server of ours, is a wrong address.
                if not self._was_in or _is_refusal(error):
                    raise Refused(f"no connection to {self.url}: {error}") from None
                await self._pause(f"no connection: {error}", clock() - began)

    async def _once(self) -> None:
        async with connect(self.url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            await _say(socket, type="connection_init", payload={"authorization": f"Bearer {self.token}"})
            while True:
                await self._hear(socket, orjson.loads(await socket.recv()))

    async def _hear(self, socket: ClientConnection, message: Any) -> None:
        match message:
            case {"type": "connection_ack"}:
                self._was_in = True
                await self._ask(socket)
            case {"type": "next", "payload": {"errors": [{"message": why}, *_]}} | {
                "type": "error",
                "payload": [{"message": why}, *_],
            }:
                raise Refused(why)
            case {"type": "next", "payload": {"data": {"viewer": {"inboxCursor": place}}}}:
                self.after = place
                await self._ask(socket)
            case {"type": "next", "payload": {"data": {"inbox": {"cursor": cursor} as event}}}:
                sys.stdout.write(orjson.dumps(event).decode() + "\n")
                sys.stdout.flush()
                self.after = cursor
            case {"type": "complete", "id": "inbox"}:
                raise Refused("the server has ended the subscription")

    async def _ask(self, socket: ClientConnection) -> None:
        """Ask for the inbox; first for the place where it ends, if nobody has said where to begin."""
        if self.after is None:
            await _say(socket, id="place", type="subscribe", payload={"query": PLACE})
        else:
            payload = {"query": INBOX, "variables": {"after": self.after}}
            await _say(socket, id="inbox", type="subscribe", payload=payload)

    async def _pause(self, why: str, lasted: float) -> None:
        # Being let in is not enough to begin anew: while the database is away, a server lets in and sends off again.
        if lasted > PAUSES[-1]:
            self._failures = 0
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        sys.stderr.write(f"alongside watch: {why}; trying again in {pause:g} s\n")
        await asyncio.sleep(pause)


async def watch(url: str, token: str, after: str | None) -> None:
    """Print each event of the token's inbox after a cursor, from now on without one. Raises `Refused`."""
    await Watch(url, token, after).run()


async def _say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())


def _is_refusal(error: Exception) -> bool:
    """Would the same handshake fail again? A proxy whose server is away says so; one that stops says nothing."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code < 500
    return isinstance(error, InvalidHandshake) and not isinstance(error, InvalidMessage)
