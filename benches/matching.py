"""Matching: suggestions among ten thousand, and whole programmes, beside others' ways on the same scores.

`python -m benches.matching`, and with `--peers` munkres, SciPy and hospital-resident matching (`make bench-peers`).
Each solve runs in a process of its own, for its memory; a peer is measured at the sizes that it can handle in minutes.
"""

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benches.population import Community, community
from benches.results import Row, Samples, save, show
from matching.fit import Side
from matching.programme import Result, solve_programme
from matching.programme.arena import Arena
from matching.ranking import recommend

SOLVES = {"1,000 x 500": (1_000, 500), "10,000 x 5,000": (10_000, 5_000), "50,000 x 25,000": (50_000, 25_000)}
PEERS = Path(__file__).parent / "peers"
RESIDENTS = PEERS / "python"

# Mentees, and half as many mentors. The slow ones are left out from where they take minutes.
SIZES = (100, 1_000, 3_000)
LARGEST = {"munkres": 1_000, "hospital-resident": 1_000}

Pairs = list[tuple[int, int]]


def suggestions(mentors: int, rounds: int) -> list[Row]:
    """One mentee's twenty best of all, reasons included, and an edit of a profile."""
    crowd = community(rounds, mentors)
    case = f"one of {mentors:,}"
    found = []
    deeds: dict[str, Callable[[int], object]] = {
        "recommend 20": lambda mentee: recommend(crowd.population, mentee, Side.MENTEE, 20, among=mask),
        "edit a profile": lambda mentee: crowd.population.put(crowd.population[mentee]),
    }
    mask = crowd.population.mask(crowd.capacity)
    for name, deed in deeds.items():
        waits, work = [], []
        for mentee in crowd.mentees:
            clock, cpu = time.perf_counter(), time.process_time()
            deed(mentee)
            waits.append((time.perf_counter() - clock) * 1e3)
            work.append((time.process_time() - cpu) * 1e3)
        for metric, sample in (("ms", waits), ("CPU ms", work)):
            found.append(Row(case, name, f"p50 {metric}", round(statistics.median(sample), 3)))
            found.append(Row(case, name, f"p99 {metric}", round(statistics.quantiles(sample, n=100)[98], 3)))
    return found


def solve(case: str, mentees: int, mentors: int, threads: int) -> list[Row]:
    """One programme from its people to the proven result; the population is made before."""
    market = community(mentees, mentors).market()
    clock, cpu = time.perf_counter(), time.process_time()
    result = solve_programme(market, threads=threads)
    figures = {
        "seconds": time.perf_counter() - clock,
        "CPU s": time.process_time() - cpu,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "gap %": result.gap * 100,
        "pairs": len(result.pairs),
        "mean score": result.figures.mean_score or 0.0,
    }
    return [Row("solve", case, metric, float(f"{value:.5g}")) for metric, value in figures.items()]


def ours(crowd: Community, scores: NDArray[np.float64], places: NDArray[np.int64]) -> Pairs:
    """Our own way, scoring included, which the others are given."""
    result: Result = solve_programme(crowd.market())
    first = len(crowd.mentees)
    return [(int(str(pair.mentee)), int(str(pair.mentor)) - first) for pair in result.pairs]


def greedy(crowd: Community, scores: NDArray[np.float64], places: NDArray[np.int64]) -> Pairs:
    """The best pair of all first, then the best of who is left."""
    left, single, pairs = places.copy(), np.ones(len(scores), dtype=bool), []
    for place in np.argsort(-scores, axis=None, kind="stable").tolist():
        mentee, mentor = divmod(place, scores.shape[1])
        if scores[mentee, mentor] < 0:
            break
        if single[mentee] and left[mentor]:
            pairs.append((mentee, mentor))
            single[mentee] = False
            left[mentor] -= 1
    return pairs


def scipy_assignment(crowd: Community, scores: NDArray[np.float64], places: NDArray[np.int64]) -> Pairs:
    """`linear_sum_assignment` with a column for each place; a forbidden pair counts as staying out."""
    from scipy.optimize import linear_sum_assignment

    owner = np.repeat(np.arange(len(places)), places)
    rows, columns = linear_sum_assignment(np.where(scores < 0, 0, 1 + scores)[:, owner], maximize=True)
    return _allowed(scores, rows.tolist(), owner[columns].tolist())


def munkres(crowd: Community, scores: NDArray[np.float64], places: NDArray[np.int64]) -> Pairs:
    """The same by the package `munkres`, which minimises."""
    from munkres import Munkres

    owner = np.repeat(np.arange(len(places)), places)
    costs = 2 - np.where(scores < 0, 0, 1 + scores)[:, owner]
    found = Munkres().compute(costs.tolist())
    return _allowed(scores, [row for row, _ in found], [int(owner[column]) for _, column in found])


def residents(crowd: Community, scores: NDArray[np.float64], places: NDArray[np.int64]) -> Pairs:
    """Stable pairs of hospitals and residents, in the process that this needs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "arrays.npz")
        np.savez(path, scores=scores, places=places)
        command = [sys.executable, str(PEERS / "residents.py"), str(RESIDENTS), str(path)]
        answer = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)
    return [(mentee, mentor) for mentee, mentor in answer]


def _allowed(scores: NDArray[np.float64], mentees: list[int], mentors: list[int]) -> Pairs:
    return [pair for pair in zip(mentees, mentors, strict=True) if scores[pair] >= 0]


WAYS: dict[str, Callable[[Community, NDArray[np.float64], NDArray[np.int64]], Pairs]] = {
    "ours": ours,
    "greedy": greedy,
    "scipy": scipy_assignment,
    "munkres": munkres,
    "hospital-resident": residents,
}


def compare(mentees: int, rounds: int, samples: Samples) -> None:
    """All ways that can, in turn, on the same scores."""
    crowd = community(mentees, mentees // 2)
    arena = Arena(crowd.market())
    scores = arena.tiles.scores(np.arange(mentees)).astype(np.float64)
    case = f"{mentees:,} x {mentees // 2:,}"
    for _ in range(rounds):
        for name, way in WAYS.items():
            if mentees > LARGEST.get(name, mentees):
                continue
            clock = time.perf_counter()
            pairs = way(crowd, scores, arena.places)
            samples.add(case, name, "seconds", time.perf_counter() - clock)
            samples.add(case, name, "people matched", len(pairs))
            samples.add(case, name, "total score", sum(float(scores[pair]) for pair in pairs))


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Measure suggestions and programmes.")
    parser.add_argument("--peers", action="store_true", help="the others as well, and nothing else")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="that a programme is scored with")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="of the comparison")
    parser.add_argument("--no-save", action="store_true", help="print only")
    chosen = parser.parse_args()
    if chosen.peers:
        samples = Samples()
        for size in map(int, chosen.sizes.split(",")):
            compare(size, chosen.rounds, samples)
        rows = samples.rows()
    else:
        rows = suggestions(10_000, 500)
        # Tiles are scored on threads of ours; BLAS's would wait for each other (read when NumPy is loaded).
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        context = multiprocessing.get_context("spawn")
        for case, (mentees, mentors) in SOLVES.items():
            with context.Pool(1) as pool:
                rows += pool.apply(solve, (case, mentees, mentors, chosen.threads))
    show(rows)
    if not chosen.no_save:
        name = "matching_peers" if chosen.peers else "matching"
        print("\nSaved:", save(name, rows, method=f"{chosen.rounds} rounds, {chosen.threads} threads").name)


if __name__ == "__main__":
    main()
