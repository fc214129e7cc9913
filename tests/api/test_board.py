"""The board: whoever asks one worker is told of all."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api import board
from api.board import Board

PAGE = """# HELP alongside_queries_total Queries.
# TYPE alongside_queries_total counter
alongside_queries_total{way="planned"} %d.0
# HELP alongside_sockets WebSockets that are open.
# TYPE alongside_sockets gauge
alongside_sockets %d.0
# HELP alongside_request_seconds Requests.
# TYPE alongside_request_seconds histogram
alongside_request_seconds_bucket{le="0.001"} 1.0
alongside_request_seconds_bucket{le="+Inf"} 2.0
alongside_request_seconds_count 2.0
alongside_request_seconds_sum 0.5
"""


def page(queries: int, sockets: int) -> bytes:
    """A worker's page."""
    return (PAGE % (queries, sockets)).encode()


def told(text: bytes) -> dict[tuple[str, str], float]:
    """The samples by name and worker."""
    return {
        (sample.name, sample.labels["worker"]): sample.value
        for metric in text_string_to_metric_families(text.decode())
        for sample in metric.samples
        if "le" not in sample.labels
    }


def test_each_sample_is_told_with_its_worker_and_ones_own_as_they_are_now(tmp_path: Path) -> None:
    one, two = Board(tmp_path, 1), Board(tmp_path, 2)
    one.post(page(1, 10))
    two.post(page(2, 20))
    found = told(one.all(page(5, 50)))
    assert found["alongside_queries_total", "1"] == 5
    assert found["alongside_queries_total", "2"] == 2
    assert found["alongside_sockets", "1"] == 50
    assert found["alongside_sockets", "2"] == 20
    assert found["alongside_request_seconds_count", "2"] == 2
    assert told(two.all(page(2, 20)))["alongside_queries_total", "1"] == 1


def test_each_metric_is_described_once(tmp_path: Path) -> None:
    one, two = Board(tmp_path, 1), Board(tmp_path, 2)
    two.post(page(2, 20))
    text = one.all(page(1, 10)).decode()
    assert text.count("# TYPE alongside_request_seconds histogram") == 1
    assert text.count('le="+Inf",worker="1"') == text.count('le="+Inf",worker="2"') == 1


async def test_a_page_is_posted_at_once_and_then_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert board.ROUND_SECONDS == 5
    monkeypatch.setattr(board, "ROUND_SECONDS", 0.001)
    rounds = iter(range(1_000_000))
    one, two = Board(tmp_path, 1), Board(tmp_path, 2)
    async with two.kept(lambda: page(next(rounds), 0)), asyncio.timeout(20):
        while told(one.all(page(0, 0))).get(("alongside_queries_total", "2"), 0) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert next(rounds) > 2
