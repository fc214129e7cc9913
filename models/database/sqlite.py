"""SQLite for Tortoise, with the two cures that it needs here.

The stock client opens transactions with a deferred BEGIN, which can fail half-way when two of them want to write,
and leaves BEGIN open when a bulk insert is cancelled: later writes are then answered and never stored.
"""

from typing import Any

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper

from models.database.transaction import shielded


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that takes the write lock when it begins, so that it cannot fail for it later."""

    async def begin(self) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")


class Client(SqliteClient):
    """One connection, one writer."""

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await shielded(super().execute_many(query, values))


client_class = Client
