"""The endpoints of files: who asks, and what they are answered."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.cors import Cors
from api.files.download import Shown, show
from api.files.failures import answer_to
from api.files.upload import receive_file
from api.request import Failed, bearer
from models import link, throttle
from models.account import Account
from models.attachment import Attachment, thumbnail_key
from models.files import Missing, Sizes, Spool, Store
from models.refusal import RateLimited, Unauthenticated, not_found
from realtime.sign_ins import SignIns
from schema.node import global_id, id_of

log = structlog.get_logger()

# Uploads of one account that this process receives at the same time.
MOST_AT_ONCE = 4

Endpoint = Callable[[Request, Send], Awaitable[Response | None]]


class Files:
    """Takes files and shows them. Where they are, and who is signed in, the application sets."""

    store: Store
    sign_ins: SignIns

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._receiving: Counter[UUID] = Counter()

    def routes(self, allowed_origins: Collection[str]) -> list[Route]:
        """Where they are found."""

        def cors(endpoint: Endpoint, *methods: str) -> ASGIApp:
            headers = ["authorization", "content-type", "if-none-match", "range"]
            return Cors(_answering(endpoint, methods), allowed_origins, methods=methods, headers=headers)

        return [
            Route("/files", cors(self.take, "POST")),
            Route("/files/{id}", cors(self.show, "GET", "HEAD")),
            Route("/files/{id}/thumbnail", cors(self.show_thumbnail, "GET", "HEAD")),
        ]

    async def take(self, request: Request, _: Send) -> Response:
        """`POST /files?name=cv.pdf&clientId=…`: the body is the file, and what it is, its bytes say."""
        by = await self._signed_in(request)
        name, client_id = request.query_params.get("name", ""), request.query_params.get("clientId")
        throttle.upload.check(str(by.id), "")
        await Attachment.must_have_room(by)
        with self._turn(by):
            throttle.upload.count(str(by.id), "")
            async with Spool(self.store.incoming) as file:
                announced = request.headers.get("content-length", "")
                await receive_file(request.receive, announced, name, file, self._sizes)
                row = await Attachment.keep(file, name, by=by, store=self.store, sizes=self._sizes, client_id=client_id)
        return JSONResponse(_told(row), 201, {"cache-control": "no-store"})

    async def show(self, request: Request, send: Send) -> None:
        """`GET /files/{id}`: the file, for whoever sees its message; its uploader, before it is sent."""
        await self._show(request, send, thumbnail=False)

    async def show_thumbnail(self, request: Request, send: Send) -> None:
        """`GET /files/{id}/thumbnail`: a picture, made small."""
        await self._show(request, send, thumbnail=True)

    async def _show(self, request: Request, send: Send, *, thumbnail: bool) -> None:
        key = id_of(Attachment, request.path_params["id"], "id")
        by = await self._viewer(request, thumbnail_key(key) if thumbnail else str(key))
        row = by and await Attachment.visible_to(by).get_or_none(id=key)
        shown = row and Shown.of(row, thumbnail=thumbnail)
        if not shown:
            raise not_found("file", "id")
        try:
            await show(shown, request.method, request.headers, self.store, send)
        except Missing:
            log.error("the store has no such file", key=shown.key)
            raise not_found("file", "id") from None

    async def _viewer(self, request: Request, subject: str) -> Account | None:
        # A link that is not good shows nothing, and does not say whether there is something.
        if "signature" in request.query_params:
            session = await link.session_of(subject, request.query_params)
            return session.account if session else None
        return await self._signed_in(request)

    async def _signed_in(self, request: Request) -> Account:
        token = bearer(request.headers.get("authorization"))
        session = await self.sign_ins.of_token(token) if token else None
        if session is None or not session.is_live:
            raise Unauthenticated
        return session.account

    @contextmanager
    def _turn(self, by: Account) -> Iterator[None]:
        if self._receiving[by.id] >= MOST_AT_ONCE:
            raise RateLimited(1, f"At most {MOST_AT_ONCE} uploads at the same time")
        self._receiving[by.id] += 1
        try:
            yield
        finally:
            self._receiving[by.id] -= 1
            self._receiving += Counter()


def _answering(endpoint: Endpoint, methods: Collection[str]) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if scope["method"] not in methods:
                raise Failed(405, f"Send {' or '.join(methods)}.", (b"allow", ", ".join(methods).encode()))
            response = await endpoint(Request(scope, receive), noting)
        except Exception as error:
            # What has begun cannot be taken back: the connection ends before its announced end.
            if begun:
                raise
            response = answer_to(error)
        if response is not None:
            await response(scope, receive, send)

    return answer


def _told(row: Attachment) -> dict[str, object]:
    return {
        "id": global_id(row),
        "name": row.name,
        "mediaType": row.media_type,
        "kind": row.kind.value,
        "bytes": row.bytes,
        "width": row.width,
        "height": row.height,
    }
