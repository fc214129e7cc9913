"""Metrics: how much the server does and how long it takes, for Prometheus to read at `/metrics`.

Counting is always on. The page is shown to whoever has the token of the settings, and to nobody without one: how many
people are awake at night is not the public's business.
"""

import secrets
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import accumulate

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.board import Board
from schema.execution import planner

# From what a planned read takes to where clients give up.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """What one application counts."""

    def __init__(self, *, token: str, open_sockets: Callable[[], int], board: Board | None = None) -> None:
        """With several workers, `board` is where they leave their metrics."""
        self._token = token
        self._board = board
        self._open_sockets = open_sockets
        # For each status, how many requests took how long, and all their seconds: the library's own histogram takes
        # two locks for each request.
        self._took: dict[int, list[int]] = {}
        self._seconds: dict[int, float] = {}
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._registry.register(_Counted(self.collect))

    def observe(self, status: int, seconds: float) -> None:
        """Count a request that was answered with this status after so long."""
        if status not in self._took:
            self._took[status], self._seconds[status] = [0] * (len(SECONDS) + 1), 0.0
        self._took[status][bisect_left(SECONDS, seconds)] += 1
        self._seconds[status] += seconds

    def collect(self) -> Iterator[Metric]:
        """What was counted, what is open now, and how queries were answered."""
        requests = HistogramMetricFamily(
            "alongside_request_seconds",
            "Requests of GraphQL over HTTP, by the status of the answer.",
            labels=["status"],
        )
        for status, took in self._took.items():
            bounds = [*map(str, SECONDS), "+Inf"]
            requests.add_metric([str(status)], list(zip(bounds, accumulate(took), strict=True)), self._seconds[status])
        yield requests
        yield GaugeMetricFamily("alongside_sockets", "WebSockets that are open.", self._open_sockets())
        queries = CounterMetricFamily(
            "alongside_queries", "Queries: planned into SQL, or left to ordinary execution.", labels=["way"]
        )
        queries.add_metric(["planned"], planner.answered)
        queries.add_metric(["executed"], planner.declined)
        yield queries

    async def page(self, request: Request) -> Response:
        """The metrics in the text format of Prometheus; 404 without the token, as if there were nothing."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = secrets.compare_digest(given.strip().encode(), self._token.encode())
        if not self._token or scheme.lower() != "bearer" or not right:
            return PlainTextResponse("Not Found", 404)
        told = self._board.all(self.own()) if self._board else self.own()
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    def own(self) -> bytes:
        """What this process counts."""
        return generate_latest(self._registry)

    def posted(self) -> AbstractAsyncContextManager[None]:
        """Within the block, what this process counts is on the board, where there is one."""
        return self._board.kept(self.own) if self._board else nullcontext()


class _Counted(Collector):
    """Looks things up when it is asked for them."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        return self._collect()
