"""Brokers: they carry rings and whispers from the process where they began to the processes in which somebody waits.

The embedded broker serves a single process. Between processes an engine that exists carries them: PostgreSQL, which
is there anyway; NATS, Redis or Valkey where that is outgrown. Each carries after commit, from one task, all that has
come together meanwhile. A process that loses its broker goes on: what others do is then found by looking.
"""

from contextlib import AbstractAsyncContextManager
from typing import Final

from realtime.bells import Bells
from realtime.broker.embedded import embedded_broker
from realtime.broker.postgres import PostgresWire
from realtime.broker.wire import Refusing, Wire, strung

NATS: Final = ("nats", "tls")
REDIS: Final = ("redis", "rediss", "valkey", "valkeys")
SCHEMES: Final = (*NATS, *REDIS)

__all__ = ["SCHEMES", "NotInstalled", "Refusing", "Wire", "broker", "embedded_broker", "wire_to"]


class NotInstalled(Exception):
    """The broker's client is one of the optional packages, and is not here. It says how to get it."""


def broker(database_url: str, broker_url: str = "") -> AbstractAsyncContextManager[Bells]:
    """The broker of these URLs: without one of its own, the database's. Raises `NotInstalled`."""
    if broker_url:
        return strung(wire_to(broker_url))
    if database_url.startswith("sqlite"):
        return embedded_broker()
    return strung(PostgresWire(database_url, Bells()))


def wire_to(broker_url: str) -> Wire:
    """A wire to NATS, Redis or Valkey, not yet strung. Raises `NotInstalled`."""
    scheme = broker_url.partition("://")[0]
    extra, package = ("nats", "nats-py") if scheme in NATS else ("redis", "redis")
    # Most installations need neither client, so they are looked for only where they are asked for.
    try:
        if extra == "nats":
            from realtime.broker.nats import NatsWire

            return NatsWire(broker_url, Bells())
        from realtime.broker.redis import RedisWire

        return RedisWire(broker_url, Bells())
    except ModuleNotFoundError as error:
        raise NotInstalled(f"{scheme}:// needs the package {package}: pip install 'alongside[{extra}]'.") from error
