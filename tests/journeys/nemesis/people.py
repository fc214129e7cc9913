"""People with an app on two devices: they do deeds until they are answered, and follow their inbox."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any

import httpx2
import orjson
from websockets.exceptions import WebSocketException

from tests.journeys.client import Rejected, only
from tests.journeys.nemesis import history
from tests.journeys.nemesis.deeds import DEEDS, Deed, Known, Plan
from tests.journeys.nemesis.device import Device
from tests.journeys.server import Server

LOST = (OSError, WebSocketException, httpx2.TransportError, TimeoutError)

# How long an app waits for an answer before it tries again.
PATIENCE = 4.0

# What passes by itself: the database was away, or the server was just closing.
PASSING = {"INTERNAL", "RATE_LIMITED"}

GIVEN_UP = 0.04
AGAIN = 0.12


class Person:
    """Somebody with a sign-in, a few conversations, and two devices. `chance` decides what they do and how."""

    def __init__(self, name: str, token: str, servers: Sequence[Server], chance: Random) -> None:
        self.name = name
        self.token = token
        self.servers = servers
        self.chance = chance
        self.id = ""
        self.conversations: list[str] = []
        self.counterparts: dict[str, str] = {}
        # (mentorship, conversation) of those that this person may end, or whose other person they may block.
        self.endable: list[tuple[str, str]] = []
        self.last_numbers: dict[str, int] = {}
        # The last of those that were heard of.
        self.messages: deque[Known] = deque(maxlen=30)
        self.attempts: list[history.Attempt] = []
        self.http = httpx2.AsyncClient(timeout=PATIENCE)
        self.devices = [Device(f"{name}'s {kind}", self, Random(chance.random())) for kind in ("phone", "laptop")]
        self._keys = count(1)
        self._key = ""

    def next_key(self) -> str:
        """A key that nobody has used."""
        self._key = f"{self.name}-{next(self._keys)}"
        return self._key

    async def live(self, calm: asyncio.Event, pace: float) -> None:
        """Do one deed after the other until it is calm, with a pause of up to `pace` seconds between two."""
        shares = [deed.share for deed in DEEDS]
        while not calm.is_set():
            (deed,) = self.chance.choices(DEEDS, shares)
            if (plan := deed.plan(self, self.chance)) is not None:
                await self.do(deed, plan, calm)
            await asyncio.sleep(self.chance.uniform(0, pace))

    async def do(
        self, deed: Deed, plan: Plan, calm: asyncio.Event | None = None, tries: int | None = None
    ) -> history.Attempt:
        """Try until it is answered, or so many times; seldom give up before, or try once more after it.

        Nobody gives up, nor plays with the network, where `calm` is not given.
        """
        key = self._key if deed.keyed else ""
        said = {**plan.said, **({"clientId": key} if deed.keyed else {})}
        attempt = history.Attempt(self.id, deed.mutation, key, plan.conversation, plan.said, time.monotonic())
        self.attempts.append(attempt)
        while attempt.answered is None and len(attempt.tries) != tries:
            await self._try(attempt, deed, said, careful=calm is None)
            if attempt.answered is None and calm and deed.share and self.chance.random() < GIVEN_UP:
                return attempt
        if calm and self.chance.random() < AGAIN:
            await self._try(attempt, deed, said)
        return attempt

    async def _try(self, attempt: history.Attempt, deed: Deed, said: dict[str, Any], *, careful: bool = False) -> None:
        server = self.chance.choice(self.servers)
        way = self._carefully if careful else self.chance.choices(WAYS, (5, 3, 2, 1))[0](self)
        began = time.monotonic()
        try:
            data = await way(server, deed.document, {"input": said})
            outcome = "no answer" if data is None else "answered"
        except LOST as error:
            data, outcome = None, repr(error)
        except Rejected as rejected:
            if rejected.code not in PASSING:
                raise
            data, outcome = None, rejected.code
        attempt.tries.append(f"{began:.3f} {server.port} {way.__name__.strip('_')}: {outcome}")
        if data is None:
            await asyncio.sleep(self.chance.uniform(0, min(1.0, 0.1 * len(attempt.tries))))
        else:
            self._answered(attempt, data)

    def _answered(self, attempt: history.Attempt, data: dict[str, Any]) -> None:
        refused = data.get("code")
        answer = {} if refused else next(iter(data.values()))
        if attempt.answered is None:
            attempt.answered, attempt.answer, attempt.refused = time.monotonic(), answer, refused
        elif attempt.deed == "sendMessage":
            attempt.later.append({"refused": refused} if refused else answer)
        if "number" in answer:
            self._reaches(attempt.conversation, answer["number"])

    def hear(self, kind: str, seen: dict[str, Any]) -> None:
        """A device of this person has heard something."""
        if conversation := seen.get("conversation"):
            self._reaches(conversation["id"], conversation["lastNumber"])
        if kind == "MessageCreated":
            message = seen["message"]
            place = message["conversation"]["id"]
            self._reaches(place, message["number"])
            self.messages.append(Known(message["id"], place, message["author"]["id"] == self.id))

    def _reaches(self, conversation: str, number: int) -> None:
        self.last_numbers[conversation] = max(number, self.last_numbers.get(conversation, 0))

    async def ask(self, server: Server, document: str, **variables: Any) -> Any:
        """The answer over HTTP: the data of the only root field. Raises one of `LOST`, or `Rejected`."""
        return await self._carefully(server, document, variables)

    async def _carefully(self, server: Server, document: str, variables: dict[str, Any]) -> Any:
        answer = await self.http.post(
            server.url,
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self.token}"},
        )
        if answer.status_code >= 500:
            raise Rejected([{"extensions": {"code": "INTERNAL"}}])
        return only(answer.json())

    async def _impatiently(self, server: Server, document: str, variables: dict[str, Any]) -> Any:
        """Over HTTP, but the app is closed a moment later."""
        async with asyncio.timeout(self.chance.uniform(0, 0.04)):
            return await self._carefully(server, document, variables)

    async def _over_the_socket(self, server: Server, document: str, variables: dict[str, Any]) -> Any:
        """Over the socket of a device, wherever that leads."""
        async with asyncio.timeout(PATIENCE):
            return await self.chance.choice(self.devices).ask(document, variables)

    async def _half_way(self, server: Server, document: str, variables: dict[str, Any]) -> None:
        """The request is sent, and the network is gone."""
        body = orjson.dumps({"query": document, "variables": variables})
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head.encode() + body)
        await asyncio.sleep(self.chance.choice((0, 0.002, 0.005, 0.02)))
        writer.transport.abort()

    async def close(self) -> None:
        """Put the devices away."""
        for device in self.devices:
            device.stop()
        with suppress(*LOST):
            await self.http.aclose()


WAYS: list[Callable[[Person], Any]] = [
    lambda person: person._carefully,
    lambda person: person._over_the_socket,
    lambda person: person._half_way,
    lambda person: person._impatiently,
]
