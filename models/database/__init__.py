"""The database: where it is, how to connect, and the one way to write to it."""

from models.database.connection import array_text, configuration, connect, dialect
from models.database.outage import is_outage
from models.database.transaction import after_commit, again, shielded, transaction, within_unit

__all__ = [
    "after_commit",
    "again",
    "array_text",
    "configuration",
    "connect",
    "dialect",
    "is_outage",
    "shielded",
    "transaction",
    "within_unit",
]
