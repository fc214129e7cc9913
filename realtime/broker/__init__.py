"""Brokers: they carry rings and whispers from the process where they began to the processes in which somebody waits.

The embedded broker serves a single process. Between processes an engine that exists carries them: PostgreSQL, which
is there anyway. Each carries after commit, from one task, all that has come together meanwhile.
"""

from realtime.broker.embedded import embedded_broker
from realtime.broker.postgres import postgres_broker

__all__ = ["embedded_broker", "postgres_broker"]
