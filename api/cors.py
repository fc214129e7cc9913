"""Which pages of other origins may ask and read (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from collections.abc import Collection, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RawHeaders = list[tuple[bytes, bytes]]

VARY = (b"vary", b"Origin")


class Cors(CORSMiddleware):
    """Starlette's answers to questions beforehand (preflights); on all other answers, two headers that stand ready.

    A sign-in is a header that the app sets itself, and never a cookie: so credentials are not allowed, and a page that
    is allowed can do no more than any program could.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_origins: Collection[str],
        *,
        methods: Sequence[str] = ("POST",),
        headers: Sequence[str] = ("authorization", "content-type"),
    ) -> None:
        origins = [origin.lower().rstrip("/") for origin in allowed_origins]
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=methods,
            allow_headers=headers,
            max_age=600,
        )
        everybody = [(b"access-control-allow-origin", b"*")] if self.allow_all_origins else []
        # Shared caches must tell the origins apart, whether or not this one is allowed.
        self._other: RawHeaders = [*everybody, VARY]
        self._allowed: dict[bytes, RawHeaders] = {
            origin.encode(): [(b"access-control-allow-origin", origin.encode()), VARY]
            for origin in origins
            if not everybody
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, with the headers of its origin."""
        if scope["method"] == "OPTIONS":
            await super().__call__(scope, receive, send)
            return
        headers = self._other
        for name, value in scope["headers"]:
            if name == b"origin":
                headers = self._allowed.get(value, headers)
                break

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self.app(scope, receive, send_with_headers)
