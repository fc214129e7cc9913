"""Results: rows of case, subject, metric and value, printed as a table and kept as JSON."""

import json
import os
import platform
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One figure."""

    case: str
    subject: str
    metric: str
    value: float


class Samples:
    """Figures of several rounds, which become one row each: their median."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], list[float]] = {}

    def add(self, case: str, subject: str, metric: str, value: float) -> None:
        """A figure of one round."""
        self._found.setdefault((case, subject, metric), []).append(value)

    def rows(self) -> list[Row]:
        """The medians, rounded to four digits."""
        return [Row(*key, float(f"{statistics.median(found):.4g}")) for key, found in self._found.items()]


def save(bench: str, rows: Iterable[Row], **machine: str) -> Path:
    """Write `benches/results/<bench>.json`. `machine` adds to what is said of the machine."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{bench}.json"
    content = {
        "bench": bench,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**_machine(), **machine},
        "rows": [asdict(row) for row in rows],
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def show(rows: Iterable[Row]) -> None:
    """Print the rows: a table for each case, a line for each subject, a column for each metric."""
    cases: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        cases.setdefault(row.case, {}).setdefault(row.subject, {})[row.metric] = row.value
    for case, lines in cases.items():
        metrics = list(dict.fromkeys(metric for line in lines.values() for metric in line))
        print(f"\n{case:<34}" + "".join(f"{metric:>19}" for metric in metrics))
        for subject, line in lines.items():
            print(f"  {subject:<32}" + "".join(f"{line[name]:>19g}" if name in line else " " * 19 for name in metrics))


def _machine() -> dict[str, str]:
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load before": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
