"""The board: where the workers of one port leave their metrics for each other.

Whoever asks for `/metrics` comes to one of them, and is told of all: the others as they were at their last round. A
worker that died is told of as it was until another has its number; then its counters begin at 0, as after a restart.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from realtime.background import beside

ROUND_SECONDS = 5.0


class Board:
    """The place of one worker at the board, which is a folder."""

    def __init__(self, folder: Path, worker: int) -> None:
        self._folder = folder
        self.number = worker
        self._worker = str(worker)

    def post(self, page: bytes) -> None:
        """Leave this worker's page."""
        new = self._folder / f"{self._worker}.new"
        new.write_bytes(page)
        # Nobody reads half a page.
        new.replace(self._folder / f"{self._worker}.page")

    def all(self, page: bytes) -> bytes:
        """This worker's page as it is now, and what the others have left: each sample with its worker."""
        pages = {path.stem: path.read_bytes() for path in self._folder.glob("*.page")}
        return together({**pages, self._worker: page})

    @asynccontextmanager
    async def kept(self, page: Callable[[], bytes]) -> AsyncIterator[None]:
        """Within the block, post a new page every few seconds."""

        async def rounds() -> None:
            while True:
                self.post(page())
                await asyncio.sleep(ROUND_SECONDS)

        async with beside(rounds):
            yield


class _Together(Collector):
    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = pages

    def collect(self) -> Iterator[Metric]:
        """Each metric once, with the samples of all workers."""
        found: dict[str, Metric] = {}
        for worker, page in sorted(self._pages.items()):
            for metric in text_string_to_metric_families(page.decode()):
                whole = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    whole.add_sample(sample.name, {**sample.labels, "worker": worker}, sample.value)
        yield from found.values()


def together(pages: Mapping[str, bytes]) -> bytes:
    """The pages of several workers as one, in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Together(pages))
    return generate_latest(registry)
