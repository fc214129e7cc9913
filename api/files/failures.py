"""What goes wrong with files, as HTTP says it; the body has the form of GraphQL's errors, which clients know."""

import structlog
from graphql import GraphQLError
from starlette.responses import JSONResponse, Response

from api.request import Failed, Gone
from models.database import is_outage
from models.files import is_full
from models.refusal import RateLimited, RefusalCode, Refused, Unauthenticated
from schema.errors import formatted

log = structlog.get_logger()

STATUSES = {
    RefusalCode.NOT_FOUND: 404,
    RefusalCode.LIMIT_REACHED: 409,
    RefusalCode.CLIENT_ID_REUSED: 409,
}


class TooLarge(Exception):
    """The file has more bytes than it may have. Its cause is the refusal that says so."""


def answer_to(error: Exception) -> Response:
    """The answer that tells of an error; what is none of the client's business is logged, and masked."""
    match error:
        case Gone():
            # nginx's status; nobody hears it.
            return Response(status_code=499)
        case Failed():
            return _told(error.status, error.error, {k.decode(): v.decode() for k, v in error.headers})
        case TooLarge():
            return _told(413, _form(error.__cause__))
        case Unauthenticated():
            return _told(401, _form(error), {"www-authenticate": "Bearer"})
        case RateLimited():
            return _told(429, _form(error), {"retry-after": str(max(1, round(error.retry_after)))})
        case Refused():
            return _told(STATUSES.get(error.code, 422), _form(error))
    if is_full(error):
        log.error("there is no room for files", error=repr(error))
        return _told(507, _internal("There is no room for files now; what is there can be read."))
    if is_outage(error):
        log.warning("the database or the store is away", error=repr(error.__cause__ or error))
        away = _internal("The server cannot reach its database or its files; try again soon.")
        return _told(503, away, {"retry-after": "1"})
    return _told(500, _form(error))


def _form(error: BaseException | None) -> dict[str, object]:
    assert isinstance(error, Exception)
    shown = formatted(GraphQLError("", original_error=error))
    return {"message": shown["message"], "extensions": shown["extensions"]}


def _internal(message: str) -> dict[str, object]:
    return {"message": message, "extensions": {"code": "INTERNAL"}}


def _told(status: int, error: object, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"errors": [error]}, status, {"cache-control": "no-store", **(headers or {})})
