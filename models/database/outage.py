"""Outages: how the drivers say that the database is away, or busy for too long. Such an error passes by itself."""

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
    # As long as an operator lets nobody in.
    asyncpg.ObjectNotInPrerequisiteStateError,
    # The server has said goodbye, and the end of the connection is still on its way: a query that comes between finds
    # the driver "in another operation".
    asyncpg.InternalClientError,
    # The limits of `POSTGRES_SETTINGS`; that of statements is an OperatorInterventionError. Nothing of the unit is
    # stored. We do not try again ourselves: the client has waited for ten seconds already, and each try would hold a
    # connection as long. An idempotency key makes its own retry safe.
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


def is_outage(error: BaseException | None) -> bool:
    """Does this error mean that the database was away? What caused it counts too."""
    while error is not None:
        # asyncpg's complaint about a value that it cannot send is an InterfaceError too, and would come again.
        if isinstance(error, OUTAGE) and not isinstance(error, ValueError):
            return True
        error = error.__cause__
    return False
