"""Metrics: how much the server does and how long it takes, for Prometheus to read at `/metrics`.

Counting is always on. The page is shown to whoever has the token of the settings, and to nobody without one: how many
people are awake at night is not the public's business.
"""

import secrets
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from schema.execution import planner

# From what a planned read takes to where clients give up.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """What one application counts."""

    def __init__(self, *, token: str, open_sockets: Callable[[], int]) -> None:
        self._token = token
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._registry.register(_Live(open_sockets))
        self._requests = Histogram(
            "alongside_request_seconds",
            "Requests of GraphQL over HTTP, by the status of the answer.",
            ["status"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._by_status: dict[int, Histogram] = {}

    def observe(self, status: int, seconds: float) -> None:
        """Count a request that was answered with this status after so long."""
        # Finding a label's child in the library takes a lock and longer than the counting.
        histogram = self._by_status.get(status)
        if histogram is None:
            histogram = self._by_status[status] = self._requests.labels(str(status))
        histogram.observe(seconds)

    async def page(self, request: Request) -> Response:
        """The metrics in the text format of Prometheus; 404 without the token, as if there were nothing."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = secrets.compare_digest(given.strip().encode(), self._token.encode())
        if not self._token or scheme.lower() != "bearer" or not right:
            return PlainTextResponse("Not Found", 404)
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class _Live(Collector):
    """What is known elsewhere, and looked up when it is asked for."""

    def __init__(self, open_sockets: Callable[[], int]) -> None:
        self._open_sockets = open_sockets

    def collect(self) -> Iterator[Metric]:
        """The sockets that are open, and how queries were answered."""
        yield GaugeMetricFamily("alongside_sockets", "WebSockets that are open.", self._open_sockets())
        queries = CounterMetricFamily(
            "alongside_queries", "Queries: planned into SQL, or left to ordinary execution.", labels=["way"]
        )
        queries.add_metric(["planned"], planner.answered)
        queries.add_metric(["executed"], planner.declined)
        yield queries
