"""What the WebSocket needs of us: who may come in, when they must go, and how their operations run."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from graphql import OperationType
from starlette.requests import HTTPConnection

from api.documents import Documents
from api.request import bearer
from models.session import Session
from realtime import socket
from realtime.bells import Bells
from realtime.endings import Endings
from realtime.ice import IceSettings
from realtime.presence import Roster
from realtime.sign_ins import SignIns
from realtime.socket import Forbidden, Offer, Rejected
from realtime.typing import Typists
from schema.context import Context
from schema.execution import RequestError, Unavailable, prepare, run, stream

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is on a socket: somebody signed in, or a stranger."""

    session: Session | None
    address: str
    device: str

    @property
    def account(self) -> UUID | None:
        """Whose sockets are counted together."""
        return self.session.account_id if self.session else None


class Live:
    """Serves the operations of sockets. What rings, and who is signed in, the application sets."""

    bells: Bells
    sign_ins: SignIns
    endings: Endings
    roster: Roster
    typists: Typists

    def __init__(self, ice: IceSettings, documents: Documents) -> None:
        self._ice = ice
        self._documents = documents

    async def admit(self, payload: dict[str, Any], connection: HTTPConnection) -> Guest:
        """Let somebody in: by `{"authorization": "Bearer …"}`, or as a stranger without it."""
        authorization = payload.get("authorization", payload.get("Authorization"))
        if authorization is not None and not isinstance(authorization, str):
            raise Forbidden("authorization must be a string: Bearer and your token.")
        token = bearer(authorization)
        session = await self.sign_ins.of_token(token) if token else None
        # A socket lives long: better to say at once that its token is old.
        if session is None and authorization:
            raise Forbidden("This sign-in has ended; sign in again.")
        address = connection.client.host if connection.client else ""
        return Guest(session, address, connection.headers.get("user-agent", ""))

    async def revoked(self, guest: Guest) -> str:
        """Return once the sign-in is revoked or has expired; never, for a stranger."""
        if guest.session is None:
            await asyncio.Event().wait()
        assert guest.session is not None
        with self.roster.device(guest.session.account_id, guest.session.id):
            await self.endings.of(guest.session)
        return "This sign-in has ended"

    async def run(self, guest: Guest, request: Mapping[str, Any], offer: Offer) -> AsyncGenerator[bytes, None]:
        """The answers of an operation."""
        try:
            operation = prepare(
                self._documents.text_of(request), request.get("variables"), request.get("operationName")
            )
            # Each operation has a context of its own: signing in within one does not sign the socket in.
            context = Context(
                guest.session,
                guest.address,
                guest.device,
                self.bells,
                self._ice,
                typists=self.typists,
                roster=self.roster,
            )
            if operation.kind is OperationType.SUBSCRIPTION:
                async with aclosing(stream(operation, context, offer)) as answers:
                    async for answer in answers:
                        yield answer
            else:
                yield await run(operation, context)
        except RequestError as error:
            raise Rejected(error.errors) from None
        except Unavailable as error:
            log.warning("the database is away", error=repr(error.__cause__ or error))
            raise socket.Unavailable from error
