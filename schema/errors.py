"""Errors are told apart here, and nowhere else.

What the client did wrong it is told; what we did wrong it gets a reference for, under which the log has the rest.
"""

import secrets
from typing import Any, TypeAlias

import structlog
from graphql import GraphQLError

from models.refusal import RateLimited, Refused, Unauthenticated

log = structlog.get_logger()

Formatted: TypeAlias = dict[str, Any]


def formatted(error: GraphQLError) -> Formatted:
    """An error as the client may see it; ours are masked, and logged under a reference."""
    shown: Formatted = dict(error.formatted)
    match error.original_error:
        case None:
            shown.setdefault("extensions", {}).setdefault("code", "BAD_INPUT")
        case Unauthenticated():
            shown["message"] = "Sign in first."
            shown["extensions"] = {"code": "UNAUTHENTICATED"}
        case RateLimited(retry_after=seconds, what=what):
            shown["message"] = f"{what}; try again in {seconds:.0f} seconds."
            shown["extensions"] = {"code": "RATE_LIMITED", "retryAfter": round(seconds)}
        case Refused() as refused:
            shown["message"] = refused.message
            shown["extensions"] = {"code": "BAD_INPUT", "refusal": refused.code.value, "field": refused.field}
        case GraphQLError() as inner:
            shown.setdefault("extensions", {}).setdefault("code", (inner.extensions or {}).get("code", "BAD_INPUT"))
        case unexpected:
            shown["message"], shown["extensions"] = _masked(unexpected, shown.get("path"))
    return shown


def _masked(error: Exception, path: Any) -> tuple[str, Formatted]:
    reference = secrets.token_hex(6)
    log.error("an operation failed", reference=reference, path=path, exc_info=error)
    return "Something went wrong on our side.", {"code": "INTERNAL", "reference": reference}


def bad_input(message: str) -> Formatted:
    """An error of the request as a whole."""
    return {"message": message, "extensions": {"code": "BAD_INPUT"}}
