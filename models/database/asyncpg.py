"""PostgreSQL for Tortoise: a pool whose waits end, and connections that are not reset between uses."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from models.database.transaction import shielded

ACQUIRE_SECONDS = 10.0


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that keeps no state between uses: no LISTEN, no advisory lock, no SET.

    Resetting it on each release would be a round trip that undoes nothing (a fifth to a third of the throughput).
    """

    def get_reset_query(self) -> str:
        return ""


class Pool(asyncpg.Pool):  # type: ignore[misc]
    """A pool in which nobody waits for a connection for ever."""

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=ACQUIRE_SECONDS if timeout is None else timeout)


class Client(AsyncpgDBClient):
    """Tortoise's asyncpg client over our pool."""

    connection_class = Connection

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        settings: dict[str, Any] = {
            "max_queries": 50_000,
            "max_inactive_connection_lifetime": 300.0,
            "connect": None,
            "setup": None,
            "init": None,
            "reset": None,
            **kwargs,
        }
        return await Pool(
            None,
            connection_class=settings.pop("connection_class"),
            record_class=asyncpg.Record,
            **settings,
        )

    async def read_rows(self, text: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a SELECT."""
        async with self.acquire_connection() as connection:
            rows: Sequence[Sequence[Any]] = await connection.fetch(text, *values)
            return rows

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await shielded(super().execute_many(query, values))


client_class = Client
