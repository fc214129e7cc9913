"""Outages: how the drivers say that the database cannot be reached now. Such an error passes by itself."""

import asyncpg
from tortoise.exceptions import DBConnectionError

OUTAGE: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    DBConnectionError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)


def is_outage(error: BaseException | None) -> bool:
    """Does this error mean that the database was away? What caused it counts too."""
    while error is not None:
        if isinstance(error, OUTAGE):
            return True
        error = error.__cause__
    return False
